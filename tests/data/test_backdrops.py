"""Panoramas as skies of a data set, and which renderer it was made with."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cinescene.cli import main
from cinescene.data.backdrops import Backdrop, backdrop_of_seed, list_backdrops, load_backdrop
from cinescene.data.documents import read_json
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import check_manifest
from cinescene.data.recipe import RenderMeans, RenderRecipe, preset
from cinescene.data.render_job import is_rendered, render_dataset, render_scene, scene_name
from cinescene.errors import InputError, MissingDependencyError
from cinescene.scene.images import load_image
from cinescene.sets.blender_process import VARIABLE
from cinescene.sets.description import SetDescription
from cinescene.sets.renderer import Renderer

SMALL = {"width_px": 96, "height_px": 64, "frames": 2, "frame_rate": 5.0, "clips": 1, "panorama_width_px": 128}


def save_panorama(path: Path, colour: tuple[int, int, int], width: int = 128) -> None:
    pixels = np.full((width // 2, width, 3), colour, dtype=np.uint8)
    pixels[width // 4 :] = (60, 50, 40)
    Image.fromarray(pixels).save(path)


def hdr(width: int, height: int, radiance: float) -> bytes:
    """A Radiance picture without run lengths: one value everywhere."""
    mantissa, exponent = np.frexp(radiance)
    pixel = bytes([int(mantissa * 256)] * 3) + struct.pack("B", int(exponent) + 128)
    return f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode() + pixel * (width * height)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    skies = tmp_path / "skies"
    skies.mkdir()
    save_panorama(skies / "green.png", (150, 190, 150))
    save_panorama(skies / "red.jpg", (200, 60, 60))
    (skies / "notes.txt").write_text("no picture")
    return skies


def test_a_folder_is_listed_by_name_and_content(folder: Path) -> None:
    listed = list_backdrops(folder)
    assert [backdrop.name for backdrop in listed] == ["green.png", "red.jpg"]
    assert len({backdrop.sha256 for backdrop in listed}) == 2
    assert load_backdrop(folder, listed[0])[0, 0].tolist() == [150, 190, 150]


def test_radiance_is_kept_linear_and_beyond_white(folder: Path) -> None:
    (folder / "sun.hdr").write_bytes(hdr(128, 64, 12.0))
    found = next(backdrop for backdrop in list_backdrops(folder) if backdrop.name == "sun.hdr")
    picture = load_backdrop(folder, found)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, 12.0, rtol=0.01)


def test_large_panoramas_are_averaged_down(folder: Path) -> None:
    save_panorama(folder / "large.png", (10, 20, 30), width=8192)
    found = next(backdrop for backdrop in list_backdrops(folder) if backdrop.name == "large.png")
    assert load_backdrop(folder, found).shape == (2048, 4096, 3)


def test_what_cannot_be_a_sky_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder"):
        list_backdrops(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found no picture"):
        list_backdrops(tmp_path / "empty")
    Image.new("RGB", (100, 100)).save(folder / "square.png")
    with pytest.raises(InputError, match=r"square\.png.*twice as wide as high"):
        list_backdrops(folder)


def test_a_seed_has_one_sky_and_all_skies_are_used() -> None:
    skies = tuple(Backdrop(name=f"{n}.png", sha256=str(n)) for n in range(3))
    drawn = [backdrop_of_seed(seed, skies) for seed in range(40)]
    assert drawn == [backdrop_of_seed(seed, skies) for seed in range(40)]
    assert {backdrop.name for backdrop, _ in drawn} == {"0.png", "1.png", "2.png"}
    assert len({turn for _, turn in drawn}) == 40


def test_recipes_without_backdrops_and_blender_are_what_they_were() -> None:
    assert sorted(preset("nano").to_json()) == sorted(
        [
            "width_px",
            "height_px",
            "frames",
            "frame_rate",
            "clips",
            "panorama_width_px",
            "shared_start",
            "kinds",
            "samples",
        ]
    )
    blender = RenderRecipe(renderer="blender", blender_samples=8).to_json()
    assert (blender["renderer"], blender["blender_samples"], "samples" in blender) == ("blender", 8, False)
    sky = RenderRecipe(backdrops=(Backdrop(name="a.png", sha256="0"),)).to_json()
    assert sky["backdrops"] == [{"name": "a.png", "sha256": "0"}]
    with pytest.raises(InputError, match="samples"):
        RenderRecipe(blender_samples=0)


def test_sets_stand_under_the_users_sky(folder: Path, tmp_path: Path) -> None:
    (folder / "red.jpg").unlink()
    recipe = RenderRecipe(**SMALL, kinds=("courtyard",), backdrops=list_backdrops(folder))  # type: ignore[arg-type]
    layout, means = DatasetLayout(tmp_path / "data"), RenderMeans(backdrops=folder)
    try:
        renderer = Renderer(96, 64)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    with renderer:
        with pytest.raises(InputError, match="--backdrops FOLDER"):
            render_scene(layout, 3, recipe, renderer)
        render_scene(layout, 3, recipe, renderer, means)
        assert check_manifest(layout, scene_name(3)) == []
        assert is_rendered(layout, 3, recipe)
        place = read_json(layout.set_file(scene_name(3)), "set file")["place"]
        sky = SetDescription.from_json(place["description"]).sky
        assert sky.backdrop == "green.png"
        assert sky.backdrop_turn_rad == backdrop_of_seed(3, recipe.backdrops)[1]
        zenith = load_image(layout.panorama_file(scene_name(3))).pixels[:, 0].float().mean(1)
        assert zenith[1] > 1.1 * zenith[0]
        save_panorama(folder / "green.png", (150, 190, 160))
        with pytest.raises(InputError, match=r"green\.png: is not the picture"):
            render_scene(layout, 3, recipe, renderer, means)


def test_a_job_with_other_skies_is_refused(folder: Path, tmp_path: Path) -> None:
    options = ["sets", "render", "-o", str(tmp_path / "data"), "--backdrops", str(folder)]
    recipe = RenderRecipe(**SMALL, backdrops=list_backdrops(folder))  # type: ignore[arg-type]
    render_dataset(tmp_path / "data", range(0), recipe, 1)
    save_panorama(folder / "red.jpg", (220, 60, 60))
    changed = RenderRecipe(**SMALL, backdrops=list_backdrops(folder))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"another recipe \(different: backdrops\)"):
        render_dataset(tmp_path / "data", range(1), changed, 1)
    with pytest.raises(InputError, match=r"different: backdrops"):
        render_dataset(tmp_path / "data", range(1), RenderRecipe(**SMALL), 1)  # type: ignore[arg-type]
    assert main([*options[:-1], str(tmp_path / "nowhere")]) == 2


def test_a_job_for_blender_without_blender_ends_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert main(["sets", "render", "-o", str(tmp_path / "data"), "--renderer", "blender"]) == 2
    assert "--blender PATH" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
