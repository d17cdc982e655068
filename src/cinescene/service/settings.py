"""What a service may be told, and the bounds that it keeps."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from cinescene.errors import InputError
from cinescene.files import written_whole

PIPELINE = "cinescene.service.making:pipeline_maker"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of what one client may ask for; beyond them comes an answer of the 400s."""

    body_bytes: int = 64 * 1024**2
    pictures: int = 64
    picture_bytes: int = 32 * 1024**2
    picture_pixels: int = 64_000_000
    frames: int = 241
    pixels: int = 1280 * 720
    steps: int = 100
    prompt_characters: int = 2000
    queued: int = 1000
    scenes: int = 200
    paths: int = 1000
    requests_per_minute: int = 600


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Where a service keeps its things, what it serves, and to whom.

    ``folder``
        Its database, uploads and results. One service a folder.
    ``model``, ``vggt``, ``devices``
        What `CineScenePipeline.from_pretrained` takes, and a device for each worker process.
    ``token``
        Bearer token that every request but ``/healthz`` must carry; None: no token.
    ``keep_s``
        Results are deleted so long after they are done.
    ``lease_s``
        A worker that gives no sign for so long is taken for dead, and its job runs again.
    ``maker``
        "module:function" that workers make shots with; it is called with these settings and a device.
    """

    folder: Path
    model: str = "nano"
    vggt: str | None = None
    devices: tuple[str, ...] = ("cpu",)
    token: str | None = None
    keep_s: float = 7 * 24 * 3600.0
    lease_s: float = 20.0
    attempts: int = 3
    maker: str = PIPELINE
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.devices:
            raise InputError("service: expected at least one device")
        if self.token is not None and len(self.token) < 8:
            raise InputError("service: expected a token of at least 8 characters")

    def write(self, path: Path) -> None:
        """For worker processes; the token is not theirs to know."""
        values = dataclasses.asdict(self) | {"folder": str(self.folder), "token": None}
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(values), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ServiceSettings:
        values = json.loads(path.read_text(encoding="utf-8"))
        values |= {
            "folder": Path(values["folder"]),
            "devices": tuple(values["devices"]),
            "limits": Limits(**values["limits"]),
        }
        return cls(**values)
