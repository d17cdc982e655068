"""The parts of nano in the order in which they are trained, and how each finds what was trained before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cinescene.errors import InputError
from cinescene.model.checkpoints import load_parts, save_parts


@dataclass(frozen=True, kw_only=True)
class Part:
    """A run of the whole training: its folder's name, stage, recipe and steps.

    ``uses``
        Runs whose results are given to it.
    ``start``
        The run whose model it goes on from.
    """

    name: str
    stage: str
    recipe: str
    steps: int
    uses: tuple[str, ...] = ()
    start: str | None = None

    def made_for(self, kind: str, folder: Path) -> Path | None:
        """The folder of a part of this kind that a run below ``folder`` made for this one; None if it uses none."""
        return folder / kind / "model" / kind if kind in self.uses else None


NANO = (
    Part(name="vae", stage="vae", recipe="nano-vae", steps=800),
    Part(name="vggt", stage="vggt", recipe="nano-vggt", steps=400),
    Part(name="relief", stage="relief", recipe="nano-relief", steps=2600),
    Part(name="pieces", stage="scene", recipe="nano-pieces", steps=4000, uses=("vae", "vggt", "relief")),
    Part(name="scene", stage="scene", recipe="nano-scene", steps=1500, start="pieces"),
)
"""Of the model that comes with the package, with the steps of its parts (docs/nano.md)."""


def placed_in_one(folder: Path) -> Path:
    """Puts the last run's model where ``--model`` looks for the whole; returns the folder."""
    made, whole = folder / NANO[-1].name / "model", folder / "model"
    if not made.is_dir():
        raise InputError(f"{made}: expected the model of the last run")
    save_parts(load_parts(made), whole)
    return whole
