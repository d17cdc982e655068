"""A headless OpenGL context and the shader programs of the renderer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from cinescene.errors import MissingDependencyError

MINIMUM_GL_VERSION = 420


def create_context() -> Any:
    """A standalone ``moderngl`` context through EGL: on a GPU where there is one, else on Mesa's llvmpipe.

    Raises `MissingDependencyError` that names what to install if ``moderngl``, EGL or a driver is missing.
    """
    try:
        import moderngl
    except ImportError as error:
        raise MissingDependencyError(
            "rendering sets needs moderngl, which is not installed: pip install 'cinescene[sets]'"
        ) from error
    try:
        settings: dict[str, Any] = {"backend": "egl"}
        context = moderngl.create_context(standalone=True, **settings)
    except Exception as error:
        raise MissingDependencyError(
            f"rendering sets needs EGL and an OpenGL driver, but no context could be made ({error}): "
            "apt-get install libegl1 libgl1-mesa-dri libgl1"
        ) from error
    if context.version_code < MINIMUM_GL_VERSION:
        found = context.info["GL_VERSION"]
        context.release()
        raise MissingDependencyError(
            f"rendering sets needs OpenGL 4.2, but the driver offers {found}: apt-get install libegl1 libgl1-mesa-dri"
        )
    return context


class Program:
    """Two shaders of ``shaders/``, linked; ``defines`` become preprocessor constants.

    A line ``#include "name"`` of a shader is replaced by the file of that name.
    """

    def __init__(self, context: Any, vertex: str, fragment: str, defines: Mapping[str, float] | None = None) -> None:
        constants = "".join(f"#define {name} {value}\n" for name, value in (defines or {}).items())
        header = f"#version {MINIMUM_GL_VERSION} core\n{constants}"
        self.linked = context.program(
            vertex_shader=header + _shader_source(vertex), fragment_shader=header + _shader_source(fragment)
        )
        self._uniforms = {name: self.linked[name] for name in self.linked if hasattr(self.linked[name], "array_length")}

    def set(self, values: Mapping[str, Any]) -> None:
        """Writes those uniforms that the program has; bytes are written as they are.

        The compiler drops uniforms, and ends of arrays, that a variant of a shader does not use: absence is no mistake.
        """
        for name, value in values.items():
            uniform = self._uniforms.get(name)
            if uniform is None:
                continue
            if isinstance(value, bytes):
                uniform.write(value[: uniform.array_length * uniform.element_size])
            else:
                uniform.value = value

    def release(self) -> None:
        self.linked.release()


def _shader_source(name: str) -> str:
    text = (resources.files("cinescene.sets") / "shaders" / name).read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        included = line.removeprefix("#include ").strip('" ') if line.startswith("#include ") else None
        lines.append(_shader_source(included) if included else line)
    return "\n".join(lines) + "\n"
