"""A worker process: takes one job after the other, renews its lease, and ends when the service does.

``python -m cinescene.service.worker SETTINGS DEVICE`` is started by `cinescene.service.supervisor`.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
import uuid
from pathlib import Path

from cinescene.errors import CineSceneError
from cinescene.service.making import Maker, maker_of
from cinescene.service.settings import ServiceSettings
from cinescene.service.store import Job, Store
from cinescene.stages import share_done

IDLE_S = 0.2
log = logging.getLogger("cinescene.service.worker")


class Stopped(BaseException):
    """The job was cancelled or deleted, or the lease was lost. No error of the work: nothing may catch it as one."""


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings, device = ServiceSettings.read(Path(sys.argv[1])), sys.argv[2]
    run(settings, device, parent=os.getppid())


def run(settings: ServiceSettings, device: str, parent: int) -> None:
    """Works until the parent process is gone."""
    store, worker = Store(settings.folder / "jobs.sqlite"), uuid.uuid4().hex
    maker = maker_of(settings, device)
    while os.getppid() == parent:
        job = store.claim(worker, settings.lease_s, settings.attempts)
        if job is None:
            time.sleep(IDLE_S)
        else:
            work(store, job, worker, maker, settings)


def work(store: Store, job: Job, worker: str, maker: Maker, settings: ServiceSettings) -> None:
    """One job, to its end. Results are made aside and renamed, so that a folder of results is whole or not there."""
    results = settings.folder / "results"
    aside = results / f".{job.id}-{worker}"
    shutil.rmtree(aside, ignore_errors=True)
    with _Lease(store, job.id, worker, settings.lease_s) as lease:

        def report(stage: str, done: int, total: int) -> None:
            if lease.lost.is_set():
                raise Stopped
            store.report(job.id, worker, stage, min(99, round(100 * share_done(stage, done, total))))

        try:
            aside.mkdir(parents=True)
            maker(job.request, aside, report)
            report("decoding", 1, 1)
            final = results / job.id
            shutil.rmtree(final, ignore_errors=True)
            aside.rename(final)
            if not store.complete(job.id, worker, settings.keep_s):
                log.info("%s: the lease was lost; its result does not count", job.id)
                if store.job(job.id) is None:
                    shutil.rmtree(final, ignore_errors=True)
        except Stopped:
            store.fail(job.id, worker, "cancelled", "cancelled while it was made")
        except CineSceneError as error:
            store.fail(job.id, worker, "invalid_request", " ".join(str(error).split()))
        except OSError as error:
            log.exception("%s", job.id)
            store.fail(
                job.id, worker, "storage", f"the result could not be written: {error.strerror or 'input/output'}"
            )
        except MemoryError:
            store.fail(job.id, worker, "memory", "this machine has too little memory for the shot; make it smaller")
        except Exception:
            log.exception("%s", job.id)
            store.fail(job.id, worker, "internal", "making this shot failed; the service's log says why")
        finally:
            shutil.rmtree(aside, ignore_errors=True)


class _Lease:
    """Renews a job's lease beside the work, three times as often as it must be."""

    def __init__(self, store: Store, job_id: str, worker: str, lease_s: float) -> None:
        self.store, self.job_id, self.worker, self.lease_s = store, job_id, worker, lease_s
        self.lost, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> _Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(min(self.lease_s / 3, 1.0)):
            if not self.store.renew(self.job_id, self.worker, self.lease_s):
                self.lost.set()
                return


if __name__ == "__main__":
    main()
