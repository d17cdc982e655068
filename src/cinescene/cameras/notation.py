"""Camera moves in one line of text, and back.

::

    dolly in 1.5m over 2s ease; then arc right 75deg around 3m; zoom 24mm->50mm

``then`` begins the next step; ``;``, ``+``, ``and`` and ``with`` join moves at the same time. The whole grammar is in
``docs/camera_moves.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cinescene.cameras.easing import Easing
from cinescene.cameras.moves import Handheld, Move, Static
from cinescene.cameras.notation_moves import MOVES, READERS
from cinescene.cameras.notation_reader import ANGLE, FOCAL, FRAMES, LENGTH, SECONDS, Reader
from cinescene.cameras.shot import Shot, Start, Step, Timed

_EASINGS: Mapping[str, Easing] = {
    "linear": "linear",
    "ease": "ease",
    "ease-in": "ease-in",
    "ease-out": "ease-out",
    "ease-in-out": "ease",
}
_START_WORDS = ("start", "from", "at", "height", "yaw", "pitch", "lens", "looking")
_JOINS = (";", "+", "and", "with")
_AFTER_A_MOVE = (
    'expected ";" (at the same time), "then" (afterwards), "over" and a duration, or an easing '
    "(linear, ease, ease-in, ease-out)"
)


def parse_moves(text: str) -> Shot:
    """The shot that a text describes. Raises `InputError`, pointing at the word that is wrong."""
    return _Grammar(text).shot()


def unparse(shot: Shot) -> str:
    """A text that `parse_moves` turns into an equal shot."""
    start = shot.start.text()
    steps = "; then ".join(step.text() for step in shot.steps)
    throughout = "".join(f"; {move.text()} throughout" for move in shot.throughout)
    return (f"{start}; " if start else "") + steps + throughout


class _Grammar(Reader):
    """Recursive descent: each method reads the rule of its name from the words ahead."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.layers: list[Move] = []

    def shot(self) -> Shot:
        if self.ahead.kind == "end":
            self.fail(f"expected moves such as {', '.join(MOVES)}")
        start = self.start() if self.ahead.text in _START_WORDS else Start()
        steps = [[self.timed()]]
        while (joined := self.join()) is not None:
            if joined == "then":
                steps.append([])
            steps[-1].append(self.timed())
        timed = [tuple(move for move in step if move is not None) for step in steps]
        made = tuple(Step(moves=moves) for moves in timed if moves) or (Step(moves=(Timed(move=Static()),)),)
        return Shot(steps=made, start=start, throughout=tuple(self.layers))

    def join(self) -> str | None:
        """Reads what stands between two moves: ``then``, ``;`` for at the same time, or None at the end."""
        found = self.take_any(*_JOINS, ",")
        comma = self.tokens[self.index - 1]
        if self.take("then"):
            return "then"
        if found == ",":
            self.fail('expected ";" (at the same time) or "then" (afterwards) between two moves', token=comma)
        if self.ahead.kind == "end" and found in (None, ";"):
            return None
        if found is None:
            self.fail(_AFTER_A_MOVE, () if self.ahead.text in READERS else ("then", "over", "with", *_EASINGS))
        return ";"

    def start(self) -> Start:
        first = self.ahead
        self.take_any("start", "from")
        stated: dict[str, Any] = {}
        while self.ahead.kind != "end" and self.ahead.text not in (";", ",", "then", ":"):
            token = self.ahead
            name, value = self.start_item()
            if name in stated:
                self.fail(f"expected each part of the start once, but {name.split('_')[0]} came before", token=token)
            stated[name] = value
        if not stated:
            self.fail("expected where to start: at x,y,z or a height, yaw, pitch, roll, lens, looking at")
        start = self.made(first, lambda: Start(**stated))
        self.take_any(";", ",", ":")
        self.take("then")
        return start

    def start_item(self) -> tuple[str, Any]:
        for angle in ("yaw", "pitch", "roll"):
            if self.take(angle):
                return f"{angle}_deg", self.quantity(ANGLE, f"an angle of {angle} such as 20deg")
        if self.take("lens") or (self.ahead.kind == "number" and self.after_that.text == "mm"):
            return "focal_mm", self.quantity(FOCAL, "a focal length such as 35mm")
        if self.take("looking", "at") or self.take("look", "at"):
            return "look_at_m", self.point()
        if self.take("height"):
            return "height_m", self.quantity(LENGTH, "a height such as 1.6m")
        if self.take("at"):
            return self.place()
        items = ("at", "height", "yaw", "pitch", "roll", "lens", "looking at")
        return self.fail(f'expected a part of the start ({", ".join(items)}), or ";" and a move', items)

    def place(self) -> tuple[str, Any]:
        if self.take("height"):
            return "height_m", self.quantity(LENGTH, "a height such as 1.6m")
        begin = self.index
        if not self.take("("):
            height = self.quantity(LENGTH, 'a point x,y,z or a height such as "1.6m height"')
            if self.take_any("height", "high"):
                return "height_m", height
        self.index = begin
        return "position_m", self.point()

    def timed(self) -> Timed | None:
        """A move with its duration and easing; None where it lasts throughout the shot."""
        token = self.ahead
        read = next((READERS[name] for name in READERS if self.take(*name.split())), None)
        if read is None:
            self.fail(f"expected a move: {', '.join(MOVES)}", READERS)
        move = self.made(token, partial(read, self))
        if isinstance(move, Handheld) and self.take("throughout"):
            self.layers.append(move)
            return None
        return self.made(token, lambda: Timed(move=move, **self.modifiers()))

    def modifiers(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            token = self.ahead
            if self.take_any("over", "for", "during"):
                entry = self.duration()
            elif (easing := self.easing()) is not None:
                entry = {"easing": easing}
            else:
                return found
            if any(name.split("_")[0] in {n.split("_")[0] for n in found} for name in entry):
                self.fail("expected one duration and one easing a move", token=token)
            found |= entry

    def duration(self) -> dict[str, Any]:
        token = self.ahead
        value = self.number("a duration such as 2s or 48 frames")
        if self.take_any(*FRAMES):
            if value != int(value) or value < 1:
                self.fail("expected a whole number of frames, at least 1", token=token)
            return {"duration_frames": int(value)}
        value *= self.unit(SECONDS)
        if value <= 0:
            self.fail("expected a duration above 0 s", token=token)
        return {"duration_s": value}

    def easing(self) -> Easing | None:
        for words in (("ease", "in", "out"), ("ease", "in"), ("ease", "out")):
            if self.take(*words):
                return _EASINGS["-".join(words)]
        word = self.take_any(*_EASINGS)
        return None if word is None else _EASINGS[word]
