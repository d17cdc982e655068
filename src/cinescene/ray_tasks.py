"""Independent tasks on a Ray cluster, or on a local one that is started where there is none.

Every machine of the cluster needs the same package and sees the same folders (a network file system). Which cluster is
used is Ray's own business: the environment variable ``RAY_ADDRESS``, or a local one with this machine's cores.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from cinescene.errors import CineSceneError, MissingDependencyError, failure_reason

Task = TypeVar("Task")
Result = TypeVar("Result")
RETRIES = 2
"""Of a task whose process or machine died."""


class TaskError(CineSceneError):
    """A task that failed; the message says why."""


def over_ray(
    tasks: Sequence[Task], work: Callable[[Task], Result], *, cpus: float = 1.0, gpus: float = 0.0
) -> Iterator[tuple[Task, Result | TaskError]]:
    """Yields every task with its result, or with why it failed, as they end. ``work`` is a module-level function or a
    partial of one; each call claims so many processors. Raises `MissingDependencyError` without Ray."""
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError("--ray needs the package ray: pip install 'cinescene[cluster]'") from error
    if not ray.is_initialized():
        ray.init(include_dashboard=False, logging_level=logging.WARNING)
    remote: Any = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES)(_guarded)
    running = {remote.remote(work, task): task for task in tasks}
    while running:
        (done, *_), _ = ray.wait(list(running), num_returns=1)
        task = running.pop(done)
        try:
            fine, value = ray.get(done)
        except ray.exceptions.RayError as error:
            fine, value = False, f"its process died {RETRIES + 1} times ({type(error).__name__})"
        yield task, value if fine else TaskError(value)


def _guarded(work: Callable[[Any], Any], task: Any) -> tuple[bool, Any]:
    """The result, or why there is none."""
    try:
        return True, work(task)
    except Exception as error:
        return False, failure_reason(error)
