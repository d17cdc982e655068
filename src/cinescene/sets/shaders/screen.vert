// One triangle that covers the screen, at the far plane; `pixel` are coordinates of the picture.

uniform vec2 first_px, span_px;

in vec2 in_corner;

out vec2 pixel;

void main() {
    gl_Position = vec4(in_corner, 1.0, 1.0);
    pixel = first_px + (in_corner * 0.5 + 0.5) * span_px;
}
