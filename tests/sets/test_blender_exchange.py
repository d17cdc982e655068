"""What goes to Blender and what comes back, without Blender."""

import ast
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cinescene.errors import GeometryError, InputError
from cinescene.sets.blender_exchange import (
    MaterialFiles,
    camera_values,
    refraction_of,
    roughness_of,
    sheets,
    sky_light,
    write_document,
    write_meshes,
    write_stage,
)
from cinescene.sets.blender_pictures import changed_area, frame_of, read_picture, seen_colour
from cinescene.sets.blender_process import ANSWER, WORKER
from cinescene.sets.mesh import Lamp, Sky, Stage, Sun
from cinescene.sets.mesh_operations import inverted, merged
from cinescene.sets.primitives import box, quad
from tests.sets.staging import camera, odd_camera, plain, speckled, stage


def exr(channels: dict[str, np.ndarray], compression: int = 0) -> bytes:
    """An uncompressed OpenEXR file, written by the description of its layout."""

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value

    names = sorted(channels)
    height, width = channels[names[0]].shape
    listed = b"".join(name.encode() + b"\0" + struct.pack("<IIII", 2, 0, 1, 1) for name in names) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = struct.pack("<II", 0x01312F76, 2 | 0x400)
    header += attribute("channels", "chlist", listed) + attribute("compression", "compression", bytes([compression]))
    header += attribute("dataWindow", "box2i", window) + attribute("displayWindow", "box2i", window)
    header += attribute("lineOrder", "lineOrder", b"\0") + attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    header += attribute("screenWindowCenter", "v2f", bytes(8))
    header += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    lines = [b"".join(channels[name][row].astype("<f4").tobytes() for name in names) for row in range(height)]
    starts = len(header) + 8 * height + np.arange(height) * (8 + len(lines[0]))
    rows = [struct.pack("<ii", row, len(line)) + line for row, line in enumerate(lines)]
    return header + starts.astype("<u8").tobytes() + b"".join(rows)


def picture(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = [f"ViewLayer.Combined.{c}" for c in "RGBA"] + ["ViewLayer.Depth.Z", "ViewLayer.IndexOB.X"]
    return {name: rng.random((5, 7)).astype(np.float32) for name in names}


def test_pictures_are_read_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(exr(picture()))
    read = read_picture(tmp_path / "a.exr")
    assert sorted(read) == sorted(name.removeprefix("ViewLayer.") for name in picture())
    for name, values in picture().items():
        np.testing.assert_array_equal(read[name.removeprefix("ViewLayer.")], values)


def test_the_picture_of_the_test_is_one_for_other_readers_too(tmp_path: Path) -> None:
    openexr = pytest.importorskip("OpenEXR", reason="needs OpenEXR")
    (tmp_path / "a.exr").write_bytes(exr(picture()))
    with openexr.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        np.testing.assert_array_equal(file.channels()["ViewLayer.Depth.Z"].pixels, picture()["ViewLayer.Depth.Z"])


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", exr(picture())[:400], exr(picture(), compression=3)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.exr").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.exr"):
        read_picture(tmp_path / "a.exr")


def test_light_up_to_the_knee_keeps_its_value_and_more_never_clips() -> None:
    light = np.array([[0.0, 0.18, 0.5, 1.0, 8.0, np.nan]], dtype=np.float32)
    colour = seen_colour({f"Combined.{c}": light for c in "RGB"})[0, 0].tolist()
    assert colour[:3] == [0, round(255 * (1.055 * 0.18 ** (1 / 2.4) - 0.055)), 188]
    assert 188 < colour[3] < colour[4] <= 255
    assert colour[5] == 0


def test_frames_have_no_depth_in_the_sky_and_masks_by_object_number() -> None:
    channels = {f"Combined.{c}": np.full((1, 3), 0.2, np.float32) for c in "RGB"}
    channels |= {"Depth.Z": np.array([[2.0, 1e10, 3.0]], np.float32), "IndexOB.X": np.array([[1, 0, 0]], np.float32)}
    frame = frame_of(channels, channels)
    assert frame.depth_m.tolist() == [[2.0, float("inf"), 3.0]]
    assert frame.subject_mask.tolist() == [[True, False, False]]


def test_what_a_subject_changes_is_itself_its_edge_and_its_shadow_but_not_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    alone = torch.randint(100, 140, (3, 40, 60), generator=generator).to(torch.uint8)
    seen = alone + torch.randint(0, 3, alone.shape, generator=generator).to(torch.uint8)
    subject = torch.zeros(40, 60, dtype=torch.bool)
    subject[10:20, 10:15] = True
    seen[:, 25:32, 20:40] -= 30
    changed = changed_area(seen, alone, subject)
    assert changed[9:21, 9:16].all()
    assert changed[25:32, 20:40].all()
    assert not changed[:8].any()
    assert not changed[36:].any()


def test_looks_keep_their_order() -> None:
    """Shinier is smoother, stronger is more reflecting; a matt surface reflects nothing of its own."""
    assert 1 > roughness_of(1) > roughness_of(30) > roughness_of(120) > 0
    assert 1 == refraction_of(0.0) < refraction_of(0.2) < refraction_of(1.0) < 3


def test_sky_light_is_as_strong_from_above_and_below_as_the_ambient_light() -> None:
    radiance = np.random.default_rng(0).uniform(0.1, 1.0, (64, 128, 3)).astype(np.float32)
    radiance[10, 20] = 5000.0
    made = Stage(
        meshes=(),
        sky=Sky(radiance=radiance),
        sun=None,
        lamps=(),
        ambient_up=(0.4, 0.5, 0.7),
        ambient_down=(0.2, 0.1, 0.3),
    )
    light = sky_light(made)
    height, width = light.shape[:2]
    sine = np.sin((0.5 - (np.arange(height) + 0.5) / height) * np.pi)
    solid_angle = np.sqrt(1 - sine**2) * (np.pi / height) * (2 * np.pi / width)
    plate = light * (np.abs(sine) * solid_angle / np.pi)[:, None, None]
    np.testing.assert_allclose(plate[: height // 2].sum((0, 1)), made.ambient_up, rtol=0.01)
    np.testing.assert_allclose(plate[height // 2 :].sum((0, 1)), made.ambient_down, rtol=0.01)
    assert light.max() < 10, "the sun is a light of its own"


def test_triangles_back_to_back_become_one_with_two_sides() -> None:
    material = plain(9, 9, 9)
    leaf, solid = quad((0, 0, 0), (1, 0, 0), (0, 0, 1), material), box((1, 1, 1), material)
    kept, two_sided = sheets(merged([leaf, inverted(leaf), solid]))
    assert kept.sum() == 2 + 12
    assert two_sided[kept].sum() == 2
    kept, two_sided = sheets(solid)
    assert kept.all()
    assert not two_sided.any()


def test_a_stage_is_plain_files_without_pickles(tmp_path: Path) -> None:
    textured, red = speckled(1, size=32, metres_per_tile=0.5), plain(200, 10, 10, emission=2.0)
    meshes = [box((1, 2, 3), textured), box((1, 1, 1), red), box((2, 1, 1), red)]
    made = stage(
        meshes, sun=Sun(direction=(0, 0, 1), colour=(1, 1, 1)), lamps=[Lamp(position=(1, 2, 3), colour=(1, 0, 0))]
    )
    files = MaterialFiles(tmp_path)
    write_document(tmp_path / "stage.json", write_stage(tmp_path, made, files))
    document = json.loads((tmp_path / "stage.json").read_text())
    assert document["meshes"][1] == document["meshes"][2] != document["meshes"][0]
    assert document["materials"][document["meshes"][1]]["emission"] == 2.0
    with Image.open(tmp_path / document["materials"][document["meshes"][0]]["texture"]) as texture:
        np.testing.assert_array_equal(np.asarray(texture), textured.albedo)
    with np.load(tmp_path / document["arrays"], allow_pickle=False) as arrays:
        np.testing.assert_allclose(arrays["0.uvs"], 2 * meshes[0].uvs)
        np.testing.assert_array_equal(arrays["2.positions"], meshes[2].positions)
    for name in (document["sky"], document["light"]):
        assert np.load(tmp_path / name, allow_pickle=False).dtype == np.float32
    assert not list(tmp_path.glob("*.pkl"))
    later = write_meshes(tmp_path, "actors.npz", [box((1, 1, 1), red)], files)
    assert later["materials"] == {}, "a material is described once"


def test_cameras_are_given_as_they_are_and_skew_is_refused() -> None:
    values = camera_values(camera((1, 2, 3), 10, width_px=64, height_px=48), 0.05)
    assert values["size_px"] == [64, 48]
    assert [row[3] for row in values["world_from_camera"]][:3] == [1, 2, 3]
    with pytest.raises(GeometryError, match="skew"):
        camera_values(odd_camera((0, 0, 0), 64, 48), 0.05)


def test_what_blender_runs_needs_nothing_of_ours() -> None:
    tree = ast.parse(WORKER.read_text(encoding="utf-8"))
    imported = {a.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - set(sys.stdlib_module_names) == {"bpy", "mathutils", "numpy"}
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    assert constants["ANSWER"] == ANSWER
