"""Materials on the graphics device: the numbers that vertices carry, a row of looks, and which texture lies where."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cinescene.errors import InputError
from cinescene.sets.gl_textures import LINEAR16, TextureLayers
from cinescene.sets.mesh import Material

FIRST_PLAIN, SKY = 512, 1023
"""Numbers of textured materials lie below the first, of plain ones between them; as in ``shaders/packing.glsl``."""
SUBJECT_PLACES = 64
SUBJECT_LAYERS = 24
"""Layers kept for the textures of subjects: two dressed people have up to 20. More are made when a frame needs them."""
SMALLEST_TEXTURE_PX = 64
_NEAREST = 0x2600


class MaterialLibrary:
    """Gives each material object the number by which vertices name it, and uploads what is new.

    Textures are brought to the size of the set's largest one (at most ``largest_texture_px``). Textured materials are
    numbered by their layer, plain ones from ``FIRST_PLAIN`` on. The set's materials keep their numbers; a new one of a
    subject takes a free place or that of the oldest one which the current frame does not use.
    """

    def __init__(
        self, context: Any, textures: TextureLayers, materials: Sequence[Material], largest_texture_px: int
    ) -> None:
        static = _unique(materials)
        textured, plain = [m for m in static if _is_textured(m)], [m for m in static if not _is_textured(m)]
        for kind, found, most in (
            ("textured", textured, FIRST_PLAIN - SUBJECT_PLACES),
            ("plain", plain, SKY - FIRST_PLAIN - SUBJECT_PLACES),
        ):
            if len(found) > most:
                raise InputError(
                    f"set: expected at most {most} {kind} materials, got {len(found)}; "
                    "let meshes share material objects"
                )
        largest = max([SMALLEST_TEXTURE_PX, *(max(m.albedo.shape[:2]) for m in textured)])
        self.textures = textures
        self._texture_px = min(largest, largest_texture_px)
        self._static = dict(enumerate(textured)) | dict(enumerate(plain, start=FIRST_PLAIN))
        self._textured = _Places(len(textured), SUBJECT_LAYERS)
        self._plain = _Places(FIRST_PLAIN + len(plain), SUBJECT_PLACES)
        self.looks = context.texture((SKY + 1, 1), 2, dtype="u4")
        self.looks.filter = (_NEAREST, _NEAREST)
        self._upload()

    def numbers(self, materials: Sequence[Material]) -> list[int]:
        """The number of each material; new ones are uploaded.

        Raises `InputError` for more than ``SUBJECT_PLACES`` materials that are not the set's.
        """
        if any(id(material) not in self._numbers for material in materials):
            known = {id(material) for material in self._static.values()}
            self._admit([material for material in _unique(materials) if id(material) not in known])
        return [self._numbers[id(material)] for material in materials]

    def release(self) -> None:
        self.looks.release()

    def _admit(self, wanted: list[Material]) -> None:
        if len(wanted) > SUBJECT_PLACES:
            raise InputError(f"subjects: expected at most {SUBJECT_PLACES} materials in a frame, got {len(wanted)}")
        self._textured.seat([material for material in wanted if _is_textured(material)])
        self._plain.seat([material for material in wanted if not _is_textured(material)])
        self._upload()

    def _upload(self) -> None:
        placed = self._static | self._textured.held | self._plain.held
        self._numbers = {id(material): number for number, material in placed.items()}
        self.textures.make_room(self._texture_px, self._textured.end)
        self.textures.show({number: material for number, material in placed.items() if number < FIRST_PLAIN})
        looks = np.zeros((SKY + 1, 2), dtype=np.uint32)
        for number, material in placed.items():
            looks[number] = _colour_word(material) if number >= FIRST_PLAIN else 0, gloss_word(material)
        self.looks.write(looks)


class _Places:
    """Numbers that subjects' materials take in turns: ``count`` from ``first`` on, more if a frame needs them."""

    def __init__(self, first: int, count: int) -> None:
        self.first, self.end = first, first + count
        self.held: dict[int, Material] = {}

    def seat(self, wanted: Sequence[Material]) -> None:
        """A place for each; those that have one keep it."""
        self.end = max(self.end, self.first + len(wanted))
        seated = {id(material) for material in self.held.values()}
        asked = {id(material) for material in wanted}
        free = [number for number in range(self.first, self.end) if number not in self.held]
        free += [number for number, material in self.held.items() if id(material) not in asked]
        for number, material in zip(free, (m for m in wanted if id(m) not in seated), strict=False):
            self.held.pop(number, None)
            self.held[number] = material


def gloss_word(material: Material) -> int:
    """Highlight strength in 63rds (6 bits), four times the base-2 logarithm of its exponent (6 bits), and emission as
    a half without its sign and three last bits (12 bits)."""
    strength = int(np.clip(round(63 * material.specular), 0, 63))
    exponent = int(np.clip(round(4 * math.log2(max(material.shininess, 1.0))), 0, 63))
    half = int(np.array(max(material.emission, 0.0) * (1 + 2.0**-9), dtype=np.float16).view(np.uint16))
    return strength | exponent << 6 | (half >> 3) << 12


def _colour_word(material: Material) -> int:
    """A plain colour as linear square roots, 11 + 11 + 10 bits; see `pack_colour` in shaders/packing.glsl."""
    root = np.sqrt(LINEAR16[material.albedo[0, 0]] / 65535)
    red, green, blue = (int(n) for n in np.round(root * [2047, 2047, 1023]))
    return red | green << 11 | blue << 22


def _unique(materials: Iterable[Material]) -> list[Material]:
    return list({id(material): material for material in materials}.values())


def _is_textured(material: Material) -> bool:
    return max(material.albedo.shape[:2]) > 1
