import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.errors import GeometryError
from cinescene.previz.stand_in import StandIn

PLACE = StandIn(camera_height_m=1.5, dome_radius_m=10.0)
unit = st.floats(-1.0, 1.0)


@given(st.tuples(unit, unit, unit), st.tuples(unit, unit, unit).filter(lambda d: math.hypot(*d) > 1e-3))
def test_every_ray_from_inside_ends_on_the_ground_or_the_dome(
    origin: tuple[float, float, float], direction: tuple[float, float, float]
) -> None:
    start = torch.tensor(origin, dtype=torch.float64)
    ray = torch.nn.functional.normalize(torch.tensor(direction, dtype=torch.float64), dim=0)
    end = start + ray * PLACE.distance(start, ray[None])[0]
    on_ground = abs(float(end[2]) + 1.5) < 1e-9
    on_dome = abs(float(end.norm()) - 10.0) < 1e-9
    assert on_ground or on_dome
    assert end.norm() <= 10.0 + 1e-9
    assert end[2] >= -1.5 - 1e-9


def test_from_outside_nothing_is_assumed() -> None:
    down = torch.tensor([[0.0, 0.0, -1.0]])
    for outside in ([0.0, 0.0, -1.6], [11.0, 0.0, 0.0]):
        assert PLACE.distance(torch.tensor(outside), down).isinf().all()


@pytest.mark.parametrize("numbers", [(0.0, 5.0), (1.5, -1.0), (math.nan, 5.0), (1.5, math.inf), (3.0, 2.0)])
def test_impossible_places_are_refused(numbers: tuple[float, float]) -> None:
    with pytest.raises(GeometryError, match="expected"):
        StandIn(camera_height_m=numbers[0], dome_radius_m=numbers[1])
