"""Services on a temporary folder."""

import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from fastapi.testclient import TestClient
from PIL import Image

from cinescene.service.app import create_app
from cinescene.service.making import maker_of
from cinescene.service.settings import ServiceSettings
from cinescene.service.store import Store
from cinescene.service.worker import work
from tests.service.stub import MAKER

SHOT = {"prompt": "a dog", "scene": "sample:courtyard", "camera": "pan left 20deg"}


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(folder=tmp_path / "service", maker=MAKER, lease_s=1.0)


@pytest.fixture
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    """A service whose jobs wait; `work_all` makes them."""
    with TestClient(create_app(settings, workers=False), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def work_all(settings: ServiceSettings) -> Callable[[], int]:
    """Makes all jobs that wait, in this process; returns how many."""

    def run() -> int:
        store, maker, count = Store(settings.folder / "jobs.sqlite"), maker_of(settings, "cpu"), 0
        while (job := store.claim("worker", settings.lease_s, settings.attempts)) is not None:
            work(store, job, "worker", maker, settings)
            count += 1
        return count

    return run


def picture(width: int = 64, height: int = 32, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


class Served:
    """A service in a process of its own, which can be killed and started again."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings, self.process = settings, None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        code = (
            "import sys, uvicorn; from pathlib import Path; from cinescene.service.app import create_app; "
            "from cinescene.service.settings import ServiceSettings as S; "
            "uvicorn.run(create_app(S.read(Path(sys.argv[1]))), port=int(sys.argv[2]), log_level='warning')"
        )
        file = self.settings.folder.with_suffix(".json")
        self.settings.write(file)
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(file), str(self.port)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
            cwd=root,
        )
        import httpx

        for _ in range(600):
            try:
                httpx.get(f"{self.url}/healthz", timeout=1)
                return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("the service did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)


@pytest.fixture
def served(settings: ServiceSettings) -> Iterator[Served]:
    service = Served(settings)
    service.start()
    yield service
    service.stop()


def threads(count: int, run: Callable[[int], None]) -> None:
    started = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
