// Lights the geometry buffer and filters its samples to pixels.
//
// A pixel is the weighted mean of the sample at its centre and six about it, half a pixel away (4 samples a pixel, shared
// with its neighbours). Samples on one surface are lit together, at the first of them; at most MAX_SURFACES a
// pixel, and none for a corner sample alone.

#include "packing.glsl"
#include "tone.glsl"
#include "lighting.glsl"

uniform usampler2D pattern_words, normal_words, depth_words;
uniform usampler2D materials;   // a row: plain colour, gloss
uniform sampler2DArray textures;
uniform float texture_levels;
uniform float exposure;
uniform vec2 sample_texel;   // 1 / size of the sample grid
uniform vec3 ray_origin, ray_per_u, ray_per_v;

in vec2 pixel;

layout(location = 0) out vec4 colour;
layout(location = 1) out float signed_depth;
#if NORMALS
layout(location = 2) out vec4 world_normal;
#endif

const int MAX_SURFACES = 3;
const float NORMAL_TOLERANCE = 120.0;

vec3 ray(vec2 px) {
    return ray_origin + px.x * ray_per_u + px.y * ray_per_v;
}

// Tone-mapped colour of one sample, seen along a ray with z = 1.
vec3 seen(uvec3 word, vec3 ray, vec3 n, inout float affected) {
    uint number = word.y >> 22;
    uvec2 look = texelFetch(materials, ivec2(number, 0), 0).xy;
    bool sky = number == SKY_MATERIAL;
    float level = unpack_mip_level(word.z) + texture_levels;
    vec3 texel = textureLod(textures, vec3(unpackUnorm2x16(word.x), float(number)), level).rgb;
    vec3 plain = unpack_colour(sky ? word.x : look.x);
    bool subject = (word.z & SUBJECT_BIT) != 0u;
    float changed = affected;
    vec3 albedo = number < FIRST_PLAIN_MATERIAL ? texel : plain;
    vec3 light = lit(eye + ray * unpack_depth(word.z), n, albedo, unpack_gloss(look.y), subject, changed);
    affected = sky ? affected : changed;
    return sky ? plain : tone_mapped(exposure * light);
}

#if SUPERSAMPLING == 1

vec3 filtered(out uint centre_normal, out uint centre_depth, out float affected) {
    ivec2 place = ivec2(gl_FragCoord.xy);
    uvec3 word = uvec3(
        texelFetch(pattern_words, place, 0).x, texelFetch(normal_words, place, 0).x, texelFetch(depth_words, place, 0).x
    );
    centre_normal = word.y;
    centre_depth = word.z;
    affected = float(word.z >> 31);
    return seen(word, ray(pixel), unpack_normal(word.y), affected);
}

#else

// The neighbours are the samples to the north, west, east and south, then those to the north-west and south-east; two
// gathers hold them all. Weights: 4 for the centre, 2 for sides, 1 for the two corners.
const vec4 SIDE_X = vec4(0.0, -0.5, 0.5, 0.0), SIDE_Y = vec4(-0.5, 0.0, 0.0, 0.5);
const vec2 CORNER_X = vec2(-0.5, 0.5), CORNER_Y = vec2(-0.5, 0.5);
const float ALL_WEIGHTS = 14.0;

struct Neighbours {
    uint centre;
    uvec4 side;
    uvec2 corner;
};

Neighbours arranged(uvec4 north_west, uvec4 south_east) {
    return Neighbours(
        north_west.y, uvec4(north_west.zx, south_east.zx), uvec2(north_west.w, south_east.y)
    );
}

// 1 for samples of the same material whose normals are near and which lie in the plane of the reference sample.
vec4 on_surface(uint reference, float plane, float tolerance, vec4 facing, uvec4 normals, vec4 depths) {
    vec4 across = vec4(normals & 2047u) - float(reference & 2047u);
    vec4 down = vec4((normals >> 11) & 2047u) - float((reference >> 11) & 2047u);
    vec4 similar = vec4(lessThan(across * across + down * down, vec4(NORMAL_TOLERANCE * NORMAL_TOLERANCE)));
    vec4 of_material = vec4(equal(normals >> 22, uvec4(reference >> 22)));
    return similar * of_material * vec4(lessThanEqual(abs(facing * depths - plane), vec4(tolerance)));
}

vec3 filtered(out uint centre_normal, out uint centre_depth, out float affected) {
    vec2 between = (floor(gl_FragCoord.xy) * 2.0 + 1.0) * sample_texel;
    Neighbours normal = arranged(textureGather(normal_words, between), textureGather(normal_words, between + sample_texel));
    Neighbours depth = arranged(textureGather(depth_words, between), textureGather(depth_words, between + sample_texel));
    centre_normal = normal.centre;
    centre_depth = depth.centre;
    uvec2 either = depth.side.xy | depth.side.zw | depth.corner;
    affected = float((depth.centre | either.x | either.y) >> 31);
    vec4 side_z = unpack_depths(depth.side);
    vec2 corner_z = unpack_depths(depth.corner.xyxy).xy;

    vec4 side_left = vec4(2.0);
    vec2 corner_left = vec2(1.0);
    float weight = 4.0;
    ivec2 offset = ivec2(0);
    uint reference = centre_normal, depth_word = centre_depth;
    vec3 centre_ray = ray(pixel);
    vec3 sum = vec3(0.0);
    for (int surface = 1; ; surface++) {
        vec3 n = unpack_normal(reference);
        float z = unpack_depth(depth_word);
        vec3 per_px = vec3(dot(n, ray_per_u), dot(n, ray_per_v), dot(n, centre_ray));
        vec2 off = 0.5 * vec2(offset);
        float plane = (per_px.z + dot(per_px.xy, off)) * z;
        float tolerance = reference >> 22 == SKY_MATERIAL ? 2.0 * SKY_DEPTH : 0.5 * length(ray_per_u) * z;
        vec4 side_facing = per_px.z + per_px.x * SIDE_X + per_px.y * SIDE_Y;
        vec2 corner_facing = per_px.z + per_px.x * CORNER_X + per_px.y * CORNER_Y;
        bool last = surface == MAX_SURFACES;
        vec4 side_on = on_surface(reference, plane, tolerance, side_facing, normal.side, side_z);
        vec2 corner_on = on_surface(
            reference, plane, tolerance, corner_facing.xyxy, normal.corner.xyxy, corner_z.xyxy
        ).xy;
        vec4 side_taken = last ? side_left : side_left * side_on;
        bool no_side_left = side_left == side_taken;
        vec2 corner_taken = last || no_side_left ? corner_left : corner_left * corner_on;
        weight += dot(side_taken, vec4(1.0)) + dot(corner_taken, vec2(1.0));

        ivec2 place = ivec2(gl_FragCoord.xy) * 2 + 1 + offset;
        uvec3 word = uvec3(texelFetch(pattern_words, place, 0).x, reference, depth_word);
        sum += weight * seen(word, ray(pixel + off), n, affected);
        weight = 0.0;
        side_left -= side_taken;
        corner_left -= corner_taken;
        if (dot(side_left, vec4(1.0)) + dot(corner_left, vec2(1.0)) == 0.0) break;

        bvec4 next = greaterThan(side_left, vec4(0.0));
        if (next.x) { offset = ivec2(0, -1); reference = normal.side.x; depth_word = depth.side.x; }
        else if (next.y) { offset = ivec2(-1, 0); reference = normal.side.y; depth_word = depth.side.y; }
        else if (next.z) { offset = ivec2(1, 0); reference = normal.side.z; depth_word = depth.side.z; }
        else if (next.w) { offset = ivec2(0, 1); reference = normal.side.w; depth_word = depth.side.w; }
        else if (corner_left.x > 0.0) { offset = ivec2(-1); reference = normal.corner.x; depth_word = depth.corner.x; }
        else { offset = ivec2(1); reference = normal.corner.y; depth_word = depth.corner.y; }
    }
    return sum / ALL_WEIGHTS;
}

#endif

void main() {
    uint normal_word, depth_word;
    float affected;
    vec3 light = filtered(normal_word, depth_word, affected);
    bool sky = normal_word >> 22 == SKY_MATERIAL;
#if ENCODED
    light = srgb_encoded(light);
#endif
    colour = vec4(light, affected);
    signed_depth = sky ? uintBitsToFloat(0x7f800000u) : uintBitsToFloat(depth_word & ~LEVEL_BITS);
#if NORMALS
    world_normal = vec4(sky ? vec3(0.0) : unpack_normal(normal_word), 0.0);
#endif
}
