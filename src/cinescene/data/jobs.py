"""Many independent tasks over several processes, with a worker's death survived."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cinescene.errors import failure_reason

Task = TypeVar("Task")

MOST_ATTEMPTS = 2


@dataclass(kw_only=True)
class JobReport(Generic[Task]):
    """What became of the tasks; ``failed`` holds each failed task and why, in a sentence."""

    done: list[Task] = field(default_factory=list)
    failed: list[tuple[Task, str]] = field(default_factory=list)


def run_tasks(
    tasks: Sequence[Task],
    work: Callable[[Task], None],
    processes: int,
    progress: Callable[[int], None] = lambda done: None,
) -> JobReport[Task]:
    """Runs ``work`` (a module-level function, or a partial of one) on every task in spawned processes.

    A task that raises `CineSceneError` fails with its message. When a process dies (killed, out of memory), the tasks
    that were under way are tried once more in fresh processes, one at a time, so that the culprit is found, and fail
    the second time. A task that raises anything else fails, too, and its traceback is printed: one defect does not end
    a long job.
    """
    report: JobReport[Task] = JobReport()
    attempts = [0] * len(tasks)
    waiting = list(range(len(tasks)))
    while waiting:
        suspects = [index for index in waiting if attempts[index]]
        batch, width = (suspects[:1], 1) if suspects else (waiting, processes)
        finished = _run_batch([(index, tasks[index]) for index in batch], work, width, attempts, report, progress)
        for index in batch:
            if index not in finished and attempts[index] >= MOST_ATTEMPTS:
                report.failed.append(
                    (tasks[index], "the process that worked on it died twice (killed, out of memory?)")
                )
                finished.add(index)
        waiting = [index for index in waiting if index not in finished]
    return report


def _run_batch(
    batch: list[tuple[int, Task]],
    work: Callable[[Task], None],
    processes: int,
    attempts: list[int],
    report: JobReport[Task],
    progress: Callable[[int], None],
) -> set[int]:
    """Runs tasks until all are finished or a process dies; returns the indices of the finished ones."""
    finished: set[int] = set()
    queue = list(reversed(batch))
    running: dict[Future[None], tuple[int, Task]] = {}
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent)
    try:
        while queue or running:
            while queue and len(running) < processes:
                index, task = queue.pop()
                running[pool.submit(work, task)] = (index, task)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index, task = running[future]
                try:
                    future.result()
                    report.done.append(task)
                except BrokenProcessPool:
                    raise
                except Exception as error:
                    report.failed.append((task, failure_reason(error)))
                del running[future]
                finished.add(index)
                progress(len(report.done) + len(report.failed))
    except BrokenProcessPool:
        for index, _ in running.values():
            attempts[index] += 1
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return finished


def end_with_parent() -> None:
    """Ends this process as soon as the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
