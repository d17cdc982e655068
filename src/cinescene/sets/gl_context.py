"""A headless OpenGL context."""

from __future__ import annotations

from typing import Any

from cinescene.errors import MissingDependencyError
from cinescene.sets.gl_program import MINIMUM_GL_VERSION


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
