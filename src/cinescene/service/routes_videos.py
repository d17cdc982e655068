"""``/v1/videos``: shots as jobs, in the shape of OpenAI's Videos API."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from cinescene.cameras.notation import parse_moves
from cinescene.errors import InputError
from cinescene.scene.samples import sample_names
from cinescene.service.making import VARIANTS
from cinescene.service.routes_kept import keep_scene
from cinescene.service.settings import ServiceSettings
from cinescene.service.shapes import Deleted, RemixRequest, Video, VideoList, VideoRequest, is_path_id
from cinescene.service.store import Job, Store

POLL_S = 0.3
TYPES = {"video": "video/mp4", "thumbnail": "image/png", "manifest": "application/json"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": VideoRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["prompt"],
                    "properties": VideoRequest.model_json_schema()["properties"]
                    | {
                        "input_reference": {
                            "type": "string",
                            "format": "binary",
                            "description": "The place, one picture.",
                        }
                    },
                }
            },
        },
    }
}


def router(settings: ServiceSettings, store: Store) -> APIRouter:
    routes = APIRouter(prefix="/v1/videos", tags=["videos"])
    results = settings.folder / "results"

    def found(video_id: str) -> Job:
        job = store.job(video_id)
        if job is None:
            raise HTTPException(404, "no such video")
        return job

    @routes.post("", openapi_extra=_BODY)
    async def create(request: Request) -> Video:
        """Queues a shot. Form or JSON; ``input_reference`` is a picture of the place (a panorama, or one photo)."""
        wanted, picture = await _request(request)
        return await run_in_threadpool(_queued, settings, store, wanted, picture)

    @routes.get("")
    def listed(
        after: str | None = Query(None, max_length=64),
        limit: int = Query(20, ge=1, le=100),
        order: Literal["asc", "desc"] = "desc",
    ) -> VideoList:
        """Shots in the order of their creation, page by page."""
        jobs = store.jobs(limit + 1, after, newest_first=order == "desc")
        videos = [Video.of(job, settings.model) for job in jobs[:limit]]
        first, last = (videos[0].id, videos[-1].id) if videos else (None, None)
        return VideoList(data=videos, first_id=first, last_id=last, has_more=len(jobs) > limit)

    @routes.get("/{video_id}")
    def read(video_id: str) -> Video:
        return Video.of(found(video_id), settings.model)

    @routes.delete("/{video_id}")
    def delete(video_id: str) -> Deleted:
        """Deletes a shot and its results; one that is being made stops."""
        found(video_id)
        store.delete(video_id)
        shutil.rmtree(results / video_id, ignore_errors=True)
        return Deleted(id=video_id, object="video.deleted")

    @routes.post("/{video_id}/cancel")
    def cancel(video_id: str) -> Video:
        """Stops a shot that is not done; it then counts as failed, with the code ``cancelled``."""
        found(video_id)
        job = store.cancel(video_id)
        if job is None:
            raise HTTPException(404, "no such video")
        return Video.of(job, settings.model)

    @routes.post("/{video_id}/remix")
    def remix(video_id: str, request: RemixRequest) -> Video:
        """The same place, camera and seed with other words."""
        source = found(video_id)
        if not request.prompt.strip() or len(request.prompt) > settings.limits.prompt_characters:
            raise InputError(f"prompt: expected 1 to {settings.limits.prompt_characters} characters")
        changed = source.request | {"prompt": request.prompt}
        return Video.of(store.add(changed, settings.limits.queued, remixed_from=video_id), settings.model)

    @routes.get("/{video_id}/content", response_class=FileResponse)
    def content(video_id: str, variant: Literal["video", "thumbnail", "manifest"] = "video") -> FileResponse:
        """The mp4, its first frame as PNG, or its manifest."""
        job = found(video_id)
        file = results / job.id / VARIANTS[variant]
        if job.status != "completed" or not file.is_file():
            raise HTTPException(409 if job.status != "completed" else 410, f"this video is {_said(job)}")
        return FileResponse(file, media_type=TYPES[variant], filename=f"{job.id}{file.suffix}")

    @routes.get("/{video_id}/events", response_class=StreamingResponse)
    async def events(video_id: str) -> StreamingResponse:
        """Server-sent events: the video at every change, until it is done."""
        await run_in_threadpool(found, video_id)
        return StreamingResponse(_changes(store, video_id, settings.model), media_type="text/event-stream")

    return routes


def _said(job: Job) -> str:
    return {"completed": "deleted or expired", "failed": "failed", "queued": "still queued"}.get(
        job.status, "not done yet"
    )


async def _changes(store: Store, video_id: str, model: str) -> AsyncIterator[str]:
    last = ""
    while True:
        job = await run_in_threadpool(store.job, video_id)
        if job is None:
            yield "event: deleted\ndata: {}\n\n"
            return
        text = Video.of(job, model).model_dump_json()
        if text != last:
            yield f"event: {job.status}\ndata: {text}\n\n"
            last = text
        if job.status in ("completed", "failed"):
            return
        await asyncio.sleep(POLL_S)


async def _request(request: Request) -> tuple[VideoRequest, bytes | None]:
    """The fields of a JSON body or a form, and the picture of a form."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    picture: bytes | None = None
    if kind == "application/json":
        try:
            fields: Any = json.loads(await request.body())
        except ValueError as error:
            raise InputError(f"body: expected JSON ({error})") from error
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        try:
            form = await request.form(max_files=1, max_fields=40)
        except MultiPartException as error:
            raise InputError(f"form: {error.message}") from error
        except HTTPException:
            raise
        except (ValueError, KeyError) as error:
            raise InputError("form: this could not be read") from error
        fields = {}
        for name, value in form.multi_items():
            if name in fields or (name == "input_reference" and picture is not None):
                raise InputError(f"{name}: expected once")
            if isinstance(value, UploadFile):
                if name != "input_reference":
                    raise InputError(f"{name}: expected text, got a file")
                picture = await value.read()
            else:
                fields[name] = value
    else:
        raise HTTPException(415, "expected application/json or multipart/form-data")
    if not isinstance(fields, dict):
        raise InputError("body: expected an object")
    try:
        return VideoRequest.model_validate(fields, strict=kind == "application/json"), picture
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _queued(settings: ServiceSettings, store: Store, wanted: VideoRequest, picture: bytes | None) -> Video:
    """Checks what can be checked without a model, and queues the rest."""
    wanted.check(settings.limits)
    if wanted.model not in (None, settings.model):
        raise InputError(f"model: this service serves {settings.model!r}, got {wanted.model!r}")
    if (wanted.scene is None) == (picture is None):
        raise InputError("scene: expected either an id, sample:NAME, or a picture as input_reference")
    camera = _camera(store, wanted.camera)
    if picture is not None:
        scene_id = keep_scene(settings, store, [("input_reference", picture)]).id
        wanted = wanted.model_copy(update={"scene": scene_id})
    request = {
        "prompt": wanted.prompt,
        "scene": _scene(store, str(wanted.scene)),
        "camera": camera,
        "seed": wanted.seed,
        "seconds": wanted.seconds,
        "size": wanted.size,
        "frames": wanted.frames,
        "settings": wanted.settings(),
        "said": {"scene": wanted.scene, "camera": wanted.camera},
    }
    return Video.of(store.add(request, settings.limits.queued), settings.model)


def _scene(store: Store, said: str) -> dict[str, str]:
    if said.startswith("sample:"):
        name = said.removeprefix("sample:")
        if name not in sample_names():
            raise InputError(f"scene: expected one of the samples {', '.join(sample_names())}, got {name!r}")
        return {"sample": name}
    if store.kept("scenes", said) is None:
        raise InputError(f"scene: no such scene as {said}; upload one at /v1/scenes")
    return {"id": said}


def _camera(store: Store, said: str) -> dict[str, str]:
    if not is_path_id(said):
        parse_moves(said)
        return {"moves": said}
    kept = store.kept("paths", said)
    if kept is None:
        raise InputError(f"camera: no such path as {said}")
    return {"moves": kept.facts["moves"]} if "moves" in kept.facts else {"id": said}
