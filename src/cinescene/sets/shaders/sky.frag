#include "packing.glsl"
#include "tone.glsl"

uniform sampler2D sky;
uniform float exposure;
uniform vec3 ray_origin, ray_per_u, ray_per_v;
uniform vec2 sky_texels_per_rad;

in vec2 pixel;

layout(location = 0) out uint pattern_word;
layout(location = 1) out uint normal_word;
layout(location = 2) out uint depth_word;

const float PI = 3.14159265358979;

void main() {
    vec3 ray = ray_origin + pixel.x * ray_per_u + pixel.y * ray_per_v;
    float pixel_rad = length(ray_per_u) / length(ray);
    vec3 direction = normalize(ray);
    vec2 place = vec2(0.5 + atan(direction.x, direction.y) / (2.0 * PI), 0.5 - asin(clamp(direction.z, -1.0, 1.0)) / PI);
    float level = log2(max(pixel_rad * max(sky_texels_per_rad.x, sky_texels_per_rad.y), 1.0));
    vec3 radiance = textureLod(sky, place, level).rgb;
    pattern_word = pack_colour(tone_mapped(exposure * radiance));
    normal_word = SKY_MATERIAL << 22;
    depth_word = floatBitsToUint(SKY_DEPTH);
}
