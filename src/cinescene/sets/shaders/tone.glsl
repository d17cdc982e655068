// Scene light to the screen. The tone curve is the identity up to KNEE and then an exponential shoulder that
// approaches 1 with a continuous slope, so that nothing clips and mid-tones keep the colours of their textures.

const float KNEE = 0.5;

vec3 tone_mapped(vec3 light) {
    vec3 over = max(light - KNEE, 0.0);
    return min(light, KNEE) + (1.0 - KNEE) * (1.0 - exp(-over / (1.0 - KNEE)));
}

// IEC 61966-2-1, linear [0, 1] to sRGB. The power is written with roots, which drivers have fast: the combination nearest
// to it, fitted by linear programming, is off by 4.5e-5 at most.
vec3 srgb_encoded(vec3 linear) {
    vec3 low = linear * 12.92;
    vec3 root = sqrt(linear), fourth = sqrt(root), eighth = sqrt(fourth);
    vec3 high = 0.6423751 * root + 0.7121022 * fourth - 0.3368672 * eighth - 0.0175672 * linear;
    return mix(high, low, lessThanEqual(linear, vec3(0.0031308)));
}
