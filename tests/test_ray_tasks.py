"""Tasks over a local Ray cluster: results, reasons, and every task once."""

import math

import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from cinescene.cameras.notation import parse_moves
from cinescene.ray_tasks import TaskError, over_ray


@pytest.fixture(scope="module", autouse=True)
def cluster():
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level=40, log_to_driver=False)
    yield
    ray.shutdown()


def test_every_task_ends_once_with_its_result_or_a_reason() -> None:
    found = dict(over_ray([4.0, 9.0, -1.0], math.sqrt))
    assert (found[4.0], found[9.0]) == (2.0, 3.0)
    assert isinstance(found[-1.0], TaskError)
    assert "defect" in str(found[-1.0])


def test_errors_of_ours_keep_their_words() -> None:
    ((_, error),) = over_ray(["fly to the moon"], parse_moves)
    assert isinstance(error, TaskError)
    assert "fly" in str(error)


def test_no_tasks_are_no_work() -> None:
    assert list(over_ray([], math.sqrt)) == []
