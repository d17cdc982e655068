"""Keeps one worker process a device alive, and deletes what has expired."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
import time

from cinescene.service.settings import ServiceSettings
from cinescene.service.store import Store

LOOK_S = 0.25
SOONEST_S, LATEST_S = 0.5, 30.0
"""A worker that keeps dying is started again after a time that doubles between these."""
SWEEP_S = 60.0

log = logging.getLogger("cinescene.service")


class Supervisor:
    """Starts workers in `start`, ends them in `stop`; a thread in between looks after them."""

    def __init__(self, settings: ServiceSettings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.restarts = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._file = settings.folder / "worker-settings.json"

    def start(self) -> None:
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        self.settings.write(self._file)
        for number in range(len(self.settings.devices)):
            self._start(number)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for process in self._workers.values():
            process.terminate()
        for process in self._workers.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def alive(self) -> int:
        return sum(process.poll() is None for process in self._workers.values())

    def _start(self, number: int) -> None:
        command = [sys.executable, "-m", "cinescene.service.worker", str(self._file), self.settings.devices[number]]
        self._workers[number] = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def _watch(self) -> None:
        pause = dict.fromkeys(self._workers, SOONEST_S)
        due: dict[int, float] = {}
        began = dict.fromkeys(self._workers, time.monotonic())
        swept = 0.0
        while not self._stop.wait(LOOK_S):
            now = time.monotonic()
            for number, process in list(self._workers.items()):
                if process.poll() is None:
                    if now - began[number] > LATEST_S:
                        pause[number] = SOONEST_S
                elif number not in due:
                    log.warning("worker %d ended with status %s", number, process.returncode)
                    due[number] = now + pause[number]
                    pause[number] = min(2 * pause[number], LATEST_S)
                elif now >= due[number]:
                    del due[number]
                    self.restarts += 1
                    began[number] = now
                    self._start(number)
            if now - swept > SWEEP_S:
                swept = now
                self._sweep()

    def _sweep(self) -> None:
        for job_id in self.store.expired():
            self.store.delete(job_id)
            shutil.rmtree(self.settings.folder / "results" / job_id, ignore_errors=True)
