"""What requests and answers look like. Videos have the shape of OpenAI's Videos API, with fields of our own."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cinescene.errors import InputError
from cinescene.service.settings import Limits
from cinescene.service.store import Job, Kept

SIZE = r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$"
ID = r"^(scene|path)_[0-9a-f]{24}$"
SAMPLE = r"^sample:[a-z0-9-]{1,40}$"
SECONDS = r"^[0-9]{1,3}(\.[0-9]{1,3})?$"
LARGEST_SEED = 2**63 - 1


class VideoRequest(BaseModel):
    """A shot: who does what (``prompt``), where (``scene``), and how the camera moves (``camera``)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "prompt": "a woman in a red coat walks to the left",
                    "scene": "sample:courtyard",
                    "camera": "arc right 60deg around 3m",
                    "seed": 1,
                }
            ]
        },
    )

    prompt: str = Field(min_length=1, description="Who is there and what happens.")
    scene: str | None = Field(
        None,
        pattern=rf"{ID[:-1]}$|{SAMPLE}",
        max_length=64,
        description="The id of an uploaded scene, or sample:NAME. Not with input_reference.",
    )
    camera: str = Field(
        "static", min_length=1, max_length=1000, description="Moves, such as 'pan right 40deg', or the id of a path."
    )
    model: str | None = Field(None, max_length=200, description="The model that this service serves, or nothing.")
    seconds: str | None = Field(
        None, pattern=SECONDS, description="Length; the nearest that the model can make is made."
    )
    size: str | None = Field(None, pattern=SIZE, description="WIDTHxHEIGHT in pixels.")
    frames: int | None = Field(None, ge=1, le=100_000, description="Length in frames, instead of seconds.")
    seed: int = Field(0, ge=0, le=LARGEST_SEED, description="Another seed makes another take.")
    steps: int | None = Field(None, ge=1, le=10_000)
    guidance: float | None = Field(None, ge=0, le=100)
    negative_prompt: str = Field("", max_length=2000)
    lens: float | None = Field(None, gt=1, le=2000, description="Focal length in mm on 36 mm film.")
    camera_height: float = Field(
        1.6, gt=0.05, le=100, description="Metres from the ground to where pictures were taken."
    )

    @field_validator("prompt")
    @classmethod
    def _words(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("expected a few words, got none")
        return value

    def settings(self) -> dict[str, Any]:
        """Fields of `ShotSettings` but for the length."""
        width, height = (None, None) if self.size is None else (int(side) for side in self.size.split("x"))
        return {
            "width_px": width,
            "height_px": height,
            "steps": self.steps,
            "text_guidance": self.guidance,
            "negative_prompt": self.negative_prompt,
            "focal_mm": self.lens,
            "camera_height_m": self.camera_height,
        }

    def check(self, limits: Limits) -> None:
        """Raises `InputError` for what goes beyond the limits."""
        if len(self.prompt) > limits.prompt_characters:
            raise InputError(f"prompt: expected at most {limits.prompt_characters} characters, got {len(self.prompt)}")
        if (self.frames or 0) > limits.frames:
            raise InputError(f"frames: expected at most {limits.frames}, got {self.frames}")
        if self.seconds is not None and float(self.seconds) * 8 > limits.frames:
            raise InputError(f"seconds: expected at most {limits.frames // 8}, got {self.seconds}")
        if self.size is not None:
            width, height = (int(side) for side in self.size.split("x"))
            if width * height > limits.pixels:
                raise InputError(f"size: expected at most {limits.pixels} pixels, got {self.size}")
        if (self.steps or 0) > limits.steps:
            raise InputError(f"steps: expected at most {limits.steps}, got {self.steps}")


class VideoError(BaseModel):
    code: str
    message: str


class Video(BaseModel):
    """A video job; ``progress`` goes from 0 to 100, times are seconds since 1970."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int
    created_at: int
    completed_at: int | None = None
    expires_at: int | None = None
    prompt: str
    seconds: str
    size: str
    error: VideoError | None = None
    remixed_from_video_id: str | None = None
    scene: str
    camera: str
    seed: int
    stage: str = ""

    @classmethod
    def of(cls, job: Job, model: str) -> Video:
        request = job.request
        return cls(
            id=job.id,
            model=model,
            status=job.status,
            progress=job.progress,
            created_at=int(job.created_at),
            completed_at=None if job.completed_at is None else int(job.completed_at),
            expires_at=None if job.expires_at is None else int(job.expires_at),
            prompt=request["prompt"],
            seconds=str(request.get("seconds") or ""),
            size=request.get("size") or "",
            error=None if job.code is None else VideoError(code=job.code, message=job.message or ""),
            remixed_from_video_id=job.remixed_from,
            scene=request["said"]["scene"],
            camera=request["said"]["camera"],
            seed=request["seed"],
            stage=job.stage,
        )


class VideoList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(BaseModel):
    id: str
    object: str
    deleted: Literal[True] = True


class RemixRequest(BaseModel):
    """The same shot with other words."""

    model_config = ConfigDict(extra="forbid")
    prompt: str = Field(min_length=1)


class PathRequest(BaseModel):
    """Camera moves, to be used by their id."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"moves": "dolly in 1m; then pan left 30deg"}]}
    )
    moves: str = Field(min_length=1, max_length=1000)


class SceneOrPath(BaseModel):
    """An uploaded scene or path, and what is known of it."""

    id: str
    object: Literal["scene", "path"]
    created_at: int
    facts: dict[str, Any]

    @classmethod
    def of(cls, kept: Kept) -> SceneOrPath:
        kind: Literal["scene", "path"] = "scene" if kept.id.startswith("scene") else "path"
        return cls(id=kept.id, object=kind, created_at=int(kept.created_at), facts=kept.facts)


class Listed(BaseModel):
    object: Literal["list"] = "list"
    data: list[SceneOrPath]


def is_path_id(text: str) -> bool:
    return bool(re.match(r"^path_[0-9a-f]{24}$", text))
