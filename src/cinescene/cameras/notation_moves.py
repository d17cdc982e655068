"""How each move is written: the words after its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cinescene.cameras.move_values import Target
from cinescene.cameras.moves import (
    Arc,
    Crane,
    Dolly,
    DollyZoom,
    Handheld,
    LookAt,
    Move,
    Pan,
    Pedestal,
    Roll,
    Spiral,
    Static,
    Tilt,
    Truck,
    Zoom,
)
from cinescene.cameras.notation_reader import ANGLE, FOCAL, LENGTH, RIGHT, UP, Directions, Reader

ReadMove = Callable[[Reader], Move]

IN: Directions = {"in": 1, "forward": 1, "forwards": 1, "out": -1, "back": -1, "backward": -1, "backwards": -1}
CLOCKWISE: Directions = {"cw": 1, "clockwise": 1, "right": 1, "ccw": -1, "counterclockwise": -1, "left": -1}
CLOCKWISE = {**CLOCKWISE, "counter-clockwise": -1, "anticlockwise": -1, "anti-clockwise": -1}


def _aim(reader: Reader) -> dict[str, Any]:
    if reader.take("keep") or reader.take("keeping"):
        return {"keep_m": reader.target()}
    if reader.take("looking", "at") or reader.take("look", "at"):
        return {"look_at_m": reader.target()}
    return {}


def _around(reader: Reader, what: str) -> Target:
    if not reader.take("around"):
        reader.fail(
            f'expected "around" and what the {what} turns around: a distance ahead such as 3m, or a point x,y,z'
        )
    return reader.target()


def _focal_or_factor(reader: Reader) -> Zoom:
    sign = reader.direction({"in": 1, "out": -1})
    if sign is not None:
        token = reader.ahead
        factor = reader.number('a factor such as "2x"')
        if not reader.take_any("x", "×"):
            reader.fail('expected a factor such as "2x"; for a focal length write "zoom to 50mm"')
        if factor <= 0:
            reader.fail("expected a factor above 0", token=token)
        return Zoom(factor=factor if sign > 0 else 1 / factor)
    if reader.take("to"):
        return Zoom(focal_mm=_focal(reader))
    first = _focal(reader, 'a focal length such as 24mm, "to 50mm" or "in 2x"')
    if not reader.take_any("->", "→", "to"):
        reader.fail('expected "->" and the focal length at the end')
    return Zoom(start_focal_mm=first, focal_mm=_focal(reader))


def _focal(reader: Reader, expected: str = "a focal length such as 50mm") -> float:
    token = reader.ahead
    value = reader.quantity(FOCAL, expected)
    if value <= 0:
        reader.fail("expected a focal length above 0 mm", token=token)
    return value


def _travel(kind: type[Move], field: str, directions: Directions, fixed: int | None = None) -> ReadMove:
    def read(reader: Reader) -> Move:
        if fixed is None:
            length = reader.directed(directions, LENGTH, "a length such as 1.5m")
        else:
            length = fixed * reader.amount(LENGTH, "a length such as 1.5m")
        return kind(**{field: length}, **_aim(reader))

    return read


def _turn(kind: type[Move], field: str, directions: Directions) -> ReadMove:
    def read(reader: Reader) -> Move:
        return kind(**{field: reader.directed(directions, ANGLE, "an angle such as 30deg")})

    return read


def _static(reader: Reader) -> Move:
    return Static()


def _arc(reader: Reader) -> Move:
    words = {"right": ("right_deg", 1), "left": ("right_deg", -1), "up": ("up_deg", 1), "down": ("up_deg", -1)}
    angles: dict[str, float] = {}
    while not angles or reader.ahead.text in words or reader.ahead.kind == "number":
        begin = reader.ahead
        word = reader.take_any(*words)
        if word is None and begin.kind != "number":
            reader.fail(f"expected a direction: {', '.join(words)}", words)
        angle = reader.amount(ANGLE, "an angle such as 75deg")
        word = word or reader.take_any(*words)
        if word is None:
            reader.fail(f"expected a direction: {', '.join(words)}", words)
        field, sign = words[word]
        if field in angles:
            reader.fail("expected one angle to the side and one up or down", token=begin)
        angles[field] = sign * angle
    return Arc(around_m=_around(reader, "arc"), **angles)


def _spiral(reader: Reader) -> Move:
    angle = reader.directed(RIGHT, ANGLE, "an angle such as 360deg")
    around = _around(reader, "spiral")
    end = reader.amount(LENGTH, "a distance such as 1.5m") if reader.take("to") else None
    rise = reader.directed(UP, LENGTH, "a length such as 1m") if reader.ahead.text in UP else 0.0
    return Spiral(right_deg=angle, around_m=around, to_m=end, up_m=rise)


def _dolly_zoom(reader: Reader) -> Move:
    length = reader.directed(IN, LENGTH, "a length such as 1m")
    if reader.take_any("at", "on", "keeping", "subject") is None:
        reader.fail('expected "at" and the distance of the subject that keeps its size, such as "at 3m"')
    return DollyZoom(in_m=length, subject_m=reader.amount(LENGTH, "the subject's distance such as 3m"))


def _handheld(reader: Reader) -> Move:
    stated: dict[str, Any] = {}
    while reader.ahead.kind == "number":
        unit = reader.after_that
        if unit.text in LENGTH and "amplitude_m" not in stated:
            stated["amplitude_m"] = reader.amount(LENGTH, "an amplitude")
        elif unit.text in ANGLE and "amplitude_deg" not in stated:
            stated["amplitude_deg"] = reader.amount(ANGLE, "an amplitude")
        else:
            reader.fail('expected one amplitude in cm and one in deg, such as "handheld 1cm 0.4deg"')
    if reader.take("seed"):
        token = reader.ahead
        seed = reader.number("a whole number as seed")
        if not token.text.isdecimal():
            reader.fail("expected a whole number as seed", token=token)
        stated["seed"] = int(token.text) if seed < 2**63 else 2**63
    return Handheld(**stated)


def _look_at(reader: Reader) -> Move:
    return LookAt(point_m=reader.point())


READERS: Mapping[str, ReadMove] = {
    "static": _static,
    "hold": _static,
    "pan": _turn(Pan, "right_deg", RIGHT),
    "tilt": _turn(Tilt, "up_deg", UP),
    "roll": _turn(Roll, "clockwise_deg", CLOCKWISE),
    "dolly-zoom": _dolly_zoom,
    "dolly zoom": _dolly_zoom,
    "dolly": _travel(Dolly, "in_m", IN),
    "push in": _travel(Dolly, "in_m", IN, 1),
    "pull out": _travel(Dolly, "in_m", IN, -1),
    "pull back": _travel(Dolly, "in_m", IN, -1),
    "truck": _travel(Truck, "right_m", RIGHT),
    "track": _travel(Truck, "right_m", RIGHT),
    "crab": _travel(Truck, "right_m", RIGHT),
    "pedestal": _travel(Pedestal, "up_m", UP),
    "crane": _travel(Crane, "up_m", UP),
    "boom": _travel(Crane, "up_m", UP),
    "jib": _travel(Crane, "up_m", UP),
    "arc": _arc,
    "orbit": _arc,
    "spiral": _spiral,
    "zoom": _focal_or_factor,
    "handheld": _handheld,
    "look at": _look_at,
}
MOVES = (
    "static", "pan", "tilt", "roll", "dolly", "truck", "pedestal", "crane", "arc", "spiral", "zoom", "dolly-zoom",
    "look at", "handheld",
)  # fmt: skip
