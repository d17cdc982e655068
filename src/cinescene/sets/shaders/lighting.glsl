// Light on a point, in linear RGB: sun with shadows, lamps, sky and ground light dimmed where surfaces stand close.
// A surface of albedo a under light l of unit cosine sends back a·l.

uniform vec3 eye;
uniform vec3 ambient_up, ambient_down;

uniform vec3 sun_direction, sun_colour;
uniform sampler2DShadow shadow_atlas;
uniform vec2 atlas_texel;                                         // 1 / its size
uniform mat3 light_from_world;                                   // rows: two directions across the sun's rays, and along
uniform vec3 whole_scale, focus_scale, subject_scale;            // light axes to atlas texels and depth in [0, 1]
uniform vec3 whole_shift, focus_shift, subject_shift;
uniform vec4 whole_bounds_px, focus_bounds_px, subject_bounds_px;  // least and greatest x, y that can be looked up
uniform vec3 texel_m;                                            // of the whole, the focus and the subjects' tile

#if LAMPS > 0
uniform vec4 lamp_place[LAMPS];                                       // position, 1 / squared radius
uniform vec3 lamp_colour[LAMPS];
#endif

uniform sampler3D openness;                                           // L1 spherical harmonics of free directions
uniform vec3 openness_origin, openness_scale;
uniform float openness_step_m;

uniform vec4 occluder[OCCLUDERS];                                     // spheres that stand for subjects: centre, squared radius

bool within(vec3 place, vec4 bounds_px) {
    return all(greaterThan(place.xy, bounds_px.xy)) && all(lessThan(place.xy, bounds_px.zw));
}

// Share of a square of 3×3 texels, placed with subtexel precision, that is hidden from the sun: 16 comparisons. What
// is blocked is summed rather than what is let through, so that no shadow is exactly 0.
float blocked(vec3 place) {
    vec2 base = floor(place.xy - 0.5), f = place.xy - 0.5 - base;
    base *= atlas_texel;
    vec4 a = 1.0 - textureGather(shadow_atlas, base, place.z);
    vec4 b = 1.0 - textureGather(shadow_atlas, base + vec2(2.0, 0.0) * atlas_texel, place.z);
    vec4 c = 1.0 - textureGather(shadow_atlas, base + vec2(0.0, 2.0) * atlas_texel, place.z);
    vec4 d = 1.0 - textureGather(shadow_atlas, base + vec2(2.0, 2.0) * atlas_texel, place.z);
    vec2 left = vec2(1.0 - f.x, 1.0), right = vec2(1.0, f.x);
    vec4 rows = vec4(
        dot(a.wz, left) + dot(b.wz, right), dot(a.xy, left) + dot(b.xy, right),
        dot(c.wz, left) + dot(d.wz, right), dot(c.xy, left) + dot(d.xy, right)
    );
    return dot(rows, vec4(1.0 - f.y, 1.0, 1.0, f.y)) * (1.0 / 9.0);
}

// Shares of sunlight that the set and the subjects let through. The set has a fine tile for its middle and a coarse one
// for all of it.
//
// Points are looked up a little off their surface, by as many texels as take the whole filter off it, sideways too:
// neither does a surface shade itself, nor does light creep in where two walls meet. That is 2.8 / sine, as a polynomial.
//
// A loop rather than an `if` leads to the subjects' tile: software drivers run both sides of an `if` for every pixel
// but leave a loop when no pixel of a group goes on.
vec2 sunlight(vec3 point, vec3 n, float cosine) {
    float squared = min(cosine * cosine, 0.7);
    float lift = 2.8 * (1.0 + 0.5 * squared + 0.9 * squared * squared);
    vec3 from_sun = light_from_world * point, lifted = light_from_world * n * lift;
    vec3 in_focus = (from_sun + lifted * texel_m.y) * focus_scale + focus_shift;
    vec3 in_subject = (from_sun + lifted * texel_m.z) * subject_scale + subject_shift;
    vec3 place = in_focus;
#if SUN_TILES > 1
    vec3 in_whole = (from_sun + lifted * texel_m.x) * whole_scale + whole_shift;
    in_whole.xy = clamp(in_whole.xy, whole_bounds_px.xy, whole_bounds_px.zw);
    place = within(in_focus, focus_bounds_px) ? in_focus : in_whole;
#else
    place.xy = clamp(place.xy, focus_bounds_px.xy, focus_bounds_px.zw);
#endif
    int count = cosine > 0.0 && within(in_subject, subject_bounds_px) ? 2 : 1;
    vec2 shares = vec2(0.0);
    int i = 0;
    while (true) {
        float share = blocked(vec3(place.xy, clamp(place.z, 0.0, 1.0)));
        shares = i == 0 ? vec2(share, 0.0) : vec2(shares.x, share);
        i++;
        if (i >= count) break;
        place = in_subject;
    }
    return 1.0 - shares;
}

// Light that spheres near a surface keep from it. A sphere of radius r at distance d, at an angle of cosine c from the
// normal, hides c·r²/d² (Quilez, "Sphere ambient occlusion", 2010). Written with the offset `way`, that is
// r²·dot(n, way)/d³; d³ is taken as (d² + r²)(d² + R²)/2R, exact to 10 % about d = R for small spheres and finite at 0,
// which spares a square root. Subtracting a floor gives it an end, outside which pixels stay what they were.
float kept_by_subjects(vec3 point, vec3 n) {
    float kept = 0.0;
    for (int i = 0; i < OCCLUDERS; i++) {
        vec3 way = occluder[i].xyz - point;
        float squared = dot(way, way), r2 = occluder[i].w;
        float far = squared + OCCLUSION_REACH_M * OCCLUSION_REACH_M;
        kept += 2.0 * OCCLUSION_REACH_M * r2 * max(dot(n, way), 0.0) / ((squared + r2) * far);
    }
    return clamp(kept - LEAST_OCCLUSION, 0.0, 0.9);
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
        float inverse = inversesqrt(dot(way, way));
        vec3 toward_lamp = way * inverse;
        vec3 arriving = lamp_colour[i] * (max(dot(n, toward_lamp), 0.0) * min(inverse * inverse, lamp_place[i].w));
        diffuse += arriving;
#if SPECULAR
        specular += arriving * highlight(n, toward_lamp, toward_eye, gloss.y);
#endif
    }
#endif
    diffuse *= 1.0 - kept;
    specular *= 1.0 - kept;
    affected = kept > 0.0 ? 1.0 : affected;
#if SUN_TILES > 0
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
