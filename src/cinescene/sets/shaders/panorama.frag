// One face of a cube to the pixels of an equirectangular picture that it covers. Colour is the mean of TAPS × TAPS
// filtered points of the pixel. Depth becomes distance: on a surface 1/z is linear on the face, so it is interpolated
// where the four texels agree, and taken from the nearest one at an edge.

#include "packing.glsl"
#include "tone.glsl"

uniform sampler2D face_colour;
uniform sampler2D face_depth;
uniform mat3 face_from_camera;
uniform float face_focal_px, face_centre_px;
uniform vec2 picture_px;

layout(location = 0) out vec4 colour;
layout(location = 1) out float signed_distance;

const float PI = 3.14159265358979;
const float AGREEMENT = 0.05;

float inverse_depth(vec4 inverse, vec2 f) {
    return mix(mix(inverse.w, inverse.z, f.x), mix(inverse.x, inverse.y, f.x), f.y);
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

    vec2 place = centre.xy / centre.z * face_focal_px + face_centre_px;
    vec2 base = floor(place - 0.5), f = place - 0.5 - base;
    vec4 depths = textureGather(face_depth, (base + 1.0) * texel, 0);
    vec4 inverse = 1.0 / depths;
    float least = min(min(inverse.x, inverse.y), min(inverse.z, inverse.w));
    float most = max(max(inverse.x, inverse.y), max(inverse.z, inverse.w));
    float nearest = texelFetch(face_depth, ivec2(place), 0).r;
    bool agree = least * most > 0.0 && most - least < AGREEMENT * max(abs(least), abs(most));
    float depth = agree ? 1.0 / inverse_depth(inverse, f) : nearest;
    signed_distance = depth * length(vec3(centre.xy / centre.z, 1.0));
}
