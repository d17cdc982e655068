"""Balls, toy cars, robots, drones, dogs and cats: wheels turn by their way, paws stay, parts stay whole."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.sets.subjects.ball import Ball, Roller
from cinescene.sets.subjects.drone import Drone, Flyer
from cinescene.sets.subjects.ground_path import GroundPath
from cinescene.sets.subjects.quadruped import Animal, coat_picture, furry_parts
from cinescene.sets.subjects.quadruped_form import BONES, BUILDS, Build
from cinescene.sets.subjects.robot import WHEEL_LEFT, Robot, Rover
from cinescene.sets.subjects.toy_car import WHEEL_RADIUS, WHEELS, Driver, ToyCar
from cinescene.sets.subjects.trot import Trotter

CIRCLE_M = 1.5
ANGLE = np.linspace(0.0, 4.0, 300)
CIRCLE = GroundPath.along(CIRCLE_M * np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1), 1.0, 4.0)


@settings(max_examples=15)
@given(st.floats(0.1, 0.5), st.floats(0.3, 2.5), st.floats(-3, 3))
def test_a_ball_turns_by_distance_over_radius_about_the_axis_across_its_way(r: float, v: float, heading: float) -> None:
    roller = Roller(Ball(radius_m=r), GroundPath.straight((0, 0), heading, v, 1.0), 1.0)
    turned = roller.rotation_at(0.4) @ roller.rotation_at(0.3).T
    angle = math.acos(np.clip((np.trace(turned) - 1) / 2, -1, 1))
    assert angle == pytest.approx(math.acos(math.cos(0.1 * v / r)), abs=1e-6)
    axis = np.array([-math.sin(heading), math.cos(heading), 0.0])
    np.testing.assert_allclose(turned @ axis, axis, atol=1e-6)


def test_a_ball_does_not_slip_where_it_touches_the_floor_even_in_a_curve() -> None:
    ball = Ball(radius_m=0.2)
    roller = Roller(ball, CIRCLE, 3.0)
    step = 1e-4
    turning = (roller.rotation_at(1.5 + step) @ roller.rotation_at(1.5 - step).T - np.eye(3)) / (2 * step)
    contact = np.append(CIRCLE.velocity_m_s(np.array([1.5]))[0], 0.0) + turning @ [0.0, 0.0, -ball.radius_m]
    assert np.linalg.norm(contact) < 0.01


def test_a_rolling_ball_stays_on_the_floor_and_a_hopping_one_comes_back_to_it() -> None:
    path = GroundPath.straight((0, 0), 0.0, 1.0, 3.0)
    rolling, hopping = Roller(Ball(), path, 3.0), Roller(Ball(hop_m=0.5), path, 3.0)
    heights = [min(m.positions[:, 2].min() for m in rolling.meshes_at(t)) for t in (0.0, 1.0, 2.7)]
    np.testing.assert_allclose(heights, 0.0, atol=0.004)
    hops = np.array([hopping.height_at(t) for t in np.linspace(0, 3, 500)])
    assert hops.min() == pytest.approx(0.0, abs=0.01)
    assert hops.max() == pytest.approx(0.5, abs=0.01)


@settings(max_examples=4)
@given(st.floats(0.3, 1.5), st.floats(0.2, 2.0))
def test_wheels_of_a_car_turn_by_distance_over_radius(length: float, speed: float) -> None:
    driver = Driver(ToyCar(length_m=length), GroundPath.straight((0, 0), 1.0, speed, 2.0), 2.0)
    for wheel in WHEELS:
        turned = driver.wheel_angle_at(wheel, 1.5) - driver.wheel_angle_at(wheel, 0.5)
        assert turned == pytest.approx(speed / (WHEEL_RADIUS * length), rel=1e-6)
    assert driver.steering_at(1.0) == pytest.approx(0.0, abs=1e-9)


def test_in_a_left_curve_right_wheels_turn_farther_and_the_front_ones_steer_left() -> None:
    car = ToyCar(length_m=0.8)
    driver = Driver(car, CIRCLE, 4.0)
    turned = {w: driver.wheel_angle_at(w, 2.5) - driver.wheel_angle_at(w, 1.5) for w in WHEELS}
    track = WHEELS["front left"][1] * car.length_m
    ratio = turned["rear left"] / turned["rear right"]
    assert ratio == pytest.approx((CIRCLE_M - track) / (CIRCLE_M + track), rel=0.01)
    base = (WHEELS["front left"][0] - WHEELS["rear left"][0]) * car.length_m
    assert driver.steering_at(2.0) == pytest.approx(math.atan(base / CIRCLE_M), rel=0.03)


def test_the_wheels_of_a_robot_differ_by_the_turn() -> None:
    robot = Robot(height_m=1.2)
    rover = Rover(robot, GroundPath.standing((0, 0), 0.0, 4.0, turn_rad=2.0), 4.0)
    turned = [rover.wheel_angle_at(side, 4.0) * 0.15 * robot.height_m for side in ("left", "right")]
    np.testing.assert_allclose(turned, [-2.0 * WHEEL_LEFT * 1.2, 2.0 * WHEEL_LEFT * 1.2], rtol=0.02)


@pytest.mark.parametrize(
    ("performer", "subject"), [(Driver, ToyCar()), (Rover, Robot()), (Flyer, Drone()), (Roller, Ball())]
)
def test_stiff_things_keep_their_shape_and_face(performer, subject) -> None:
    thing = performer(subject, CIRCLE, 4.0)
    first, later = thing.meshes_at(0.5), thing.meshes_at(3.0)
    for a, b in zip(first, later, strict=True):
        assert a.triangles is b.triangles
        assert a.uvs is b.uvs
        assert a.material is b.material
        np.testing.assert_allclose(np.linalg.norm(b.normals, axis=1), 1.0, atol=1e-4)
    lowest = min(m.positions[:, 2].min() for m in later)
    assert lowest == pytest.approx(0.0, abs=0.01) or (isinstance(subject, Drone) and lowest > 1.0)


def test_a_drone_leans_into_its_acceleration() -> None:
    path = GroundPath.along(np.array([[0.0, 0.0], [9.0, 0.0]]), 1.5, 4.0, from_rest=True, start_s=1.0)
    flyer = Flyer(Drone(), path, 4.0)
    assert flyer._push(1.1)[0] > 0.8
    assert abs(flyer._push(1.1)[1]) < 1e-9


@pytest.mark.parametrize(("kind", "path"), [("dog", CIRCLE), ("cat", GroundPath.straight((0, 0), 0.7, 1.2, 3.0))])
def test_paws_stand_still_while_they_carry(kind, path: GroundPath) -> None:
    height = 0.55 if kind == "dog" else 0.28
    trotter = Trotter(Animal(kind=kind, build=BUILDS[kind], height_m=height), path, 3.0)
    for name, track in trotter.tracks.items():
        bone = BONES.index(name)
        contact = trotter.rest[name] + [track.shape.ball_m, 0.0, -track.shape.ankle_m]
        for start, end in zip(track.start, track.end, strict=True):
            if start < 0.3 or end > 2.0:
                continue
            places = []
            for time_s in np.linspace(start + 1e-4, end - 1e-4, 5):
                matrix = trotter.transforms_at(float(time_s))[bone]
                places.append(matrix[:, :3] @ contact + matrix[:, 3])
            assert np.ptp(places, axis=0)[:2].max() < 0.01
            np.testing.assert_allclose(np.array(places)[:, 2], 0.0, atol=0.015)


def test_animals_stay_over_the_floor_and_do_not_jump() -> None:
    trotter = Trotter(Animal(height_m=0.6), GroundPath.straight((0, 0), 0.0, 1.6, 2.0), 2.0)
    frames = [np.concatenate([m.positions for m in trotter.meshes_at(t)]) for t in np.arange(0.5, 1.1, 1 / 30)]
    assert min(f[:, 2].min() for f in frames) > -0.02
    assert max(f[:, 2].min() for f in frames) < 0.01
    assert max(np.linalg.norm(b - a, axis=1).max() for a, b in itertools.pairwise(frames)) < 0.35


@pytest.mark.parametrize("coat", ["plain", "saddled", "spotted", "patched", "striped"])
def test_a_coat_keeps_its_first_colour_for_most_of_the_body(coat) -> None:
    animal = Animal(coat=coat, colour=(0.2, 0.15, 0.12), second=(0.9, 0.9, 0.85), seed=2)
    picture = coat_picture(animal) / 255
    u, v = furry_parts(animal)[0].mesh.uvs.T
    seen = picture[((1 - v) * 255).astype(int), (u * 255).astype(int)]
    assert (seen.mean(axis=-1) < 0.5).mean() > 0.6


def test_impossible_movers_are_refused() -> None:
    with pytest.raises(InputError, match="ball"):
        Ball(radius_m=0.0)
    with pytest.raises(InputError, match="toy car"):
        ToyCar(length_m=9.0)
    with pytest.raises(InputError, match="robot"):
        Robot(colour=(2.0, 0.0, 0.0))
    with pytest.raises(InputError, match="drone"):
        Drone(span_m=-1.0)
    with pytest.raises(InputError, match="dog"):
        Animal(height_m=3.0)
    with pytest.raises(InputError, match="proportions"):
        Animal(build=Build(length=9.0))
