"""Shader programs, and how numbers reach them.

A uniform is loaded anew for every group of pixels, and Mesa's llvmpipe 22.3 does that lane by lane, some thirty
instructions a number: a shader that lights with a hundred numbers spent a third of its time so. A flat input costs one.
Programs that cover the screen are therefore rewritten: uniform numbers of their fragment shader become variables that
are set from flat inputs, four numbers each, which the vertex shader copies from one uniform array. What finds no place
there is read from the array: all of it on GPUs, where uniforms are fast, and where llvmpipe computes with 128 bits,
which corrupted memory with eight such inputs and more. Shaders are written with plain uniforms, declared at the start
of a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

MINIMUM_GL_VERSION = 420
SCREEN = "screen.vert"
_SIZES = {"float": 1, "vec2": 2, "vec3": 3, "vec4": 4, "mat3": 9}
_DECLARATION = re.compile(r"^uniform (float|vec2|vec3|vec4|mat3) ([^;]+);", re.MULTILINE)
_NAME = re.compile(r"(\w+)(?:\[(\w+)\])?")
_FLAT_INPUTS = 31
"""Of the 32 that llvmpipe has; one is interpolated."""


class Program:
    """Two shaders of ``shaders/``, linked; ``defines`` become preprocessor constants.

    A line ``#include "name"`` of a shader is replaced by the file of that name.
    """

    def __init__(self, context: Any, vertex: str, fragment: str, defines: Mapping[str, float] | None = None) -> None:
        defines = defines or {}
        constants = "".join(f"#define {name} {value}\n" for name, value in defines.items())
        header = f"#version {MINIMUM_GL_VERSION} core\n{constants}"
        vertex_source, fragment_source = _shader_source(vertex), _shader_source(fragment)
        self._numbers: PackedNumbers | None = None
        if vertex == SCREEN:
            self._numbers = PackedNumbers.declared_in(fragment_source, defines)
            inputs = _FLAT_INPUTS if takes_flat_inputs(context.info["GL_RENDERER"]) else 0
            vertex_source, fragment_source = self._numbers.rewritten(vertex_source, fragment_source, inputs)
        self.linked = context.program(vertex_shader=header + vertex_source, fragment_shader=header + fragment_source)
        self._uniforms = {name: self.linked[name] for name in self.linked if hasattr(self.linked[name], "array_length")}

    def set(self, values: Mapping[str, Any]) -> None:
        """Writes those uniforms that the program has; bytes are written as they are.

        The compiler drops uniforms, and ends of arrays, that a variant of a shader does not use: absence is no mistake.
        """
        if self._numbers is not None and self._numbers.take(values):
            self._write("numbers", self._numbers.values.tobytes())
        for name, value in values.items():
            self._write(name, value)

    def release(self) -> None:
        self.linked.release()

    def _write(self, name: str, value: Any) -> None:
        uniform = self._uniforms.get(name)
        if uniform is None:
            return
        if isinstance(value, bytes):
            uniform.write(value[: uniform.array_length * uniform.element_size])
        else:
            uniform.value = value


@dataclass(frozen=True)
class Place:
    """Where the numbers of a uniform start, its GLSL type, and of how many values it is an array (None: of none)."""

    first: int
    kind: str
    count: int | None

    @property
    def size(self) -> int:
        return _SIZES[self.kind] * (1 if self.count is None else self.count)


@dataclass(frozen=True, kw_only=True)
class PackedNumbers:
    """The uniform numbers of a fragment shader, one after another in four columns."""

    places: dict[str, Place]
    values: np.ndarray

    @classmethod
    def declared_in(cls, source: str, defines: Mapping[str, float]) -> PackedNumbers:
        """Those of a shader; names in brackets are looked up among the preprocessor's constants."""
        places: dict[str, Place] = {}
        used = 0
        for kind, names in _DECLARATION.findall(source):
            for name, count in _NAME.findall(names):
                places[name] = Place(used, kind, int(defines.get(count, count)) if count else None)
                used += places[name].size
        return cls(places=places, values=np.zeros((max(1, -(-used // 4)), 4), dtype=np.float32))

    def take(self, values: Mapping[str, Any]) -> bool:
        """Takes over what is among them (numbers, sequences, or bytes of 32-bit floats); whether anything was."""
        flat = self.values.reshape(-1)
        taken = self.places.keys() & values.keys()
        for name in taken:
            place, value = self.places[name], values[name]
            numbers = np.frombuffer(value, dtype=np.float32)[: place.size] if isinstance(value, bytes) else value
            flat[place.first : place.first + place.size] = numbers
        return bool(taken)

    def rewritten(self, vertex: str, fragment: str, inputs: int) -> tuple[str, str]:
        """Both shaders, with the numbers in so many flat ``inputs`` and what is left over in a uniform array."""
        rows = len(self.values)
        flat = min(rows, inputs)
        uniform = f"uniform vec4 numbers[{rows}];\n"
        declared = (f"flat in vec4 flat_numbers[{flat}];\n" if flat else "") + (uniform if rows > flat else "")
        sources = [f"flat_numbers[{row}]" if row < flat else f"numbers[{row}]" for row in range(rows)]
        scalars = [f"{source}.{axis}" for source in sources for axis in "xyzw"]
        statements = "".join(
            f"    {name} = {_expression(place, scalars)};\n" for name, place in self.places.items() if place.size
        )
        fragment = _DECLARATION.sub(self._as_variables, fragment)
        fragment = fragment.replace("void main() {\n", f"void main() {{\n{statements}", 1)
        if flat:
            copies = "".join(f"    flat_numbers[{row}] = numbers[{row}];\n" for row in range(flat))
            vertex = vertex.replace("void main() {\n", f"void main() {{\n{copies}", 1)
            vertex = f"{uniform}flat out vec4 flat_numbers[{flat}];\n{vertex}"
        return vertex, declared + fragment

    def _as_variables(self, declaration: re.Match[str]) -> str:
        kind, names = declaration.groups()
        kept = [match.group() for match in _NAME.finditer(names) if self.places[match[1]].size]
        return f"{kind} {', '.join(kept)};" if kept else ""


def _expression(place: Place, scalars: list[str]) -> str:
    size = _SIZES[place.kind]
    starts = range(place.first, place.first + place.size, size)
    items = [f"{place.kind}({', '.join(scalars[start : start + size])})" for start in starts]
    return items[0] if place.count is None else f"{place.kind}[{place.count}]({', '.join(items)})"


def takes_flat_inputs(renderer: str) -> bool:
    """Whether a driver, by its name for itself, is quick and safe with flat inputs."""
    return "llvmpipe" in renderer and "256 bits" in renderer


def _shader_source(name: str) -> str:
    text = (resources.files("cinescene.sets") / "shaders" / name).read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        included = line.removeprefix("#include ").strip('" ') if line.startswith("#include ") else None
        lines.append(_shader_source(included) if included else line)
    return "\n".join(lines) + "\n"
