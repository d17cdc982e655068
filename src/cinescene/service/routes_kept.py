"""``/v1/scenes`` and ``/v1/paths``: places and camera paths that are uploaded once and used by their id."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, HTTPException, UploadFile
from starlette.concurrency import run_in_threadpool

from cinescene.cameras.notation import parse_moves
from cinescene.errors import InputError
from cinescene.scene.scene import Scene
from cinescene.service.settings import ServiceSettings
from cinescene.service.shapes import Deleted, Listed, PathRequest, SceneOrPath
from cinescene.service.store import Shelf, Store, new_id
from cinescene.service.uploads import write_camera_file, write_pictures

Pictures = Annotated[list[UploadFile], File(description="A panorama (2:1), or photos.")]
CameraFile = Annotated[UploadFile, File(description="A camera file in a text format.")]


def router(settings: ServiceSettings, store: Store) -> APIRouter:
    routes = APIRouter(prefix="/v1")

    @routes.post("/scenes", tags=["scenes"])
    async def create_scene(files: Pictures) -> SceneOrPath:
        """Uploads a place. The first shot on it encodes it; later ones of the same worker reuse that."""
        pictures = [(f"file {i + 1}", await file.read()) for i, file in enumerate(files)]
        return await run_in_threadpool(keep_scene, settings, store, pictures)

    @routes.get("/scenes", tags=["scenes"])
    def list_scenes() -> Listed:
        return Listed(data=[SceneOrPath.of(kept) for kept in store.all_kept("scenes")])

    @routes.get("/scenes/{scene_id}", tags=["scenes"])
    def read_scene(scene_id: str) -> SceneOrPath:
        return _known(store, "scenes", scene_id)

    @routes.delete("/scenes/{scene_id}", tags=["scenes"])
    def delete_scene(scene_id: str) -> Deleted:
        """Shots on it that have not begun will fail, and say why."""
        return _drop(settings.folder, store, "scenes", scene_id)

    @routes.post("/paths", tags=["paths"])
    def create_path(request: PathRequest) -> SceneOrPath:
        """Keeps camera moves."""
        _room(store, "paths", settings.limits.paths)
        parse_moves(request.moves)
        path_id = new_id("path")
        return SceneOrPath.of(store.keep("paths", path_id, {"moves": request.moves}))

    @routes.post("/paths/files", tags=["paths"])
    async def create_path_from_file(file: CameraFile) -> SceneOrPath:
        """Uploads a camera file (our JSON, TUM, KITTI, RealEstate10K, .chan, …)."""
        data, name = await file.read(), file.filename or ""

        def keep() -> SceneOrPath:
            _room(store, "paths", settings.limits.paths)
            path_id = new_id("path")
            frames = write_camera_file(settings.folder / "paths" / path_id, name, data)
            return SceneOrPath.of(store.keep("paths", path_id, {"frames": frames}))

        return await run_in_threadpool(keep)

    @routes.get("/paths", tags=["paths"])
    def list_paths() -> Listed:
        return Listed(data=[SceneOrPath.of(kept) for kept in store.all_kept("paths")])

    @routes.get("/paths/{path_id}", tags=["paths"])
    def read_path(path_id: str) -> SceneOrPath:
        return _known(store, "paths", path_id)

    @routes.delete("/paths/{path_id}", tags=["paths"])
    def delete_path(path_id: str) -> Deleted:
        return _drop(settings.folder, store, "paths", path_id)

    return routes


def keep_scene(settings: ServiceSettings, store: Store, pictures: list[tuple[str, bytes]]) -> SceneOrPath:
    """Checks and keeps pictures as a scene. Raises `InputError`."""
    _room(store, "scenes", settings.limits.scenes)
    scene_id = new_id("scene")
    folder = settings.folder / "scenes" / scene_id
    write_pictures(folder, pictures, settings.limits)
    try:
        files = sorted(folder.iterdir())
        scene = Scene.open(files[0] if len(files) == 1 else files)
    except InputError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(_without_paths(str(error), folder)) from error
    facts = {
        "kind": "photos" if scene.panorama is None else "panorama",
        "pictures": len(files),
        "content_hash": scene.content_hash,
    }
    return SceneOrPath.of(store.keep("scenes", scene_id, facts))


def _without_paths(message: str, folder: Path) -> str:
    return message.replace(str(folder) + "/", "").replace(str(folder), "the scene")


def _room(store: Store, shelf: Shelf, most: int) -> None:
    if store.kept_count(shelf) >= most:
        raise HTTPException(429, f"{most} {shelf} are kept already; delete some")


def _known(store: Store, shelf: Shelf, kept_id: str) -> SceneOrPath:
    kept = store.kept(shelf, kept_id)
    if kept is None:
        raise HTTPException(404, f"no such {shelf[:-1]}")
    return SceneOrPath.of(kept)


def _drop(folder: Path, store: Store, shelf: Shelf, kept_id: str) -> Deleted:
    if not store.drop(shelf, kept_id):
        raise HTTPException(404, f"no such {shelf[:-1]}")
    shutil.rmtree(folder / shelf / kept_id, ignore_errors=True)
    return Deleted(id=kept_id, object=f"{shelf[:-1]}.deleted")
