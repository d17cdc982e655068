"""EXR and Radiance pictures, and their tone mapping to displayable ones."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinescene.errors import InputError
from cinescene.scene.images import load_image, picture_info
from cinescene.scene.radiance import read_radiance
from cinescene.scene.tone_mapping import (
    REC709_CHROMATICITIES,
    LinearPicture,
    ToneMapping,
    rec709_from_primaries,
    srgb_from_linear,
    tone_mapped,
)

AS_IS = ToneMapping(auto_exposure=False, curve="clip")


def linear(light: np.ndarray) -> LinearPicture:
    return LinearPicture(
        width_px=light.shape[1], height_px=light.shape[0], rows=lambda a, b: light[a:b].astype(np.float32)
    )


def light_of(seed: int, height: int = 24, width: int = 40) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.exp(random.normal(0, 1.5, (height, width, 3))).astype(np.float32)


def rgbe(light: np.ndarray) -> np.ndarray:
    """Ward's coding: the largest component's exponent, mantissas cut to 8 bits."""
    mantissa, exponent = np.frexp(light.max(-1))
    coded = np.zeros((*light.shape[:2], 4), dtype=np.uint8)
    coded[..., :3] = light * (mantissa * 256 / light.max(-1))[..., None]
    coded[..., 3] = exponent + 128
    return coded


def header(size: str, *lines: str) -> bytes:
    return "\n".join(["#?RADIANCE", *lines, "FORMAT=32-bit_rle_rgbe", "", size, ""]).encode()


# ---- Radiance --------------------------------------------------------------------------------------------------------


def test_flat_radiance_pictures_keep_their_light_to_eight_bits(tmp_path: Path) -> None:
    light = light_of(0)
    path = tmp_path / "a.hdr"
    path.write_bytes(header("-Y 24 +X 40", "EXPOSURE=1.0", "# a = comment") + rgbe(light).tobytes())
    found = read_radiance(path).rows(0, 24)
    assert (np.abs(found - light) < light.max(-1, keepdims=True) / 250).all()


def test_radiance_equals_an_independent_reader_and_writer(tmp_path: Path) -> None:
    """OpenCV writes run-length coded files."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    light = light_of(1, 32, 64)
    light[5:9] = 0.25
    light[:, 10:50] = light[:, 10:11]
    path = tmp_path / "coded.hdr"
    cv2.imwrite(str(path), light[..., ::-1])
    expected = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]
    found = read_radiance(path).rows(0, 32)
    assert (np.abs(found - expected) < expected.max(-1, keepdims=True) / 250).all()


def planar(coded: np.ndarray, run: bool) -> bytes:
    """New run-length coding with runs where asked and possible, else literals."""
    rows = []
    for row in coded:
        width = len(row)
        out = bytearray([2, 2, width >> 8, width & 255])
        for component in row.T:
            x = 0
            while x < width:
                count = 1
                while run and x + count < width and count < 127 and component[x + count] == component[x]:
                    count += 1
                out += bytes([128 + count, component[x]]) if count > 1 else bytes([1, component[x]])
                x += count
        rows.append(bytes(out))
    return b"".join(rows)


def pixelwise(coded: np.ndarray) -> bytes:
    """Old run-length coding: (1, 1, 1, n) repeats the last pixel n << 8 k times, for the k-th such in a row."""
    out = bytearray()
    for row in coded:
        x = 0
        while x < len(row):
            count = 0
            while x + 1 + count < len(row) and (row[x + 1 + count] == row[x]).all():
                count += 1
            out += row[x].tobytes()
            rest, shift = count, 0
            while rest:
                out += bytes([1, 1, 1, rest & 255])
                rest >>= 8
                shift += 8
            x += 1 + count
    return bytes(out)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), width=st.integers(8, 300), height=st.integers(1, 6), values=st.integers(1, 4))
def test_every_coding_gives_the_same_pixels(
    tmp_path_factory: pytest.TempPathFactory, seed: int, width: int, height: int, values: int
) -> None:
    coded = np.random.default_rng(seed).integers(2, 2 + values, (height, width, 4)).astype(np.uint8)
    coded[..., 0] += 5
    path = tmp_path_factory.mktemp("hdr") / "a.hdr"
    found = []
    for data in (coded.tobytes(), planar(coded, True), planar(coded, False), pixelwise(coded)):
        path.write_bytes(header(f"-Y {height} +X {width}") + data)
        found.append(read_radiance(path).rows(0, height))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_radiance_rows_and_columns_that_run_backwards(tmp_path: Path) -> None:
    coded = rgbe(light_of(2))
    path = tmp_path / "a.hdr"
    path.write_bytes(header("-Y 24 +X 40") + coded.tobytes())
    upright = read_radiance(path).rows(0, 24)
    for size, turned in (("+Y 24 +X 40", upright[::-1]), ("-Y 24 -X 40", upright[:, ::-1])):
        path.write_bytes(header(size) + coded.tobytes())
        np.testing.assert_array_equal(read_radiance(path).rows(0, 24), turned)


def test_radiance_in_xyz_shows_white_as_white(tmp_path: Path) -> None:
    path = tmp_path / "a.hdr"
    equal = np.full((16, 16, 4), 128, dtype=np.uint8)
    path.write_bytes(header("-Y 16 +X 16").replace(b"rgbe", b"xyze") + equal.tobytes())
    found = read_radiance(path).rows(0, 16)
    np.testing.assert_allclose(found, found[0, 0, 1], rtol=1e-3)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: d[: len(d) // 2], "cut short in row"),
        (lambda d: d[:30], "header is damaged"),
        (lambda d: d.replace(b"-Y 24 +X 40", b"+X 40 -Y 24"), "expected a resolution"),
        (lambda d: d.replace(b"32-bit_rle_rgbe", b"24-bit_nonsense"), "expected FORMAT"),
        (lambda d: d.replace(b"-Y 24 +X 40", b"-Y 20000 +X 40000"), "800 megapixels"),
    ],
)
def test_damaged_radiance_pictures_are_named(tmp_path: Path, damage, words: str) -> None:
    path = tmp_path / "sky.hdr"
    path.write_bytes(damage(header("-Y 24 +X 40") + planar(rgbe(light_of(3)), True)))
    with pytest.raises(InputError, match=words) as caught:
        load_image(path)
    assert "sky.hdr" in str(caught.value)


# ---- OpenEXR ---------------------------------------------------------------------------------------------------------


def write_exr(path: Path, channels: dict, **header_fields: object) -> None:
    exr = pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    exr.File({"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage, **header_fields}, channels).write(
        str(path)
    )


@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_exr_values_arrive_as_srgb(tmp_path: Path, kind: str) -> None:
    light = np.random.default_rng(0).random((20, 40, 3)).astype(kind)
    path = tmp_path / "é a.exr"
    write_exr(path, {"RGB": light})
    found = load_image(path, AS_IS).pixels.movedim(0, -1).numpy()
    expected = srgb_from_linear(light.astype(np.float32)) * 255
    assert np.abs(found - expected).max() <= 0.501


def test_exr_layers_luminance_and_windows(tmp_path: Path) -> None:
    light = np.random.default_rng(0).random((20, 40, 3)).astype(np.float32)
    rgb = {f"beauty.{name}": np.ascontiguousarray(light[..., i]) for i, name in enumerate("RGB")}
    write_exr(tmp_path / "layers.exr", {**rgb, "Z": light[..., 0].copy()})
    write_exr(tmp_path / "plain.exr", {"RGB": light})
    plain = load_image(tmp_path / "plain.exr", AS_IS).pixels
    assert (load_image(tmp_path / "layers.exr", AS_IS).pixels == plain).all()
    write_exr(tmp_path / "grey.exr", {"Y": light[..., 0].copy()})
    grey = load_image(tmp_path / "grey.exr", AS_IS).pixels
    assert (grey == plain[:1]).all()
    corners = [np.array(c, dtype=np.int32) for c in ((0, 0), (59, 29), (5, -3), (44, 16))]
    write_exr(
        tmp_path / "window.exr",
        {"RGB": light},
        displayWindow=(corners[0], corners[1]),
        dataWindow=(corners[2], corners[3]),
    )
    placed = load_image(tmp_path / "window.exr", AS_IS).pixels
    assert placed.shape == (3, 30, 60)
    assert (placed[:, :17, 5:45] == plain[:, 3:]).all()
    assert int(placed.sum()) == int(plain[:, 3:].sum())


def test_exr_primaries_are_converted(tmp_path: Path) -> None:
    """ACES AP0 (SMPTE ST 2065-1): its white is our white; its pure green is outside Rec. 709."""
    ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    light = np.full((16, 16, 3), 0.5, dtype=np.float32)
    light[0] = (0, 0.5, 0)
    write_exr(tmp_path / "aces.exr", {"RGB": light}, chromaticities=ap0)
    found = load_image(tmp_path / "aces.exr", AS_IS).pixels
    assert int(found[:, 1:].max()) - int(found[:, 1:].min()) <= 1
    assert found[0, 0].max() == 0
    assert found[1, 0].min() > 188


def test_exr_without_a_picture_or_whole_data_is_explained(tmp_path: Path) -> None:
    write_exr(tmp_path / "depth.exr", {"Z": np.ones((20, 20), dtype=np.float32)})
    with pytest.raises(InputError, match=r"depth\.exr: expected an EXR with channels R, G and B.*: Z"):
        load_image(tmp_path / "depth.exr")
    noise = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    write_exr(tmp_path / "whole.exr", {"RGB": noise})
    data = (tmp_path / "whole.exr").read_bytes()
    for share in (0.005, 0.5, 0.95):
        (tmp_path / "part.exr").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(InputError, match=r"part\.exr: expected"):
            load_image(tmp_path / "part.exr")


def test_huge_exr_is_refused_by_its_header(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"RGB": np.zeros((16, 16, 3), dtype=np.float16)})
    data = (tmp_path / "a.exr").read_bytes()
    huge = data.replace(np.int32([0, 0, 15, 15]).tobytes(), np.int32([0, 0, 59_999, 29_999]).tobytes())
    (tmp_path / "a.exr").write_bytes(huge)
    with pytest.raises(InputError, match=r"1800 megapixels|cannot be read"):
        picture_info(tmp_path / "a.exr")


# ---- tone mapping ----------------------------------------------------------------------------------------------------


def test_clip_without_exposure_is_the_srgb_transfer_function() -> None:
    light = np.linspace(0, 2, 30).repeat(3).reshape(1, 30, 3)
    found, _ = tone_mapped(linear(light), AS_IS)
    value = np.clip(light, 0, 1)
    expected = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055) * 255
    np.testing.assert_allclose(found, expected, atol=0.51)


@given(st.floats(-8, 8))
def test_automatic_exposure_makes_pictures_independent_of_their_unit_of_light(stops: float) -> None:
    light = light_of(4)
    first, _ = tone_mapped(linear(light), ToneMapping())
    second, _ = tone_mapped(linear(light * 2.0**stops), ToneMapping())
    assert np.abs(first.astype(int) - second).max() <= 1


def test_exposure_orders_pictures_and_the_curve_keeps_highlights_apart() -> None:
    light = light_of(5)
    dark, normal, bright = (tone_mapped(linear(light), ToneMapping(exposure_ev=ev))[0] for ev in (-2, 0, 2))
    assert dark.mean() < normal.mean() < bright.mean()
    ramp = np.geomspace(0.01, 50, 64).repeat(3).reshape(1, 64, 3)
    curved, _ = tone_mapped(linear(ramp), ToneMapping(auto_exposure=False))
    clipped, _ = tone_mapped(linear(ramp), AS_IS)
    assert (np.diff(curved[0, :, 0].astype(int)) >= 0).all()
    assert (curved < 255).mean() > (clipped < 255).mean()


def test_pictures_with_nothing_brighter_than_white_keep_their_tones() -> None:
    light = np.random.default_rng(0).random((32, 32, 3)) * 0.99
    curved, _ = tone_mapped(linear(light), ToneMapping(auto_exposure=False))
    clipped, _ = tone_mapped(linear(light), AS_IS)
    assert np.abs(curved.astype(int) - clipped).max() <= 1


def test_nan_infinity_and_negative_light_are_mended_and_counted() -> None:
    light = light_of(6)
    light[0, 0], light[0, 1], light[0, 2] = math.nan, math.inf, -1
    found, notes = tone_mapped(linear(light), ToneMapping())
    assert found[0, 0].max() == 0
    assert found[0, 1].min() == 255
    assert found[0, 2].max() == 0
    assert notes[0].startswith("2 pixels held NaN or infinity")
    black, _ = tone_mapped(linear(np.zeros((16, 16, 3))), ToneMapping())
    assert black.max() == 0


def test_primaries_of_rec709_change_nothing_and_impossible_ones_are_refused() -> None:
    np.testing.assert_allclose(rec709_from_primaries(REC709_CHROMATICITIES), np.eye(3), atol=1e-6)
    for bad in ((0.3,) * 8, (0.0,) * 8, (0.1, 0.2)):
        with pytest.raises(InputError, match=r"chromaticities|primaries"):
            rec709_from_primaries(bad)


@pytest.mark.parametrize("bad", [{"exposure_ev": math.nan}, {"exposure_ev": 99}, {"curve": "filmic"}])
def test_impossible_tone_mappings_are_refused(bad: dict) -> None:
    with pytest.raises((InputError, TypeError)):
        ToneMapping(**bad)
