"""A seed to a set description."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.description import KINDS, Kind, LampLight, SetDescription
from cinescene.sets.layouts import courtyard, hall, room, street
from cinescene.sets.layouts.daylight import Mood
from cinescene.sets.layouts.plan import Plan
from cinescene.sets.layouts.stock import Stock

DRAWS = 3
"""Raised whenever a seed comes to mean another set, or other shots in it: scenes of different numbers do not mix."""
MOST_LAMPS = 10
_LAYOUTS: dict[str, tuple[tuple[str, ...], Callable[[Plan, str], Mood]]] = {
    "room": (tuple(room.FLAVOURS), room.lay_out_room),
    "hall": (hall.FLAVOURS, hall.lay_out_hall),
    "courtyard": (courtyard.FLAVOURS, courtyard.lay_out_courtyard),
    "street": (street.FLAVOURS, street.lay_out_street),
}
"""Kind -> its flavours and its generator."""


def generate_set(seed: int, kind: str | None = None, flavour: str | None = None) -> SetDescription:
    """A set from a seed; the same arguments always give the same description.

    ``kind`` is one of `cinescene.sets.description.KINDS`, ``flavour`` one of its `flavours`; both are drawn if not
    given. Raises `InputError` for unknown ones or a negative seed.
    """
    if seed < 0:
        raise InputError(f"seed: expected a whole number of at least 0, got {seed}")
    rng = np.random.default_rng([seed, 0x5E7])
    drawn = KINDS[int(rng.choice(len(KINDS), p=[0.4, 0.2, 0.16, 0.24]))]
    chosen: Kind = drawn if kind is None else _known(kind)
    names, lay_out = _LAYOUTS[chosen]
    drawn_flavour = names[int(rng.integers(len(names)))]
    if flavour is not None and flavour not in names:
        raise InputError(f"flavour: expected one of {', '.join(names)} for a {chosen}, got {flavour!r}")
    plan = Plan(rng=rng, stock=Stock(rng))
    mood = lay_out(plan, flavour or drawn_flavour)
    ceiling = min(air.height_m for air in plan.air)
    return SetDescription(
        seed=seed,
        kind=chosen,
        flavour=flavour or drawn_flavour,
        air=tuple(plan.air),
        panorama_position=(0.0, 0.0, min(float(rng.uniform(1.4, 1.7)), ceiling - 0.6)),
        slabs=tuple(plan.slabs),
        walls=tuple(plan.walls),
        buildings=tuple(plan.buildings),
        pieces=tuple(plan.pieces),
        lamps=_strongest(plan.lamps),
        sun=mood.sun,
        sky=mood.sky,
        ambient_up=mood.ambient_up,
        ambient_down=mood.ambient_down,
    )


def _strongest(lamps: list[LampLight]) -> tuple[LampLight, ...]:
    """The lamps that a set keeps: every one costs time in every pixel."""
    kept = sorted(range(len(lamps)), key=lambda k: -sum(lamps[k].colour))[:MOST_LAMPS]
    return tuple(lamps[k] for k in sorted(kept))


def flavours(kind: str) -> tuple[str, ...]:
    """The flavours of a kind of set. Raises `InputError` for an unknown kind."""
    return _LAYOUTS[_known(kind)][0]


def _known(kind: str) -> Kind:
    for known in KINDS:
        if known == kind:
            return known
    raise InputError(f"kind of set: expected one of {', '.join(KINDS)}, got {kind!r}")
