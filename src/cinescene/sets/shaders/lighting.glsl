// Light on a point, in linear RGB: sun with shadows, lamps, sky and ground light dimmed where surfaces stand close.
// A surface of albedo a under light l of unit cosine sends back a·l.

uniform vec3 eye;
uniform vec3 ambient_up, ambient_down;

uniform vec3 sun_direction, sun_colour;
uniform sampler2DShadow shadow_atlas;
uniform sampler2D shadow_range;                                  // least and greatest depth about RANGE_TEXELS² texels
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

// Shares of sunlight that the set and the subjects let through. The set has a fine tile for its middle and a coarse one
// for all of it.
//
// Points are looked up a little off their surface, by as many texels as take the whole filter off it, sideways too:
// neither does a surface shade itself, nor does light creep in where two walls meet. That is 2.8 / sine, as a polynomial.
//
// The filter is the share of a square of 3×3 texels, placed with subtexel precision, that is hidden from the sun: four
// steps of four comparisons for the set's tile, four for the subjects'. Where the least and greatest depth about a point
// tell that all of the set's comparisons come out alike, its steps are left out. Steps of a loop rather than an `if`:
// software drivers run both sides of an `if` for every pixel but leave a loop when no pixel of a group goes on. What is
// blocked is summed rather than what is let through, so that outside shadows it is exactly 0.
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
    place.z = clamp(place.z, 0.0, 1.0);
    in_subject.z = clamp(in_subject.z, 0.0, 1.0);
    vec2 range = texelFetch(shadow_range, ivec2(place.xy) / RANGE_TEXELS, 0).xy;
    bool dark = place.z > range.y || cosine <= 0.0, alike = dark || place.z < range.x;
    bool by_subject = !dark && within(in_subject, subject_bounds_px);
    int last = by_subject || alike ? 7 : 3;
    vec2 shares = vec2(0.0);
    for (int step = alike ? (by_subject ? 4 : 7) : 0; ; step++) {
        bool of_subject = step > 3;
        vec3 at = of_subject ? in_subject : place;
        vec2 base = floor(at.xy - 0.5), f = at.xy - 0.5 - base, part = vec2(step & 1, (step >> 1) & 1);
        vec4 hidden = 1.0 - textureGather(shadow_atlas, (base + 2.0 * part) * atlas_texel, at.z);
        vec2 first = mix(1.0 - f, vec2(1.0), part), second = mix(vec2(1.0), f, part);
        float share = first.y * dot(hidden.wz, vec2(first.x, second.x)) + second.y * dot(hidden.xy, vec2(first.x, second.x));
        shares += of_subject ? vec2(0.0, share) : vec2(share, 0.0);
        if (step == last) break;
    }
    shares *= 1.0 / 9.0;
    shares = vec2(alike ? float(dark) : shares.x, by_subject ? shares.y : 0.0);
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
