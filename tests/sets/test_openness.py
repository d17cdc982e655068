import numpy as np

from cinescene.sets.mesh_operations import placed
from cinescene.sets.openness import Openness
from cinescene.sets.primitives import box, quad
from tests.sets.staging import plain

GREY = plain(128, 128, 128)


def received(field: Openness, point: tuple[float, float, float], normal: tuple[float, float, float]) -> float:
    """Share of ambient light on a surface at the cube that holds a point."""
    x, y, z = ((np.array(point) - field.low) / field.cube_m).astype(int)
    moment, mean = field.coefficients[z, y, x, :3] / 127.5 - 1, field.coefficients[z, y, x, 3] / 255
    return float(mean + moment @ np.array(normal))


def corners(*meshes):
    return np.concatenate([mesh.positions[mesh.triangles] for mesh in meshes])


def test_open_floor_receives_all_light_and_a_corner_about_a_quarter() -> None:
    floor = quad((-3, -3, 0), (6, 0, 0), (0, 6, 0), GREY)
    walls = [quad((-3, 3, 0), (6, 0, 0), (0, 0, 3), GREY), quad((3, 3, 0), (0, -6, 0), (0, 0, 3), GREY)]
    field = Openness.of_triangles(corners(floor, *walls))
    up = (0, 0, 1)
    open_floor = received(field, (-1.5, -1.5, 0.15), up)
    edge = received(field, (-1.5, 2.85, 0.15), up)
    corner = received(field, (2.85, 2.85, 0.15), up)
    assert open_floor > 0.93
    assert 0.45 < edge < 0.8
    assert corner < edge - 0.1


def test_light_under_a_table_comes_back_with_distance() -> None:
    floor = quad((-3, -3, 0), (6, 0, 0), (0, 6, 0), GREY)
    table = placed(box((1.6, 1.6, 0.05), GREY), (0, 0, 0.6))
    field = Openness.of_triangles(corners(floor, table))
    shares = [received(field, (x, 0, 0.15), (0, 0, 1)) for x in (0.0, 0.9, 2.5)]
    assert shares == sorted(shares)
    assert shares[0] < 0.75
    assert shares[-1] > 0.93


def test_turning_a_set_turns_its_field() -> None:
    meshes = [quad((-2, -2, 0), (4, 0, 0), (0, 4, 0), GREY), placed(box((1, 0.5, 1), GREY), (0.5, 0.7, 0))]
    turned = [placed(mesh, yaw_rad=np.pi / 2) for mesh in meshes]
    field, other = Openness.of_triangles(corners(*meshes)), Openness.of_triangles(corners(*turned))
    for x, y in ((0.5, 0.2), (-1.05, 1.35), (1.35, -0.45)):
        here = received(field, (x, y, 0.15), (0, 0, 1))
        there = received(other, (-y, x, 0.15), (0, 0, 1))
        assert abs(here - there) < 0.06


def test_large_and_empty_sets_stay_small() -> None:
    assert Openness.of_triangles(np.zeros((0, 3, 3), dtype=np.float32)).coefficients.size == 4
    field = Openness.of_triangles(corners(quad((-500, -500, 0), (1000, 0, 0), (0, 1000, 0), GREY)))
    assert field.coefficients.size < 2e6
