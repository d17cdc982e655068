"""``cinescene serve``: shots over HTTP."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import tyro

from cinescene.errors import InputError, MissingDependencyError

TOKEN_VARIABLE = "CINESCENE_TOKEN"


def serve(
    folder: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("cinescene-service"),
    host: str = "127.0.0.1",
    port: int = 8300,
    model: str = "nano",
    vggt: str | None = None,
    devices: tuple[str, ...] = ("auto",),
    keep_days: float = 7.0,
    queue: int = 1000,
) -> None:
    """Serve shots over HTTP: an API that OpenAI's video clients speak, with a queue that survives everything.

    Documentation of the API is at /docs. A bearer token is asked for where the environment has CINESCENE_TOKEN.

    Args:
        folder: Database, uploads and results; one service a folder.
        host: Address to listen on; the default is this machine alone.
        port: Port to listen on.
        model: A model of `cinescene models`, a folder, or a name on the hub.
        vggt: VGGT checkpoint for a model without one: a file, a folder or a hub name.
        devices: A worker process for each: cpu, cuda:0, …; auto is one, on a GPU if there is one.
        keep_days: Results are deleted so long after they are done.
        queue: Shots that may wait at once.
    """
    try:
        import uvicorn

        from cinescene.service.app import create_app
    except ImportError as error:
        raise MissingDependencyError(
            f"the service needs more packages ({error}): pip install 'cinescene[serve]'"
        ) from error
    from cinescene.cli.generate import resolved
    from cinescene.service.settings import Limits, ServiceSettings

    if not 0 < port < 65536 or queue < 1 or keep_days <= 0:
        raise InputError("serve: expected a port from 1 to 65535, a queue of at least 1 and days above 0")
    token = os.environ.get(TOKEN_VARIABLE)
    settings = ServiceSettings(
        folder=folder.resolve(),
        model=model,
        vggt=vggt,
        devices=tuple(resolved(device, "auto")[0] for device in devices),
        token=token or None,
        keep_s=keep_days * 86400,
        limits=Limits(queued=queue),
    )
    if host not in ("127.0.0.1", "localhost", "::1") and settings.token is None:
        print(f"warning: everybody who reaches {host} can use this service; set {TOKEN_VARIABLE}", file=sys.stderr)
    lock = _only_one(settings.folder)
    try:
        uvicorn.run(create_app(settings), host=host, port=port, log_level="info")
    finally:
        lock.close()


def _only_one(folder: Path):  # type: ignore[no-untyped-def]
    """A lock on the folder that ends with the process. Raises `InputError` where another service holds it."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise InputError(f"{folder}: another service uses this folder; choose another with -o") from error
    return lock
