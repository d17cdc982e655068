"""The service under load: status calls by 1, 8 and 32 clients, a queue of jobs of known length, and kills.

    python benchmarks/service.py [--jobs 500] [--kills 20]

Jobs are made by a stub that takes 10 ms, so that the service is measured and not a model. First every client asks for
the state of a shot as fast as it can, for some seconds; then ``--jobs`` shots are queued and waited for; then the whole
service is killed at random moments while shots are being queued, and every accepted one must have ended once. Memory is
the server's resident set before and after.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from cinescene.service.making import MANIFEST, THUMBNAIL, VIDEO, Maker, Report
from cinescene.service.settings import Limits, ServiceSettings

SHOT = {"prompt": "a dog", "scene": "sample:courtyard", "camera": "pan left 20deg"}
STUB_S = 0.01
CLIENTS = (1, 8, 32)
SECONDS = 5.0


def stub_maker(settings: ServiceSettings, device: str) -> Maker:
    """Used by the worker processes of this benchmark."""

    def make(request: dict[str, Any], folder: Path, report: Report) -> None:
        time.sleep(STUB_S)
        for name in (VIDEO, THUMBNAIL, MANIFEST):
            (folder / name).write_bytes(b"x" * 1000)

    return make


class Server:
    """A service in its own process group on a free port."""

    def __init__(self, folder: Path) -> None:
        limits = Limits(requests_per_minute=10**9, queued=10**6)
        settings = ServiceSettings(folder=folder / "service", maker="service:stub_maker", lease_s=1.0, limits=limits)
        self.file = folder / "settings.json"
        settings.write(self.file)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1/videos"

    def start(self) -> None:
        code = (
            "import sys, uvicorn; from pathlib import Path; from cinescene.service.app import create_app; "
            "from cinescene.service.settings import ServiceSettings as S; "
            "uvicorn.run(create_app(S.read(Path(sys.argv[1]))), port=int(sys.argv[2]), log_level='error')"
        )
        paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-c", code, str(self.file), str(self.port)]
        self.process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.DEVNULL)
        while True:
            try:
                httpx.get(self.url, timeout=5)
                return
            except httpx.HTTPError:
                time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


def status_calls(server: Server, clients: int) -> tuple[float, float, float]:
    """Calls a second, and the median and 99th percentile of their milliseconds."""
    video = httpx.post(server.url, json=SHOT).json()["id"]
    times: list[float] = []
    until = time.perf_counter() + SECONDS

    def ask() -> None:
        with httpx.Client() as client:
            while time.perf_counter() < until:
                began = time.perf_counter()
                client.get(f"{server.url}/{video}").raise_for_status()
                times.append(1000 * (time.perf_counter() - began))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return len(times) / SECONDS, cuts[49], cuts[98]


def all_ended(server: Server, wanted: set[str]) -> dict[str, str]:
    """Waits until nothing is queued or made any more; the state of each wanted shot."""
    while True:
        states: dict[str, str] = {}
        after = None
        while True:
            page = httpx.get(server.url, params={"limit": 100} | ({"after": after} if after else {}), timeout=60).json()
            states |= {video["id"]: video["status"] for video in page["data"]}
            if not page["has_more"]:
                break
            after = page["last_id"]
        if all(states.get(video) in ("completed", "failed") for video in wanted):
            return states
        time.sleep(0.5)


def killed(server: Server, kills: int) -> tuple[int, int]:
    """Accepted shots, and how many of them ended as they should."""
    chance, accepted = random.Random(0), set()
    for _ in range(kills):
        moment = time.monotonic() + 0.2 + chance.random()
        while time.monotonic() < moment:
            try:
                accepted.add(httpx.post(server.url, json=SHOT, timeout=5).json()["id"])
            except httpx.HTTPError:
                break
            time.sleep(0.02)
        server.kill()
        server.start()
    states = all_ended(server, accepted)
    return len(accepted), sum(states[video] == "completed" for video in accepted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            before = server.memory_mb()
            for clients in CLIENTS:
                rate, middle, late = status_calls(server, clients)
                print(
                    f"{clients} clients: {rate:.0f} status calls/s, p50 {middle:.1f} ms, p99 {late:.1f} ms", flush=True
                )
            began = time.perf_counter()
            wanted = {httpx.post(server.url, json=SHOT).json()["id"] for _ in range(options.jobs)}
            queued_s = time.perf_counter() - began
            states = all_ended(server, wanted)
            took = time.perf_counter() - began
            done = sum(states[video] == "completed" for video in wanted)
            print(f"{options.jobs} jobs: queued in {queued_s:.1f} s, {done} completed after {took:.1f} s", flush=True)
            print(f"memory of the server: {before:.0f} MB before, {server.memory_mb():.0f} MB after", flush=True)
            accepted, ended = killed(server, options.kills)
            print(f"{options.kills} kills: {accepted} accepted, {ended} completed once")
        finally:
            server.kill()


if __name__ == "__main__":
    main()
