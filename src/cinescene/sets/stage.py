"""A set description to what renderers draw: every mesh, the lamps, the sun and the sky."""

from __future__ import annotations

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.collision import FreeSpace
from cinescene.sets.description import SetDescription
from cinescene.sets.mesh import Lamp, Stage, Sun
from cinescene.sets.objects.buildings import build_building, building_obstacles
from cinescene.sets.objects.catalogue import entry_of, obstacles_of
from cinescene.sets.objects.walls import build_slab, build_wall, wall_obstacles
from cinescene.sets.sky import procedural_sky, sky_from_picture, sun_direction
from cinescene.sets.workshop import Workshop


def build_stage(description: SetDescription, backdrop: np.ndarray | None = None) -> Stage:
    """Builds a set. The same description (and backdrop) gives the same bytes.

    ``backdrop`` is the user's equirectangular picture (see `cinescene.sets.sky.sky_from_picture`), which replaces the
    procedural sky. Raises `InputError` for an unknown object kind or texture pattern, a backdrop that is none, or one
    that the description names and that is not given.
    """
    shop = Workshop()
    for slab in description.slabs:
        build_slab(shop, slab)
    for wall in description.walls:
        build_wall(shop, wall)
    for building in description.buildings:
        build_building(shop, building)
    for piece in description.pieces:
        shop.stand(piece.position, piece.turn_rad, piece.finishes)
        entry_of(piece.kind).build(shop, piece, np.random.default_rng(piece.seed))
    look, sun = description.sky, description.sun
    if backdrop is None and look.backdrop is not None:
        raise InputError(f"set: its sky is the picture {look.backdrop!r}; expected that picture as well")
    if backdrop is None:
        sky = procedural_sky(look, sun)
    else:
        sky = sky_from_picture(backdrop, look.backdrop_turn_rad, look.brightness)
    return Stage(
        meshes=shop.meshes(),
        sky=sky,
        sun=None if sun is None else Sun(direction=sun_direction(sun), colour=sun.colour),
        lamps=tuple(Lamp(position=x.position, colour=x.colour, radius_m=x.radius_m) for x in description.lamps),
        ambient_up=description.ambient_up,
        ambient_down=description.ambient_down,
    )


def free_space(description: SetDescription) -> FreeSpace:
    """Where cameras and people may be in a set."""
    obstacles = [o for wall in description.walls for o in wall_obstacles(wall)]
    obstacles += [o for building in description.buildings for o in building_obstacles(building)]
    obstacles += [o for piece in description.pieces for o in obstacles_of(piece)]
    return FreeSpace(tuple(obstacles), description.air)
