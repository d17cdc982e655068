#include "packing.glsl"

in vec3 normal;
in vec2 uv;
in float depth;
flat in uint material;   // and the subject's bit

layout(location = 0) out uint pattern_word;
layout(location = 1) out uint normal_word;
layout(location = 2) out uint depth_word;

// The level whose texels are as large as a pixel, between the longer side of its footprint and the geometric mean of
// both, and half a level finer: the tent filter of nearby samples takes care of the rest. Measured against pictures
// averaged from 36 times as many pixels, this is 3 dB closer than the longer side alone.
//
// The leading bits of a float are its binary logarithm, in quarters for the square of a length, to 0.04 levels.
uint packed_mip_level() {
    vec2 across = dFdx(uv), down = dFdy(uv);
    float longer = max(dot(across, across), dot(down, down));
    float area = abs(across.x * down.y - across.y * down.x);
    float squared = 0.5 * max(area, 0.25 * longer) * float(SUPERSAMPLING * SUPERSAMPLING);
    return uint(clamp(int(floatBitsToUint(squared) >> 21) - 396, 0, 127));
}

uint packed_uv() {
    uvec2 q = uvec2(fract(uv) * 65536.0);
    return q.x | (q.y << 16);
}

void main() {
    pattern_word = packed_uv();
    normal_word = pack_normal(normal, material & ~SUBJECT_BIT);
    depth_word = pack_depth(depth, packed_mip_level(), material & SUBJECT_BIT);
}
