// World positions are taken relative to the eye first: floats are finest near zero.

uniform mat4 clip_from_offset;
uniform vec3 eye;
uniform uint subject_bit;

in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in uint in_material;   // number

out vec3 normal;
out vec2 uv;
out float depth;
flat out uint material;   // and the subject's bit

void main() {
    gl_Position = clip_from_offset * vec4(in_position - eye, 1.0);
    normal = in_normal;
    uv = in_uv;
    depth = gl_Position.w;
    material = in_material | subject_bit;
}
