#include "packing.glsl"

uniform uint subject_bit;

in vec3 normal;
in vec2 uv;
in float depth;
flat in uvec3 material;

layout(location = 0) out uvec4 packed_sample;

// The level whose texels are as large as a pixel, between the longer side of its footprint and the geometric mean of
// both, and half a level finer: the tent filter of nearby samples takes care of the rest. Measured against pictures
// averaged from 36 times as many pixels, this is 3 dB closer than the longer side alone.
uint packed_mip_level() {
    vec2 across = dFdx(uv), down = dFdy(uv);
    float longer = max(dot(across, across), dot(down, down));
    float area = abs(across.x * down.y - across.y * down.x);
    float squared = 0.5 * max(area, 0.25 * longer) * float(SUPERSAMPLING * SUPERSAMPLING);
    return uint(clamp(log2(squared) * 4.0 + 208.5, 0.0, 255.0));
}

void main() {
    packed_sample = uvec4(
        (material.z & PLAIN_BIT) != 0u ? material.y : packUnorm2x16(fract(uv)),
        pack_normal(normal, material.x),
        floatBitsToUint(depth) | subject_bit,
        packed_mip_level() | (material.z << 8)
    );
}
