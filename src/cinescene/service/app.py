"""The application: `create_app` puts store, guards, routes and workers together."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

import cinescene
from cinescene.service import guards, routes_kept, routes_videos
from cinescene.service.metrics import metrics_text
from cinescene.service.settings import ServiceSettings
from cinescene.service.store import Store
from cinescene.service.supervisor import Supervisor

ABOUT = """Shoot on a set that you only photographed: pictures of a place, words and a camera path become a video.

`/v1/videos` has the shape of OpenAI's Videos API, so that its clients work with this service as their `base_url`;
`scene`, `camera` and `seed` are fields of our own (`extra_body`)."""


def create_app(settings: ServiceSettings, *, workers: bool = True) -> FastAPI:
    """The service below ``settings.folder``; without ``workers`` jobs wait for worker processes that others start."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    store = Store(settings.folder / "jobs.sqlite")
    supervisor = Supervisor(settings, store)

    @asynccontextmanager
    async def alive(_: FastAPI) -> AsyncIterator[None]:
        for left in (settings.folder / "results").glob(".video_*"):
            shutil.rmtree(left, ignore_errors=True)
        if workers:
            supervisor.start()
        yield
        if workers:
            supervisor.stop()

    app = FastAPI(title="CineScene", version=cinescene.__version__, description=ABOUT, lifespan=alive)
    guards.install(app, settings)
    app.include_router(routes_videos.router(settings, store))
    app.include_router(routes_kept.router(settings, store))

    @app.get("/healthz", tags=["service"])
    def health() -> dict[str, str | int]:
        """Whether the service answers and how many worker processes are alive. Needs no token."""
        return {"status": "ok", "workers": supervisor.alive()}

    @app.get("/metrics", tags=["service"], response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        """Numbers in Prometheus' text format."""
        text = metrics_text(store, supervisor)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/models", tags=["service"])
    def models() -> dict[str, object]:
        """The model that this service serves."""
        return {"object": "list", "data": [{"id": settings.model, "object": "model", "owned_by": "cinescene"}]}

    return app
