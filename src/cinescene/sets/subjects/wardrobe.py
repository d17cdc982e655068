"""From a description of clothes and looks to the parts of a dressed body at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cinescene.sets.mesh import Material
from cinescene.sets.subjects import collars
from cinescene.sets.subjects.clothes import (
    LEGS,
    TOPS,
    TopCut,
    cut_legs,
    cut_top,
    leg_field,
    loosened_legs,
    loosened_top,
    top_field,
)
from cinescene.sets.subjects.dress_form import DressForm, share_of
from cinescene.sets.subjects.fabrics import Cloth, cloth_material
from cinescene.sets.subjects.hair import CUTS, TILE_M, hair_picture, hair_shells
from cinescene.sets.subjects.hats import hat_shells
from cinescene.sets.subjects.parts import Part, body_part, cloth_part, collected, shell_part
from cinescene.sets.subjects.person import Person
from cinescene.sets.subjects.rig import vertex_weights
from cinescene.sets.subjects.shoes import SHOES, shoe_shells
from cinescene.sets.subjects.skin import FaceLook, eye_chart, eye_picture, face_picture, skin_chart
from cinescene.sets.subjects.skirts import SKIRTS, SkirtCut, skirt_of
from cinescene.sets.subjects.surface import Surface, chosen, hemmed, part_of

COVERED_M = 0.022
"""What lies so far inside a garment is left out."""
TUCKED_M = 0.10
SHORT_JACKET = 0.13
"""Where a jacket over a skirt ends: above the hips, where skirts still lie close."""
NECK_HEM_M = 0.028
"""How far the edges of tops turn in: enough to reach the neck."""
COLLARS = {"shirt": 0.030, "jacket": 0.042, "coat": 0.046}
"""Height of the collar of those garments that have one, metres."""
BANDS = {"shirt": 0.013, "jacket": 0.010, "coat": 0.016}
"""Half the width of the band down the front."""


def dressed_parts(form: DressForm, person: Person) -> tuple[Part, ...]:
    """All parts of a person, one a material."""
    rack = _Rack(form, person)
    rack.hang_legs()
    rack.hang_top()
    rack.hang_outer()
    rack.hang_extras()
    return collected([*rack.body(), *rack.parts, *_shoes(form, person), *_head(form, person)])


class _Rack:
    """Garments from the inside out: ``worn`` are their loosened suits, ``covered`` tells what skin they hide."""

    def __init__(self, form: DressForm, person: Person) -> None:
        self.form, self.person, self.outfit = form, person, person.outfit
        self.parts: list[Part] = []
        self.worn: list[Surface] = [form.suit]
        self.skin = part_of(form.vertices, vertex_weights(), skin_chart().source[skin_chart().triangles])
        self.covered = np.zeros(len(skin_chart().triangles), dtype=bool)

    def hang_legs(self) -> None:
        pattern = LEGS.get(self.outfit.bottom)
        if pattern is not None:
            loose = loosened_legs(self.form, pattern)
            self._add(hemmed(cut_legs(self.form, pattern, loose)), self.outfit.bottom_cloth)
            self.worn.append(loose)
            self._cover(leg_field(self.form, self.skin, pattern))

    def hang_top(self) -> None:
        skirt = self._skirt()
        pattern = TOPS[self.outfit.top]
        if skirt is not None:
            pattern = replace(pattern, hem=skirt.waist - TUCKED_M)
        loose = loosened_top(self.form, pattern, self.worn[1:])
        garment = cut_top(self.form, pattern, loose)
        if self.outfit.outer != "none":
            garment = self._peeping(garment, TOPS[self.outfit.outer])
        self._add(hemmed(garment, NECK_HEM_M), self.outfit.top_cloth)
        self._trim(garment, self.outfit.top, self.outfit.top_cloth, lapels=self.outfit.outer == "none")
        self.worn.append(loose)
        self._cover(top_field(self.form, self.skin, pattern))
        if skirt is not None and not self.outfit.hides_skirt:
            cloth = self.outfit.top_cloth if self.outfit.top == "dress" else self.outfit.bottom_cloth
            hanging = skirt_of(self.form, skirt, loose)
            self.parts.append(shell_part(hanging.shell, cloth_material(cloth), hanging))

    def hang_outer(self) -> None:
        if self.outfit.outer_cloth is None:
            return
        cloth, pattern = self.outfit.outer_cloth, TOPS[self.outfit.outer]
        inner = self._skirt()
        if self.outfit.outer == "jacket" and inner is not None:
            pattern = replace(pattern, hem=SHORT_JACKET, loose_m=pattern.loose_m + 0.008)
        loose = loosened_top(self.form, pattern, self.worn[1:])
        garment = cut_top(self.form, pattern, loose)
        self._add(hemmed(garment, NECK_HEM_M), cloth)
        self._trim(garment, self.outfit.outer, cloth, lapels=True)
        self.worn.append(loose)
        self._cover(top_field(self.form, self.skin, pattern))
        if self.outfit.outer == "coat":
            tails = SKIRTS["coat"]
            if inner is not None:
                tails = replace(tails, flare=inner.flare, end=max(tails.end, inner.end + 0.05))
            hanging = skirt_of(self.form, tails, loose)
            self.parts.append(shell_part(hanging.shell, cloth_material(cloth), hanging))
            self._add(hemmed(collars.belt(self.form, loose, tails.waist - 0.01)), _edging(cloth))

    def hang_extras(self) -> None:
        if self.outfit.backpack is not None:
            material = cloth_material(self.outfit.backpack)
            bag = [collars.rucksack(self.form, self.worn[-1]), hemmed(collars.straps(self.form, self.worn[-1]), 0.006)]
            self.parts += [cloth_part(self.form, piece, material) for piece in bag]
        if self.outfit.scarf is not None:
            self.parts.append(shell_part(collars.scarf(self.form, self.worn[-1]), cloth_material(self.outfit.scarf)))

    def body(self) -> list[Part]:
        """Skin that shows, and eyes."""
        person = self.person
        look = FaceLook(
            skin=person.skin,
            hair=person.hair.colour,
            eyes=person.eyes,
            lips=0.25 + 0.4 * person.body.femininity,
            stubble=person.hair.beard,
            seed=person.seed,
        )
        skin = Material(albedo=face_picture(look), specular=0.04, shininess=14.0)
        eyes = Material(albedo=eye_picture(person.eyes), specular=0.6, shininess=80.0)
        feet = self.form.leg(self.skin) > 2.02
        hidden = self.covered | feet[self.skin.triangles].all(axis=1)
        vertices, weights = self.form.vertices, vertex_weights()
        parts = [body_part(vertices, weights, skin_chart(), ~hidden, skin)]
        for side in ("l", "r"):
            chart = eye_chart(side)
            parts.append(body_part(vertices, weights, chart, np.ones(len(chart.triangles), dtype=bool), eyes))
        return parts

    def _skirt(self) -> SkirtCut | None:
        return SKIRTS.get("dress" if self.outfit.top == "dress" else self.outfit.bottom)

    def _add(self, garment: Surface, cloth: Cloth) -> None:
        self.parts.append(cloth_part(self.form, garment, cloth_material(cloth)))

    def _trim(self, garment: Surface, name: str, cloth: Cloth, lapels: bool) -> None:
        """Collar and front band, in the garment's own cloth but the band a shade apart."""
        if name in COLLARS and lapels:
            self._add(collars.collar(self.form, garment, COLLARS[name]), cloth)
        if name in BANDS and lapels:
            self._add(collars.front_band(self.form, garment, BANDS[name]), _edging(cloth))

    def _peeping(self, garment: Surface, over: TopCut) -> Surface:
        """What shows of a garment at the neck of the one over it."""
        field = top_field(self.form, garment, over)
        return chosen(garment, (field[garment.triangles] < 2 * COVERED_M).any(axis=1) & self._high(garment))

    def _high(self, garment: Surface) -> np.ndarray:
        return (garment.positions[garment.triangles, 2] > self.form.height(0.5)).all(axis=1)

    def _cover(self, field: np.ndarray) -> None:
        body = share_of(self.skin, ("head",)) < 0.2
        self.covered |= ((field > COVERED_M) & body)[self.skin.triangles].all(axis=1)


def _shoes(form: DressForm, person: Person) -> list[Part]:
    uppers, soles = shoe_shells(form, SHOES[person.outfit.footwear])
    leather = cloth_material(Cloth(colour=person.outfit.shoe_colour, pattern="leather"))
    pale = person.outfit.footwear == "sneakers"
    rubber = cloth_material(Cloth(colour=(0.86, 0.85, 0.82) if pale else (0.10, 0.08, 0.07)))
    return [*(shell_part(shell, leather) for shell in uppers), *(shell_part(shell, rubber) for shell in soles)]


def _head(form: DressForm, person: Person) -> list[Part]:
    outfit, hair = person.outfit, person.hair
    strands = Material(
        albedo=hair_picture(hair.colour, person.seed), metres_per_tile=TILE_M, specular=0.12, shininess=24.0
    )
    shells = hair_shells(form, CUTS[hair.cut], person.seed, under_hat=outfit.headwear != "none")
    parts = [shell_part(shell, strands) for shell in shells]
    if outfit.headwear != "none" and outfit.headwear_cloth is not None:
        felt = cloth_material(outfit.headwear_cloth)
        parts += [shell_part(shell, felt) for shell in hat_shells(form, outfit.headwear)]
    return parts


def _edging(cloth: Cloth) -> Cloth:
    """The same cloth a shade darker, or lighter where it is dark, without its pattern."""
    factor = 0.8 if sum(cloth.colour) > 0.6 else 1.5
    r, g, b = (min(c * factor, 1.0) for c in cloth.colour)
    return replace(cloth, pattern="plain", colour=(r, g, b))
