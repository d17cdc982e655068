"""Numbers reach shaders by whatever way they are sent."""

from __future__ import annotations

import numpy as np
import pytest

from cinescene.sets.gl_context import create_context
from cinescene.sets.gl_program import PackedNumbers, takes_flat_inputs
from tests.sets.staging import with_opengl

VERTEX = """
in vec2 in_corner;
void main() {
    gl_Position = vec4(in_corner, 0.0, 1.0);
}
"""
FRAGMENT = """
uniform float one;
uniform vec3 left, right;   // of a product
uniform mat3 turn;
#if COUNT > 0
uniform vec4 many[COUNT];
#endif
uniform vec2 last;
layout(location = 0) out vec4 found;
void main() {
    found = vec4(turn * left * right, one + last.x - last.y);
#if COUNT > 0
    for (int i = 0; i < COUNT; i++) found += float(i + 1) * many[i];
#endif
}
"""


@pytest.mark.parametrize("count", [0, 3, 40])
@pytest.mark.parametrize("inputs", [0, 1, 2, 30])
def test_shaders_find_every_number(count: int, inputs: int) -> None:
    context = with_opengl(create_context)
    if inputs and not takes_flat_inputs(context.info["GL_RENDERER"]):
        pytest.skip("this driver is not given flat inputs")
    generator = np.random.default_rng(count)
    left, right, turn = generator.random(3), generator.random(3), generator.random((3, 3)).astype(np.float32)
    many, last = generator.random((count, 4)).astype(np.float32), generator.random(2)
    packed = PackedNumbers.declared_in(FRAGMENT, {"COUNT": count})
    vertex, fragment = packed.rewritten(VERTEX, FRAGMENT, inputs)
    header = f"#version 420 core\n#define COUNT {count}\n"
    with context:
        program = context.program(vertex_shader=header + vertex, fragment_shader=header + fragment)
        assert packed.take({"one": 0.5, "left": tuple(left), "right": tuple(right), "unknown": 3.0})
        assert packed.take({"turn": np.ascontiguousarray(turn.T).tobytes(), "many": many.tobytes(), "last": last})
        assert not packed.take({"unknown": 3.0})
        numbers = packed.values[: program["numbers"].array_length]
        program["numbers"].write(numbers.tobytes())
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], dtype=np.float32).tobytes())
        picture = context.framebuffer([context.texture((1, 1), 4, dtype="f4")])
        picture.use()
        context.vertex_array(program, [(corners, "2f4", "in_corner")]).render()
        found = np.frombuffer(picture.read(components=4, dtype="f4"), dtype=np.float32)
    context.release()
    expected = np.append(turn @ left * right, 0.5 + last[0] - last[1])
    expected = expected + (np.arange(1, count + 1)[:, None] * many).sum(0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
