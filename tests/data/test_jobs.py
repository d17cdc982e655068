import functools
import os
import signal
from pathlib import Path

import pytest

from cinescene.data.jobs import run_tasks
from cinescene.errors import InputError


def leave_a_mark(folder: Path, task: int) -> None:
    if task == 3:
        raise InputError("three is not liked")
    if task == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if task == 7 and not (folder / "7-tried").exists():
        (folder / "7-tried").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / str(task)).touch()


def fail_unexpectedly(task: int) -> None:
    raise ZeroDivisionError


def test_a_killed_worker_costs_no_task_but_the_one_that_kills_it(tmp_path: Path) -> None:
    counts: list[int] = []
    report = run_tasks(list(range(9)), functools.partial(leave_a_mark, tmp_path), 2, counts.append)
    assert sorted(report.done) == [0, 1, 2, 4, 6, 7, 8]
    assert {p.name for p in tmp_path.iterdir()} == {"0", "1", "2", "4", "6", "7", "7-tried", "8"}
    failed = dict(report.failed)
    assert failed[3] == "three is not liked"
    assert "died twice" in failed[5]
    assert set(failed) == {3, 5}
    assert counts == sorted(counts)


def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_tasks([1], fail_unexpectedly, 1)
