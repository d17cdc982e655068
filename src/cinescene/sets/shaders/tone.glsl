// Scene light to the screen. The tone curve is the identity up to KNEE and then an exponential shoulder that
// approaches 1 with a continuous slope, so that nothing clips and mid-tones keep the colours of their textures.

const float KNEE = 0.5;

vec3 tone_mapped(vec3 light) {
    vec3 over = max(light - KNEE, 0.0);
    return min(light, KNEE) + (1.0 - KNEE) * (1.0 - exp(-over / (1.0 - KNEE)));
}

// IEC 61966-2-1, linear [0, 1] to sRGB.
vec3 srgb_encoded(vec3 linear) {
    vec3 low = linear * 12.92;
    vec3 high = 1.055 * pow(max(linear, vec3(0.0031308)), vec3(1.0 / 2.4)) - 0.055;
    return mix(high, low, lessThanEqual(linear, vec3(0.0031308)));
}
