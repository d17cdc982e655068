// Light on a point, in linear RGB: sun with shadows, lamps, sky and ground light dimmed where surfaces stand close.
// A surface of albedo a under light l of unit cosine sends back a·l.

uniform vec3 eye;
uniform vec3 ambient_up, ambient_down;

uniform vec3 sun_direction, sun_colour;
uniform sampler2DShadow shadow_atlas;
uniform mat4x3 whole_texels_from_world, focus_texels_from_world, subject_texels_from_world;  // and depth in [0, 1]
uniform vec4 whole_bounds_px, focus_bounds_px, subject_bounds_px;     // least and greatest x, y that can be looked up
uniform vec3 texel_m;                                                 // of the whole, the focus and the subjects' tile

#if LAMPS > 0
uniform vec4 lamp_place[LAMPS];                                       // position, radius
uniform vec3 lamp_colour[LAMPS];
#endif

uniform sampler3D openness;                                           // L1 spherical harmonics of free directions
uniform vec3 openness_origin, openness_scale;
uniform float openness_step_m;

uniform vec4 occluder[MAX_OCCLUDERS];                                 // spheres that stand for subjects
uniform int occluder_count;
uniform vec3 occluded_low, occluded_high;                             // box outside which they have no effect


bool within(vec3 place, vec4 bounds_px) {
    return all(greaterThan(place.xy, bounds_px.xy)) && all(lessThan(place.xy, bounds_px.zw));
}

// Shares of sunlight that the set and the subjects let through, each over a square of 3×3 texels placed with subtexel
// precision: 16 comparisons in 4 gathers. The set has a fine tile for its middle and a coarse one for all of it.
//
// Points are looked up a little off their surface, by as many texels as take the whole filter off it, sideways too:
// neither does a surface shade itself, nor does light creep in where two walls meet.
//
// One loop for all gathers, and no `if`: software drivers run both sides of an `if` for every pixel but leave a loop
// when no pixel of a group goes on, which surfaces that face away from the sun do after one turn. What is blocked is
// summed rather than what is let through, so that no shadow is exactly 1.
vec2 sunlight(vec3 point, vec3 n, float cosine) {
    float sine = sqrt(max(1.0 - cosine * cosine, 0.0));
    vec3 lift = n * (2.2 / max(sine, 0.55));
    vec3 in_whole = whole_texels_from_world * vec4(point + lift * texel_m.x, 1.0);
    vec3 in_focus = focus_texels_from_world * vec4(point + lift * texel_m.y, 1.0);
    vec3 in_subject = subject_texels_from_world * vec4(point + lift * texel_m.z, 1.0);
    bool focused = within(in_focus, focus_bounds_px);
    vec3 place = focused ? in_focus : in_whole;
    vec4 bounds_px = focused ? focus_bounds_px : whole_bounds_px;
    int count = cosine > 0.0 ? (within(in_subject, subject_bounds_px) ? 8 : 4) : 1;

    vec2 texel = 1.0 / vec2(textureSize(shadow_atlas, 0));
    vec3 corner = vec3(clamp(place.xy, bounds_px.xy, bounds_px.zw) - 0.5, clamp(place.z, 0.0, 1.0));
    vec2 sums = vec2(0.0);
    int i = 0;
    while (true) {
        vec2 base = floor(corner.xy), f = corner.xy - base;
        bool right = (i & 1) != 0, low = (i & 2) != 0;
        vec2 shift = vec2(right ? 2.0 : 0.0, low ? 2.0 : 0.0);
        vec4 blocked = 1.0 - textureGather(shadow_atlas, (base + shift) * texel, corner.z);
        vec2 across = right ? vec2(1.0, f.x) : vec2(1.0 - f.x, 1.0);
        vec2 down = low ? vec2(1.0, f.y) : vec2(1.0 - f.y, 1.0);
        float share = dot(vec2(dot(blocked.wz, across), dot(blocked.xy, across)), down);
        sums += i < 4 ? vec2(share, 0.0) : vec2(0.0, share);
        i++;
        if (i >= count) break;
        corner = i < 4 ? corner : vec3(in_subject.xy - 0.5, clamp(in_subject.z, 0.0, 1.0));
    }
    return 1.0 - sums / 9.0;
}

// Light that spheres near a surface keep from it: Quilez, "Sphere ambient occlusion", 2010; for a sphere above the
// horizon it is exact. Subtracting a floor gives it an end, outside which pixels stay what they were.
float kept_by_subjects(vec3 point, vec3 n) {
    bool near = all(greaterThan(point, occluded_low)) && all(lessThan(point, occluded_high));
    int count = near ? occluder_count : 0;
    float kept = 0.0;
    for (int i = 0; i < count; i++) {
        vec3 way = occluder[i].xyz - point;
        float squared = dot(way, way), radius = occluder[i].w;
        float share = max(dot(n, way), 0.0) * inversesqrt(squared) * radius * radius / max(squared, radius * radius);
        kept += max(share - LEAST_OCCLUSION, 0.0);
    }
    return min(kept, 0.9);
}

float open_to_sky(vec3 point, vec3 n) {
    vec4 field = texture(openness, (point + n * openness_step_m - openness_origin) * openness_scale);
    return clamp(field.a + dot(field.rgb * 2.0 - 1.0, n), 0.0, 1.0);
}

// Blinn–Phong, its power of the cosine written as a Gaussian (Lagarde, "Spherical Gaussian approximation", 2012).
float highlight(vec3 n, vec3 toward_light, vec3 toward_eye, float shininess) {
    float cosine = dot(n, normalize(toward_light + toward_eye));
    return (shininess + 8.0) / 8.0 * exp(shininess * (cosine - 1.0));
}

// Light sent back to the eye; `affected` becomes 1 where it is not what it would be without subjects.
vec3 lit(vec3 point, vec3 n, vec3 albedo, vec3 gloss, bool subject, inout float affected) {
    vec3 toward_eye = normalize(eye - point);
    float kept = subject ? 0.0 : kept_by_subjects(point, n);
    vec3 diffuse = mix(ambient_down, ambient_up, n.z * 0.5 + 0.5) * open_to_sky(point, n);
    vec3 specular = vec3(0.0);
#if LAMPS > 0
    for (int i = 0; i < LAMPS; i++) {
        vec3 way = lamp_place[i].xyz - point;
        float squared = dot(way, way), radius = lamp_place[i].w;
        vec3 toward_lamp = way * inversesqrt(squared);
        vec3 arriving = lamp_colour[i] * (max(dot(n, toward_lamp), 0.0) / max(squared, radius * radius));
        diffuse += arriving;
#if SPECULAR
        specular += arriving * highlight(n, toward_lamp, toward_eye, gloss.y);
#endif
    }
#endif
    diffuse *= 1.0 - kept;
    specular *= 1.0 - kept;
    affected = kept > 0.0 ? 1.0 : affected;
#if SUN
    float cosine = dot(n, sun_direction);
    vec2 seen = sunlight(point, n, cosine);
    affected = cosine > 0.0 && seen.x > 0.0 && seen.y != 1.0 ? 1.0 : affected;
    vec3 arriving = sun_colour * (max(cosine, 0.0) * seen.x * seen.y);
    diffuse += arriving;
#if SPECULAR
    specular += arriving * highlight(n, sun_direction, toward_eye, gloss.y);
#endif
#endif
    return albedo * (diffuse + gloss.z) + gloss.x * specular;
}
