import errno
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
    if task == 2:
        raise ZeroDivisionError("a secret of nature")
    if task == 4:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


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


def test_a_defect_costs_its_own_task_and_is_not_hidden(capfd: pytest.CaptureFixture[str]) -> None:
    report = run_tasks([1, 2, 3, 4], fail_unexpectedly, 2)
    assert sorted(report.done) == [1, 3]
    failed = dict(report.failed)
    assert "defect" in failed[2]
    assert "a secret of nature" in failed[2]
    assert "fail_unexpectedly" in capfd.readouterr().err
    assert failed[4] == os.strerror(errno.ENOSPC)


def note_and_sleep(folder: Path, task: int) -> None:
    (folder / f"{task}.pid").write_text(str(os.getpid()))
    time.sleep(60)


def run_sleepers(folder: Path) -> None:
    run_tasks([1, 2], functools.partial(note_and_sleep, folder), processes=2)


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    imports = "from pathlib import Path; from tests.data.test_jobs import run_sleepers"
    code = f"{imports}; run_sleepers(Path({str(tmp_path)!r}))"
    script = tmp_path / "parent.py"
    script.write_text(f"if __name__ == '__main__':\n    {code}\n")
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": str(root)}, cwd=root)
    notes = [tmp_path / "1.pid", tmp_path / "2.pid"]
    until(lambda: all(note.is_file() and note.read_text() for note in notes))
    workers = [int(note.read_text()) for note in notes]
    parent.kill()
    parent.wait()
    until(lambda: not any(alive(worker) for worker in workers))


def alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
