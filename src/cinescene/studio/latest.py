"""`Latest`: work that is only worth doing for the newest request, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
log = logging.getLogger("cinescene.studio")


class Latest(Generic[Request]):
    """Calls ``work`` with the newest request; requests that came while it worked, but for the last, are dropped."""

    def __init__(self, work: Callable[[Request], None]) -> None:
        self._work = work
        self._wake = threading.Condition()
        self._next: list[Request] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="latest", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> None:
        with self._wake:
            self._next = [request]
            self._wake.notify()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._next and not self._stopped:
                    self._wake.wait()
                if self._stopped:
                    return
                request = self._next.pop()
            try:
                self._work(request)
            except Exception:
                log.exception("drawing")
