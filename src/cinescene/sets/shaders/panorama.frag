// One face of a cube to the pixels of an equirectangular picture that it covers. Colour is the mean of TAPS × TAPS
// filtered points of the pixel. Distance is where the ray meets the plane of the nearest sample.

#include "packing.glsl"
#include "tone.glsl"

uniform sampler2D face_colour;
uniform sampler2D face_depth;
uniform sampler2D face_normal;
uniform mat3 face_from_camera, world_from_face;
uniform float face_focal_px, face_centre_px;
uniform vec2 picture_px;

layout(location = 0) out vec4 colour;
layout(location = 1) out float signed_distance;
layout(location = 2) out vec4 world_normal;

const float PI = 3.14159265358979;
const float FARTHEST_STEP = 0.5;

// Depth along a ray (z = 1) on the plane through a sample; the sample's own where they all but miss each other.
float depth_on_plane(vec3 ray, vec3 sample_ray, float depth, vec3 n) {
    float ratio = dot(n, sample_ray) / dot(n, ray);
    return abs(ratio - 1.0) < FARTHEST_STEP ? depth * ratio : depth;
}

void main() {
    vec2 angle = (gl_FragCoord.xy / picture_px - 0.5) * vec2(2.0 * PI, PI);
    vec2 c = cos(angle), s = sin(angle);
    vec3 centre = face_from_camera * vec3(c.y * s.x, s.y, c.y * c.x);
    if (centre.z < max(abs(centre.x), abs(centre.y))) discard;
    vec3 per_column = face_from_camera * vec3(c.y * c.x, 0.0, -c.y * s.x) * (2.0 * PI / picture_px.x);
    vec3 per_row = face_from_camera * vec3(-s.y * s.x, c.y, -s.y * c.x) * (PI / picture_px.y);
    vec2 texel = 1.0 / vec2(textureSize(face_colour, 0));

    vec4 sum = vec4(0.0);
    for (int i = 0; i < TAPS * TAPS; i++) {
        vec2 part = (vec2(i % TAPS, i / TAPS) + 0.5) / float(TAPS) - 0.5;
        vec3 ray = centre + part.x * per_column + part.y * per_row;
        vec2 place = ray.xy / ray.z * face_focal_px + face_centre_px;
        sum += textureLod(face_colour, place * texel, 0.0);
    }
    sum /= float(TAPS * TAPS);
    colour = vec4(srgb_encoded(sum.rgb), sum.a > 0.0 ? 1.0 : 0.0);

    vec3 ray = centre / centre.z;
    vec2 place = ray.xy * face_focal_px + face_centre_px;
    ivec2 nearest = ivec2(place);
    vec3 nearest_ray = vec3((vec2(nearest) + 0.5 - face_centre_px) / face_focal_px, 1.0);
    world_normal = texelFetch(face_normal, nearest, 0);
    float depth = texelFetch(face_depth, nearest, 0).r;
    signed_distance = depth_on_plane(ray, nearest_ray, depth, world_normal.xyz * world_from_face) * length(ray);
}
