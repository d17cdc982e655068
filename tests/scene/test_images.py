"""One picture from a file: formats, orientation, depth, transparency, limits, damage."""

import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from cinescene.errors import InputError
from cinescene.scene.images import load_image, picture_format, picture_info

RAMP = np.stack(np.meshgrid(np.linspace(0, 255, 48), np.linspace(0, 255, 32)), axis=-1)
RGB = np.concatenate([RAMP, np.full((32, 48, 1), 90)], axis=-1).astype(np.uint8)


def pixels(path: Path) -> np.ndarray:
    return load_image(path).pixels.movedim(0, -1).numpy()


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_formats_give_the_stored_values(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, **({"lossless": True} if suffix == "webp" else {}))
    picture = load_image(path)
    assert picture.pixels.dtype == torch.uint8
    assert (picture.info.width_px, picture.info.height_px) == (48, 32)
    np.testing.assert_array_equal(pixels(path), RGB)
    torch.testing.assert_close(picture.as_float() * 255, picture.pixels.float())


@pytest.mark.parametrize("name", ["a b.jpg", "é è/写真 №1.jpg", "no_suffix", "wrong.png"])
def test_names_do_not_matter_only_content_does(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(RGB).save(path, format="JPEG", quality=98, subsampling=0)
    assert load_image(path).info.format == "JPEG"
    assert np.abs(pixels(path).astype(int) - RGB).mean() < 1


def test_heic_where_its_library_is_installed(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(RGB)).save(path, quality=95)
    assert load_image(path).info.format == "HEIC"
    assert np.abs(pixels(path).astype(int) - RGB).mean() < 3


def test_avif_where_pillow_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a.avif"
    try:
        Image.fromarray(RGB).save(path, quality=95)
    except (KeyError, ValueError, OSError):
        pytest.skip("this Pillow has no AVIF codec")
    assert load_image(path).info.format == "AVIF"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int) -> None:
    """Stores the picture turned as a camera would, with the tag that says so."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    Image.fromarray(np.ascontiguousarray(undo(RGB))).save(path, exif=exif, quality=98, subsampling=0)
    info = picture_info(path)
    assert (info.width_px, info.height_px) == (48, 32)
    assert np.abs(pixels(path).astype(int) - RGB).mean() < 1


def test_sixteen_bit_grey_palette_one_bit_and_cmyk(tmp_path: Path) -> None:
    deep = (RGB[..., 0].astype(np.uint16)) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(pixels(tmp_path / "deep.png"), np.repeat(RGB[..., :1], 3, axis=-1))
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    np.testing.assert_array_equal(pixels(tmp_path / "deep.tif"), np.repeat(RGB[..., :1], 3, axis=-1))
    Image.fromarray(RGB[..., 1]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(pixels(tmp_path / "grey.png"), np.repeat(RGB[..., 1:2], 3, axis=-1))
    paletted = Image.fromarray(RGB).quantize(16)
    paletted.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(pixels(tmp_path / "palette.png"), np.asarray(paletted.convert("RGB")))
    Image.fromarray(RGB[..., 0] > 100).save(tmp_path / "bits.png")
    assert set(np.unique(pixels(tmp_path / "bits.png"))) == {0, 255}
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "print.jpg", quality=98)
    assert np.abs(pixels(tmp_path / "print.jpg").astype(int) - RGB).mean() < 3


def test_sixteen_bit_colour(tmp_path: Path) -> None:
    """A 16-bit RGB PNG, which Pillow cannot write, put together by hand."""
    deep = RGB.astype(">u2") * 257
    raw = b"".join(b"\0" + row.tobytes() for row in deep)
    path = tmp_path / "deep.png"
    path.write_bytes(png(48, 32, raw, depth=16))
    assert np.abs(pixels(path).astype(int) - RGB).max() <= 1


def png(width: int, height: int, raw: bytes, depth: int = 8) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def test_transparency_is_shown_on_white_and_said(tmp_path: Path) -> None:
    alpha = np.full((32, 48, 1), 255, dtype=np.uint8)
    alpha[:, :24] = 0
    path = tmp_path / "cut out.png"
    Image.fromarray(np.concatenate([RGB, alpha], axis=-1)).save(path)
    found = pixels(path)
    assert (found[:, :24] == 255).all()
    np.testing.assert_array_equal(found[:, 24:], RGB[:, 24:])
    assert "transparent" in " ".join(load_image(path).info.notes)
    alpha[:] = 255
    Image.fromarray(np.concatenate([RGB, alpha], axis=-1)).save(path)
    assert load_image(path).info.notes == ()


def test_embedded_colour_profiles_are_converted_to_srgb(tmp_path: Path) -> None:
    """A Lab profile is the one foreign profile that littleCMS makes itself; D50 Lab to sRGB has known values."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = Image.new("LAB", (32, 32), (round(53.585 * 2.55), 128, 128))
    path = tmp_path / "lab.tif"
    grey.save(path, icc_profile=lab)
    assert np.abs(pixels(path).astype(int) - 128).max() <= 2
    broken = tmp_path / "broken profile.png"
    Image.fromarray(RGB).save(broken, icc_profile=b"not a profile")
    np.testing.assert_array_equal(pixels(broken), RGB)
    assert "colour profile" in " ".join(load_image(broken).info.notes)


def lens_exif(**tags: float) -> Image.Exif:
    numbers = {"focal_mm": 0x920A, "focal_35mm": 0xA405, "width": 0xA002, "height": 0xA003, "per_unit": 0xA20E}
    exif = Image.Exif()
    ifd = exif.get_ifd(0x8769)
    for name, value in tags.items():
        ifd[(numbers | {"unit": 0xA210})[name]] = value
    return exif


@pytest.mark.parametrize(
    ("tags", "expected_px"),
    [
        ({"focal_35mm": 24}, 24 / math.hypot(36, 24) * math.hypot(1200, 800)),
        ({"focal_mm": 50.0, "per_unit": 5080.0, "unit": 2}, 50 * 200),
        ({"focal_mm": 50.0, "per_unit": 2000.0, "unit": 3}, 50 * 200),
        ({"focal_mm": 50.0, "per_unit": 200.0, "unit": 4, "width": 2400, "height": 1600}, 50 * 200 / 2),
        ({"focal_mm": 50.0}, None),
        ({"focal_35mm": 0}, None),
        ({"focal_35mm": 24, "width": 1600, "height": 1600}, None),
        ({}, None),
    ],
)
def test_focal_length_from_exif(tmp_path: Path, tags: dict, expected_px: float | None) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (1200, 800)).save(path, exif=lens_exif(**tags))
    found = picture_info(path).focal_px
    assert found == (None if expected_px is None else pytest.approx(expected_px, rel=1e-4))


def test_a_portrait_photo_has_the_same_focal_length_as_a_landscape_one(tmp_path: Path) -> None:
    exif = lens_exif(focal_35mm=35, width=1200, height=800)
    exif[0x0112] = 6
    Image.new("RGB", (1200, 800)).save(tmp_path / "portrait.jpg", exif=exif)
    info = picture_info(tmp_path / "portrait.jpg")
    assert (info.width_px, info.height_px) == (800, 1200)
    assert info.focal_px == pytest.approx(35 / 36 * 1200, rel=1e-4)


def test_photo_sphere_metadata_tells_a_partial_panorama(tmp_path: Path) -> None:
    def xmp(cropped_width: int, cropped_height: int) -> bytes:
        return (
            f'<rdf:Description GPano:ProjectionType="equirectangular" GPano:CroppedAreaImageWidthPixels='
            f'"{cropped_width}" GPano:CroppedAreaImageHeightPixels="{cropped_height}" '
            f'GPano:FullPanoWidthPixels="4000" GPano:FullPanoHeightPixels="2000"/>'
        ).encode()

    Image.new("RGB", (64, 32)).save(tmp_path / "part.jpg", xmp=xmp(2000, 1000))
    Image.new("RGB", (64, 32)).save(tmp_path / "full.jpg", xmp=xmp(4000, 2000))
    assert "180° × 90°" in (picture_info(tmp_path / "part.jpg").partial or "")
    assert picture_info(tmp_path / "full.jpg").partial is None


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(RGB).save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40)
    assert pixels(path).shape == (32, 48, 3)


def saved(suffix: str) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format=suffix)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_pictures_that_are_cut_short_are_named(tmp_path: Path, kind: str, share: float) -> None:
    whole = saved(kind)
    path = tmp_path / "half a picture.jpg"
    path.write_bytes(whole[: max(16, int(len(whole) * share))])
    with pytest.raises(InputError, match=r"half a picture\.jpg: .*(cut short|content is none|another size)") as caught:
        load_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"hello, this is no picture at all\n" * 10, b"\0" * 100, b"%PDF-1.7", b"\xff\xd8\xff"]
)
def test_files_that_are_no_pictures_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"notes\.jpg: (expected a picture|this picture is damaged)"):
        load_image(path)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for path, words in (
        (tmp_path / "none.png", "no such picture"),
        (tmp_path / "empty.png", "empty"),
        (tmp_path, "folder"),
    ):
        with pytest.raises(InputError, match=words):
            load_image(path)


def test_sizes_out_of_bounds_are_refused_before_decoding(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(InputError, match=r"dot\.png: expected a picture of at least 16×16 pixels, got 1×1"):
        load_image(tmp_path / "dot.png")
    for width, height, words in (
        (30_000, 30_000, "more than the 128 megapixels"),
        (12_000, 12_000, "144 megapixels, but at most 128"),
        (2_000_000_000, 1, "more than the 128 megapixels"),
        (70_000, 100, "65535 a side"),
    ):
        path = tmp_path / "bomb.png"
        path.write_bytes(png(width, height, b"\0" * 1000))
        with pytest.raises(InputError, match=words) as caught:
            load_image(path)
        assert "bomb.png" in str(caught.value)


def test_animations_and_floats_are_explained(tmp_path: Path) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())]
    frames[0].save(tmp_path / "two.webp", save_all=True, append_images=frames[1:], lossless=True)
    np.testing.assert_array_equal(pixels(tmp_path / "two.webp"), RGB)
    assert "first is used" in " ".join(load_image(tmp_path / "two.webp").info.notes)
    Image.fromarray(RGB[..., 0].astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(InputError, match=r"float\.tif: .*floating point"):
        load_image(tmp_path / "float.tif")


def test_content_is_recognised_without_decoding(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content, kind in (
        (b"#?RADIANCE\nFORMAT", "HDR"),
        (b"\x76\x2f\x31\x01\2\0\0\0", "EXR"),
        (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isomavc1", None),
        (b"GIF89a", None),
    ):
        path.write_bytes(content)
        assert picture_format(path) == kind
