"""Reads the words, quantities and points of the move notation, one after another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, TypeVar

from cinescene.cameras.move_values import Target
from cinescene.cameras.notation_tokens import NotationError, Token, fail, tokens_of
from cinescene.errors import InputError

T = TypeVar("T")
Directions = Mapping[str, int]
Units = Mapping[str, float]

LENGTH: Units = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "metre": 1.0, "metres": 1.0, "meter": 1.0}
LENGTH = {**LENGTH, "meters": 1.0, "feet": 0.3048, "foot": 0.3048}
ANGLE: Units = {"deg": 1.0, "°": 1.0, "degree": 1.0, "degrees": 1.0, "rad": math.degrees(1.0), "turn": 360.0}
ANGLE = {**ANGLE, "turns": 360.0}
FOCAL: Units = {"mm": 1.0}
SECONDS: Units = {"s": 1.0, "ms": 0.001, "min": 60.0, "sec": 1.0, "second": 1.0, "seconds": 1.0}
FRAMES = ("frames", "frame", "f")
SHORT_UNITS = ("m", "cm", "mm", "ft", "deg", "rad", "turn", "s", "ms", "min")

RIGHT: Directions = {"right": 1, "left": -1}
UP: Directions = {"up": 1, "down": -1}


class Reader:
    """The tokens of a text and a place among them; what a method reads lies behind it afterwards."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.index = 0

    @property
    def ahead(self) -> Token:
        return self.tokens[self.index]

    @property
    def after_that(self) -> Token:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def fail(self, expected: str, candidates: Iterable[str] = (), token: Token | None = None) -> NoReturn:
        """Points at ``token``, by default the one ahead."""
        fail(self.text, token or self.ahead, expected, candidates)

    def take(self, *texts: str) -> bool:
        """Reads the given words or signs, if exactly they are ahead."""
        span = self.tokens[self.index : self.index + len(texts)]
        if tuple(t.text for t in span) != texts:
            return False
        self.index += len(texts)
        return True

    def take_any(self, *texts: str) -> str | None:
        """Reads one of the given words or signs, if it is ahead."""
        return next((text for text in texts if self.take(text)), None)

    def made(self, token: Token, make: Callable[[], T]) -> T:
        """What ``make`` gives; what it finds wrong with values is said of ``token``."""
        try:
            return make()
        except NotationError:
            raise
        except InputError as error:
            self.fail(str(error), token=token)

    def number(self, expected: str) -> float:
        token = self.ahead
        if token.kind != "number":
            self.fail(f"expected {expected}")
        self.index += 1
        value = float(token.text.replace("−", "-"))
        if not math.isfinite(value):
            self.fail("expected a number of fewer digits", token=token)
        return value

    def unit(self, units: Mapping[str, float]) -> float:
        """The size of the unit ahead; the first of ``units`` where none is written."""
        for name, size in units.items():
            if self.take(name):
                return size
        if self.ahead.text in {*LENGTH, *ANGLE, *SECONDS, *FRAMES, "x"}:
            self.fail(f"expected another unit: {', '.join(name for name in units if name in SHORT_UNITS)}")
        return next(iter(units.values()))

    def quantity(self, units: Mapping[str, float], expected: str) -> float:
        value = self.number(expected)
        return value * self.unit(units)

    def amount(self, units: Mapping[str, float], expected: str) -> float:
        """A quantity that is not negative."""
        token = self.ahead
        value = self.quantity(units, expected)
        if value < 0 or token.text[0] in "-−":
            self.fail("expected an amount without a sign; name the other direction instead", token=token)
        return value

    def directed(self, directions: Directions, units: Mapping[str, float], expected: str) -> float:
        """``right 30deg`` or ``30deg right``, with the direction's sign."""
        sign = self.direction(directions)
        if sign is None and self.ahead.kind != "number":
            self.fail(f"expected a direction: {', '.join(directions)}", directions)
        value = self.amount(units, expected)
        if sign is None:
            sign = self.direction(directions)
        if sign is None:
            self.fail(f"expected a direction: {', '.join(directions)}", directions)
        return sign * value

    def direction(self, directions: Directions) -> int | None:
        word = self.take_any(*directions)
        return None if word is None else directions[word]

    def point(self) -> tuple[float, float, float]:
        """``1, 2, 0.5``: metres, in parentheses or not."""
        opened = self.take("(")
        values = [self.quantity(LENGTH, "a point x,y,z in metres")]
        while len(values) < 3:
            if not self.take(","):
                self.fail('expected "," and the rest of a point x,y,z in metres')
            values.append(self.quantity(LENGTH, "a point x,y,z in metres"))
        if opened and not self.take(")"):
            self.fail('expected ")" after the point')
        return values[0], values[1], values[2]

    def target(self) -> Target:
        """A point, or a distance ahead."""
        begin = self.index
        if not self.take("("):
            token = self.ahead
            value = self.quantity(LENGTH, 'a distance ahead such as "3m" or a point x,y,z')
            if not (self.ahead.text == "," and self.after_that.kind == "number"):
                if value <= 0:
                    self.fail("expected a distance ahead above 0 m", token=token)
                return value
        self.index = begin
        return self.point()
