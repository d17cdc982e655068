"""Jobs are claimed once, survive their workers, and end once."""

import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from cinescene.service.store import QueueFullError, Store
from tests.service.conftest import threads


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "jobs.sqlite")


def test_a_job_is_claimed_by_one_of_many(store: Store, tmp_path: Path) -> None:
    wanted = {store.add({"n": i}, 100).id for i in range(40)}
    claimed: list[str] = []

    def work(number: int) -> None:
        own = Store(tmp_path / "jobs.sqlite")
        while (job := own.claim(f"worker {number}", 60, 3)) is not None:
            claimed.append(job.id)
            assert own.complete(job.id, f"worker {number}", 60)

    threads(4, work)
    assert len(claimed) == len(set(claimed)) == 40
    assert set(claimed) == wanted


def test_jobs_are_claimed_in_their_order(store: Store) -> None:
    order = [store.add({}, 100).id for _ in range(5)]
    assert [store.claim("w", 60, 3).id for _ in range(5)] == order
    assert store.claim("w", 60, 3) is None


def test_a_lost_lease_runs_again_and_only_the_new_holder_ends_it(store: Store) -> None:
    job = store.add({}, 10)
    store.claim("dead", 0.0, 3)
    time.sleep(0.01)
    again = store.claim("alive", 60, 3)
    assert again is not None
    assert (again.id, again.attempts) == (job.id, 2)
    assert not store.renew(job.id, "dead", 60)
    assert not store.complete(job.id, "dead", 60)
    store.fail(job.id, "dead", "x", "y")
    assert store.complete(job.id, "alive", 60)
    assert store.job(job.id).status == "completed"


def test_a_job_whose_workers_keep_dying_fails_with_a_reason(store: Store) -> None:
    job = store.add({}, 10)
    for _ in range(3):
        assert store.claim("dying", 0.0, 3) is not None
        time.sleep(0.01)
    assert store.claim("other", 60, 3) is None
    ended = store.job(job.id)
    assert (ended.status, ended.code) == ("failed", "worker_died")
    assert "3 times" in ended.message


def test_the_queue_has_a_bound(store: Store) -> None:
    for _ in range(3):
        store.add({}, 3)
    with pytest.raises(QueueFullError):
        store.add({}, 3)
    assert store.counts() == {"queued": 3}


def test_cancelled_jobs_end_or_tell_their_worker(store: Store) -> None:
    waiting, running = store.add({}, 10), store.add({}, 10)
    store.cancel(waiting.id)
    assert store.job(waiting.id).code == "cancelled"
    assert store.claim("w", 60, 3).id == running.id
    assert store.renew(running.id, "w", 60)
    assert store.cancel(running.id).cancelled
    assert not store.renew(running.id, "w", 60)


def test_pages_follow_each_other(store: Store) -> None:
    ids = [store.add({}, 100).id for _ in range(7)]
    assert [job.id for job in store.jobs(3, newest_first=False)] == ids[:3]
    assert [job.id for job in store.jobs(3, ids[2], newest_first=False)] == ids[3:6]
    assert [job.id for job in store.jobs(10, ids[4])] == ids[3::-1]


def test_progress_never_falls(store: Store) -> None:
    job = store.add({}, 10)
    store.claim("w", 60, 3)
    for value in (10, 40, 30):
        store.report(job.id, "w", "sampling", value)
    assert store.job(job.id).progress == 40
