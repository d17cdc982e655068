// One sample of the geometry buffer, in three words:
//   x  texture coordinates in tiles, 2 × 16 bits; of the sky the packed colour instead
//   y  unit normal, octahedral, 2 × 11 bits; material number, 10 bits; numbers of textured materials are their layers
//   z  z-depth in metres as a float whose sign bit marks a subject and whose last seven bits are the mip level of the
//      texture for one pixel, where 1 tile = 1 texel, in eighths, offset by 112
// Plain colour and gloss of a material are two words in a row of all materials.
// Octahedral normals: Cigolle et al., "A Survey of Efficient Representations for Independent Unit Vectors", 2014.

const uint FIRST_PLAIN_MATERIAL = 512u;
const uint SKY_MATERIAL = 1023u;
const float SKY_DEPTH = 1073741824.0;
const uint SUBJECT_BIT = 0x80000000u;
const uint LEVEL_BITS = 127u;

uint pack_depth(float z, uint level, uint subject_bit) {
    return ((floatBitsToUint(z) + 64u) & ~LEVEL_BITS) | level | subject_bit;
}

float unpack_depth(uint word) {
    return uintBitsToFloat(word & ~(SUBJECT_BIT | LEVEL_BITS));
}

vec4 unpack_depths(uvec4 words) {
    return uintBitsToFloat(words & ~(SUBJECT_BIT | LEVEL_BITS));
}

float unpack_mip_level(uint word) {
    return (float(word & LEVEL_BITS) - 112.0) / 8.0;
}

uint pack_normal(vec3 n, uint material) {
    n /= abs(n.x) + abs(n.y) + abs(n.z);
    vec2 side = vec2(n.x >= 0.0 ? 1.0 : -1.0, n.y >= 0.0 ? 1.0 : -1.0);
    vec2 e = n.z >= 0.0 ? n.xy : (1.0 - abs(n.yx)) * side;
    uvec2 q = uvec2(e * 1023.0 + 1024.5);
    return q.x | (q.y << 11) | (material << 22);
}

vec3 unpack_normal(uint word) {
    vec2 e = vec2(word & 2047u, (word >> 11) & 2047u) * (1.0 / 1023.0) - 1024.0 / 1023.0;
    vec3 n = vec3(e, 1.0 - abs(e.x) - abs(e.y));
    float fold = max(-n.z, 0.0);
    n.xy += vec2(n.x >= 0.0 ? -fold : fold, n.y >= 0.0 ? -fold : fold);
    return normalize(n);
}

// Linear colour in [0, 1] as square roots, 11 + 11 + 10 bits: even steps to the eye.
uint pack_colour(vec3 colour) {
    uvec3 q = uvec3(sqrt(clamp(colour, 0.0, 1.0)) * vec3(2047.0, 2047.0, 1023.0) + 0.5);
    return q.x | (q.y << 11) | (q.z << 22);
}

vec3 unpack_colour(uint word) {
    vec3 root = vec3(word & 2047u, (word >> 11) & 2047u, word >> 22) / vec3(2047.0, 2047.0, 1023.0);
    return root * root;
}

// Strength and exponent of the highlight, and emission, from 6 + 6 + 12 bits; see `gloss_word` in gl_materials.py.
vec3 unpack_gloss(uint word) {
    float strength = float(word & 63u) * (1.0 / 63.0);
    float exponent = exp2(float((word >> 6) & 63u) * 0.25);
    float emission = unpackHalf2x16((word >> 12) << 3).x;
    return vec3(strength, exponent, emission);
}
