"""Materials on the graphics device: one texture array, a row of looks, and the numbers that vertices carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from cinescene.errors import InputError
from cinescene.sets.mesh import Material

FIRST_PLAIN, SKY = 512, 1023
"""Numbers of textured materials lie below the first, of plain ones between them; as in ``shaders/packing.glsl``."""
SUBJECT_PLACES = 64
SMALLEST_TEXTURE_PX = 64
_NEAREST, _LINEAR, _TRILINEAR = 0x2600, 0x2601, 0x2703


def linear_from_srgb(srgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


_LINEAR16 = np.round(65535 * linear_from_srgb(np.arange(256) / 255)).astype(np.uint16)


class MaterialLibrary:
    """Uploads each material object once and gives the number by which vertices name it.

    Textures are kept as linear 16-bit numbers, so that filtering averages light, and are brought to the size of the
    set's largest one (at most ``largest_texture_px``). Textured materials are numbered by their layer, plain ones from
    ``FIRST_PLAIN`` on. The set's materials stay; those of subjects are dropped when their places run out and the
    current frame does not use them.
    """

    def __init__(self, context: Any, materials: Sequence[Material], largest_texture_px: int) -> None:
        self._context = context
        self._static = list({id(material): material for material in materials}.values())
        textured = sum(_is_textured(material) for material in self._static)
        for count, kind, most in (
            (textured, "textured", FIRST_PLAIN - SUBJECT_PLACES),
            (len(self._static) - textured, "plain", SKY - FIRST_PLAIN - SUBJECT_PLACES),
        ):
            if count > most:
                raise InputError(
                    f"set: expected at most {most} {kind} materials, got {count}; let meshes share material objects"
                )
        sides = [max(m.albedo.shape[:2]) for m in self._static if _is_textured(m)]
        self.texture_px = min(max([SMALLEST_TEXTURE_PX, *sides]), largest_texture_px)
        self._subjects: list[Material] = []
        self._numbers: dict[int, int] = {}
        self.looks = context.texture((SKY + 1, 1), 2, dtype="u4")
        self.looks.filter = (_NEAREST, _NEAREST)
        self.layers = max(1, len(sides))
        self.textures = self._new_textures()
        self._place()

    def numbers(self, materials: Sequence[Material]) -> list[int]:
        """The number of each material; new ones are uploaded."""
        if any(id(material) not in self._numbers for material in materials):
            self._admit(list({id(m): m for m in materials if all(m is not s for s in self._static)}.values()))
        return [self._numbers[id(material)] for material in materials]

    def release(self) -> None:
        self.textures.release()
        self.looks.release()

    def _admit(self, wanted: list[Material]) -> None:
        if len(wanted) > SUBJECT_PLACES:
            raise InputError(f"subjects: expected at most {SUBJECT_PLACES} materials in a frame, got {len(wanted)}")
        known = {id(material) for material in self._subjects}
        kept = self._subjects + [m for m in wanted if id(m) not in known]
        self._subjects = kept if len(kept) <= SUBJECT_PLACES else wanted
        textured = sum(_is_textured(m) for m in [*self._static, *self._subjects])
        if textured > self.layers:
            self.layers = textured + 8
            self.textures.release()
            self.textures = self._new_textures()
        self._place()

    def _new_textures(self) -> Any:
        textures = self._context.texture_array((self.texture_px, self.texture_px, self.layers), 4, dtype="nu2")
        textures.filter = (_TRILINEAR, _LINEAR)
        self._on_layer: list[Material | None] = [None] * self.layers
        return textures

    def _place(self) -> None:
        """Numbers all materials, uploads textures whose layer shows another one, and renews the mip levels."""
        self._numbers.clear()
        looks = np.zeros((SKY + 1, 2), dtype=np.uint32)
        materials = [*self._static, *self._subjects]
        textured = [material for material in materials if _is_textured(material)]
        changed = False
        for layer, material in enumerate(textured):
            self._numbers[id(material)] = layer
            looks[layer] = 0, gloss_word(material)
            if self._on_layer[layer] is not material:
                viewport = (0, 0, layer, self.texture_px, self.texture_px, 1)
                self.textures.write(_texels(material.albedo, self.texture_px), viewport=viewport)
                self._on_layer[layer] = material
                changed = True
        plain = [material for material in materials if not _is_textured(material)]
        for number, material in enumerate(plain, start=FIRST_PLAIN):
            self._numbers[id(material)] = number
            looks[number] = _colour_word(material), gloss_word(material)
        self.looks.write(looks)
        if changed:
            self.textures.build_mipmaps()


def gloss_word(material: Material) -> int:
    """Highlight strength in 63rds (6 bits), four times the base-2 logarithm of its exponent (6 bits), and emission as
    a half without its sign and three last bits (12 bits)."""
    strength = int(np.clip(round(63 * material.specular), 0, 63))
    exponent = int(np.clip(round(4 * math.log2(max(material.shininess, 1.0))), 0, 63))
    half = int(np.array(max(material.emission, 0.0) * (1 + 2.0**-9), dtype=np.float16).view(np.uint16))
    return strength | exponent << 6 | (half >> 3) << 12


def _colour_word(material: Material) -> int:
    """A plain colour as linear square roots, 11 + 11 + 10 bits; see `pack_colour` in shaders/packing.glsl."""
    root = np.sqrt(_LINEAR16[material.albedo[0, 0]] / 65535)
    red, green, blue = (int(n) for n in np.round(root * [2047, 2047, 1023]))
    return red | green << 11 | blue << 22


def _is_textured(material: Material) -> bool:
    return max(material.albedo.shape[:2]) > 1


def _texels(albedo: np.ndarray, size_px: int) -> bytes:
    """A texture as linear 16-bit RGBA, lowest row first, resampled as the tile that it is if its size differs."""
    height, width = albedo.shape[:2]
    linear = _LINEAR16[albedo]
    if (height, width) != (size_px, size_px):
        margin = 4
        wrapped = np.pad(linear.astype(np.float32), ((margin, margin), (margin, margin), (0, 0)), mode="wrap")
        box = (margin, margin, margin + width, margin + height)
        channels = [
            np.asarray(Image.fromarray(wrapped[..., c]).resize((size_px, size_px), Image.Resampling.BICUBIC, box))
            for c in range(3)
        ]
        linear = np.clip(np.round(np.stack(channels, axis=-1)), 0, 65535).astype(np.uint16)
    alpha = np.full((*linear.shape[:2], 1), 65535, dtype=np.uint16)
    return np.concatenate([linear[::-1], alpha], axis=-1).tobytes()
