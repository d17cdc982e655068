"""What every request passes first: a token where there is one, a rate a client, a bound on the body, plain errors."""

from __future__ import annotations

import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cinescene.errors import CineSceneError
from cinescene.service.settings import ServiceSettings
from cinescene.service.store import QueueFullError

OPEN_PATHS = ("/healthz",)
MOST_CLIENTS = 4096
log = logging.getLogger("cinescene.service")


class BodyLimit:
    """Answers 413 to bodies beyond a size, whether their length is said beforehand or not."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"")
        if said.isdigit() and int(said) > self.most_bytes:
            await self._refuse(scope, receive, send)
            return
        taken, begun = 0, False

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return {"type": "http.disconnect"} if taken > self.most_bytes else message

        async def passed(message: Message) -> None:
            nonlocal begun
            if taken <= self.most_bytes or begun:
                begun = True
                await send(message)

        try:
            await self.app(scope, bounded, passed)
        except Exception:
            if taken <= self.most_bytes:
                raise
        if taken > self.most_bytes and not begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"expected a body of at most {self.most_bytes} bytes"
        await problem(413, "request_too_large", message)(scope, receive, send)


class RateLimit:
    """A bucket of a minute's requests a client, filled evenly."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """0 and one request less in the bucket, or how long until there is one."""
        now = time.monotonic()
        left, since = self._buckets.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - since) * self.per_minute / 60)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        while len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self.per_minute


def problem(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in the shape that OpenAI's clients read."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status_code=status, headers=headers)


def install(app: FastAPI, settings: ServiceSettings) -> None:
    """Guards an application."""
    rate = RateLimit(settings.limits.requests_per_minute)

    @app.middleware("http")
    async def guard(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path in OPEN_PATHS:
            return await forward(request)
        if settings.token is not None and not _carries(request, settings.token):
            return problem(
                401, "invalid_token", "expected the bearer token of this service", {"WWW-Authenticate": "Bearer"}
            )
        wait = rate.wait_s(request.client.host if request.client else "unknown")
        if wait > 0:
            headers = {"Retry-After": str(int(wait) + 1)}
            return problem(429, "rate_limit_exceeded", f"too many requests; try again in {wait:.1f} s", headers)
        return await forward(request)

    app.add_middleware(BodyLimit, most_bytes=settings.limits.body_bytes)

    @app.exception_handler(CineSceneError)
    async def bad_input(_: Request, error: CineSceneError) -> Response:
        return problem(400, "invalid_request", " ".join(str(error).split()))

    @app.exception_handler(RequestValidationError)
    async def bad_shape(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        return problem(422, "invalid_request", f"{place}: {first['msg']}" if place else str(first["msg"]))

    @app.exception_handler(QueueFullError)
    async def full(_: Request, __: QueueFullError) -> Response:
        message = f"{settings.limits.queued} shots wait already; try again later"
        return problem(429, "queue_full", message, {"Retry-After": "60"})

    @app.exception_handler(StarletteHTTPException)
    async def plain(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, "invalid_request", str(error.detail), dict(error.headers or {}))

    @app.exception_handler(OSError)
    async def storage(_: Request, error: OSError) -> Response:
        log.error("storage: %s", error)
        return problem(507, "storage", "this service cannot store anything at the moment")

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        log.error("unexpected", exc_info=error)
        return problem(500, "internal", "something went wrong here; the service's log says what")


def _carries(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
