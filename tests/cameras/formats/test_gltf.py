"""glTF cameras, checked against pygltflib, scipy's interpolation and hand-written files."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import detect_format, read_track, write_track
from cinescene.cameras.formats.axes import FLIP_CAMERA, z_up_from
from cinescene.errors import GeometryError, InputError
from tests.cameras.formats.tracks import poses

HALF = 0.5**0.5
TIMES = [0.0, 1.0, 2.0]
PLACES = [[0.0, 0, 0], [1, 2, 3], [4, 0, -1]]
TURNS = [[0.0, 0, 0, 1], [0, HALF, 0, HALF], [-HALF, 0, 0, -HALF]]


def gltf(**changes: Any) -> dict[str, Any]:
    """A camera that moves and turns by three keys."""
    arrays = [np.array(a, dtype="<f4") for a in (TIMES, PLACES, TURNS)]
    data = b"".join(a.tobytes() for a in arrays)
    starts = np.cumsum([0, *(a.nbytes for a in arrays)])
    views = [{"buffer": 0, "byteOffset": int(s), "byteLength": a.nbytes} for s, a in zip(starts, arrays, strict=False)]
    accessors = [
        {"bufferView": i, "componentType": 5126, "count": 3, "type": kind}
        for i, kind in enumerate(("SCALAR", "VEC3", "VEC4"))
    ]
    channels = [
        {"sampler": 0, "target": {"node": 0, "path": "translation"}},
        {"sampler": 1, "target": {"node": 0, "path": "rotation"}},
    ]
    animation = {"samplers": [{"input": 0, "output": 1}, {"input": 0, "output": 2}], "channels": channels}
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    return {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "cam", "camera": 0}],
        "cameras": [{"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 1.75, "znear": 0.1}}],
        "animations": [animation],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data), "uri": uri}],
        **changes,
    }


def saved(folder: Path, document: Any, name: str = "a.gltf") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def in_gltf_axes(track: CameraTrack) -> np.ndarray:
    return (z_up_from("y").mT @ track.world_from_camera @ FLIP_CAMERA).numpy()


def test_linear_keys_are_scipys_slerp_and_lerp(tmp_path: Path) -> None:
    path = saved(tmp_path, gltf())
    assert detect_format(path) == "gltf"
    track = read_track(path, frame_rate=10.0)
    assert len(track) == 21
    times = np.arange(21) / 10
    matrices = in_gltf_axes(track)
    np.testing.assert_allclose(
        matrices[:, :3, 3], np.stack([np.interp(times, TIMES, np.array(PLACES)[:, k]) for k in range(3)], 1), atol=1e-6
    )
    slerp = Slerp(TIMES, Rotation.from_quat(TURNS))
    np.testing.assert_allclose(matrices[:, :3, :3], slerp(times).as_matrix(), atol=1e-6)
    assert any("sampled at 24" in note for note in read_track(path).notes)
    assert len(read_track(path)) == 49


def test_cubic_splines_are_scipys_hermite(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    keys = generator.normal(size=(9, 3)).astype("<f4")
    document = gltf()
    data = np.array(TIMES, dtype="<f4").tobytes() + keys.tobytes()
    document["buffers"] = [{"byteLength": len(data), "uri": "keys%20%C3%A4.bin"}]
    (tmp_path / "keys ä.bin").write_bytes(data)
    document["bufferViews"] = [
        {"buffer": 0, "byteOffset": 0, "byteLength": 12},
        {"buffer": 0, "byteOffset": 12, "byteLength": 108},
    ]
    document["accessors"] = [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "SCALAR"},
        {"bufferView": 1, "componentType": 5126, "count": 9, "type": "VEC3"},
    ]
    document["animations"] = [
        {
            "samplers": [{"input": 0, "output": 1, "interpolation": "CUBICSPLINE"}],
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
        }
    ]
    track = read_track(saved(tmp_path, document), frame_rate=10.0)
    times = np.arange(21) / 10
    expected = np.empty((21, 3))
    for i in range(2):
        inside = (times >= i) & (times <= i + 1)
        values, slopes = keys[[3 * i + 1, 3 * i + 4]], keys[[3 * i + 2, 3 * i + 3]]
        expected[inside] = CubicHermiteSpline([i, i + 1], values, slopes)(times[inside])
    np.testing.assert_allclose(in_gltf_axes(track)[:, :3, 3], expected, atol=1e-5)


def test_steps_hold_until_the_next_key(tmp_path: Path) -> None:
    document = gltf()
    document["animations"][0]["samplers"][0]["interpolation"] = "STEP"
    found = in_gltf_axes(read_track(saved(tmp_path, document), frame_rate=2.0))[:, :3, 3]
    np.testing.assert_allclose(found, np.array(PLACES)[[0, 0, 1, 1, 2]])


def test_parents_with_matrices_scales_and_motion(tmp_path: Path) -> None:
    document = gltf(nodes=[{"children": [1], "scale": [2, 2, 2]}, {"matrix": FLIPPED, "children": [2]}, {"camera": 0}])
    found = in_gltf_axes(read_track(saved(tmp_path, document), frame_rate=1.0))
    root = [Rotation.from_quat(turn).as_matrix() for turn in TURNS]
    inner = np.array(FLIPPED).reshape(4, 4).T
    for i in range(3):
        np.testing.assert_allclose(found[i, :3, :3], root[i] @ inner[:3, :3], atol=1e-6)
        np.testing.assert_allclose(found[i, :3, 3], PLACES[i] + root[i] @ (2 * inner[:3, 3]), atol=1e-5)


FLIPPED = [0.0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 5, 6, 7, 1]


def test_a_camera_without_animation_is_one_frame(tmp_path: Path) -> None:
    track = read_track(saved(tmp_path, gltf(animations=[], nodes=[{"camera": 0, "translation": [1, 2, 3]}])))
    assert len(track) == 1
    assert track.world_from_camera[0, :3, 3].tolist() == [1, -3, 2]
    torch.testing.assert_close(track.cameras().forward[0], torch.tensor([0.0, 1.0, 0.0]).double())
    assert float(track.cameras().field_of_view_rad[0, 1]) == pytest.approx(0.8, abs=1e-3)


def test_normalised_integers_and_sparse_accessors(tmp_path: Path) -> None:
    document = gltf()
    turns = np.round(np.array(TURNS) * 32767).astype("<i2").tobytes()
    data = np.array([0, 1, 2], dtype="<f4").tobytes() + turns + struct.pack("<Bxxx3f", 1, 7, 8, 9)
    document["buffers"] = [{"byteLength": len(data), "uri": "data:;base64," + base64.b64encode(data).decode()}]
    document["bufferViews"] = [
        {"buffer": 0, "byteLength": 12},
        {"buffer": 0, "byteOffset": 12, "byteLength": 24},
        {"buffer": 0, "byteOffset": 36, "byteLength": 1},
        {"buffer": 0, "byteOffset": 40, "byteLength": 12},
    ]
    sparse = {"count": 1, "indices": {"bufferView": 2, "componentType": 5121}, "values": {"bufferView": 3}}
    document["accessors"] = [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "SCALAR"},
        {"componentType": 5126, "count": 3, "type": "VEC3", "sparse": sparse},
        {"bufferView": 1, "componentType": 5122, "normalized": True, "count": 3, "type": "VEC4"},
    ]
    found = in_gltf_axes(read_track(saved(tmp_path, document), frame_rate=1.0))
    np.testing.assert_allclose(found[:, :3, 3], [[0, 0, 0], [7, 8, 9], [0, 0, 0]])
    np.testing.assert_allclose(found[:, :3, :3], Rotation.from_quat(TURNS).as_matrix(), atol=1e-4)


@pytest.mark.parametrize("name", ["a.gltf", "ä b.glb"])
def test_pygltflib_reads_what_we_write(tmp_path: Path, name: str, generator: torch.Generator) -> None:
    pygltflib = pytest.importorskip("pygltflib", reason="pygltflib is not installed")
    cameras = Cameras.from_focal_px(poses(4, generator), 400.0 + 10 * torch.arange(4).double(), 672, 384)
    track = CameraTrack.from_cameras(cameras, frame_rate=25.0, metres_per_unit=1.0)
    write_track(tmp_path / name, track)
    file = pygltflib.GLTF2().load(str(tmp_path / name))
    blob = file.binary_blob()
    if blob is None:
        blob = file.get_data_from_buffer_uri(file.buffers[0].uri)

    def numbers(accessor: int, width: int) -> np.ndarray:
        view = file.bufferViews[file.accessors[accessor].bufferView]
        data = blob[view.byteOffset : view.byteOffset + view.byteLength]
        return np.frombuffer(data, "<f4").reshape(-1, width)

    animation = file.animations[0]
    times = numbers(animation.samplers[0].input, 1)
    np.testing.assert_allclose(times[:, 0], np.arange(4) / 25, atol=1e-7)
    assert file.accessors[animation.samplers[0].input].max == [float(times.max())]
    expected = in_gltf_axes(track)
    np.testing.assert_allclose(numbers(animation.samplers[0].output, 3), expected[:, :3, 3], rtol=1e-6)
    turns = Rotation.from_quat(numbers(animation.samplers[1].output, 4)).as_matrix()
    np.testing.assert_allclose(turns, expected[:, :3, :3], atol=1e-6)
    pointer = animation.channels[2].target.extensions["KHR_animation_pointer"]["pointer"]
    assert pointer == "/cameras/0/perspective/yfov"
    assert file.extensionsUsed == ["KHR_animation_pointer"]
    yfov = 2 * np.arctan(192 / (400 + 10 * np.arange(4)))
    np.testing.assert_allclose(numbers(animation.samplers[2].output, 1)[:, 0], yfov, rtol=1e-6)
    assert file.cameras[0].perspective.yfov == pytest.approx(yfov[0])
    assert file.cameras[0].perspective.aspectRatio == pytest.approx(672 / 384)


def test_trimesh_places_the_node_where_our_first_frame_is(tmp_path: Path, generator: torch.Generator) -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh is not installed")
    track = CameraTrack(world_from_camera=poses(2, generator), metres_per_unit=1.0).with_lens(24.0, 672, 384)
    write_track(tmp_path / "a.glb", track, camera="shot")
    with (tmp_path / "a.glb").open("rb") as file:
        loaded = trimesh.exchange.gltf.load_glb(file)
    np.testing.assert_allclose(loaded["camera_transform"], in_gltf_axes(track)[0], atol=1e-6)
    vertical = torch.rad2deg(track.cameras().field_of_view_rad[0, 1])
    assert loaded["camera"].fov[1] == pytest.approx(float(vertical))


def test_the_first_of_several_animations_counts_and_is_said(tmp_path: Path) -> None:
    document = gltf()
    document["animations"] = [document["animations"][0], {**document["animations"][0], "name": "zweite"}]
    assert any("'zweite' is not" in note for note in read_track(saved(tmp_path, document)).notes)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good document with one value changed, by a path such as ``nodes.0.children``."""
    document = json.loads(json.dumps(gltf()))
    *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = document
    for part in outer:
        target = target[part]
    target[last] = value
    return document


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"asset": {"version": "1.0"}}, "expected glTF version 2"),
        ({"asset": {"version": "2.0"}}, "no camera node"),
        (changed("nodes.0.camera", 4), r"nodes\[0\].camera: cameras\[4\] is named, but there are 1"),
        (changed("nodes.0.children", [0]), "its own ancestor"),
        (changed("cameras.0.type", "orthographic"), "not a perspective one"),
        (changed("cameras.0.perspective.yfov", 0), "field of view"),
        (changed("cameras.0.perspective.aspectRatio", -1), "aspect"),
        (changed("accessors.1.count", 10**9), r"accessors\[1\]: its 1000000000 elements do not fit"),
        (changed("accessors.1.count", -1), "do not fit"),
        (changed("bufferViews.1.byteOffset", 10**12), "do not fit"),
        (changed("accessors.0.componentType", 7), "component type"),
        (changed("buffers.0.uri", "https://example.org/a.bin"), "expected a file beside the glTF"),
        (changed("buffers.0.uri", "/etc/hostname"), "expected a file beside the glTF"),
        (changed("buffers.0.uri", "data:;base64,%%%"), "damaged base64"),
        (changed("buffers.0.uri", "missing.bin"), "no such glTF buffer"),
        (changed("buffers.0.uri", None), "no binary chunk"),
        (changed("animations.0.channels.0.sampler", 9), r"samplers\[9\]"),
        (changed("animations.0.samplers.0.output", 2), "for translation, got 3 of 4"),
        (changed("animations.0.samplers.0.interpolation", "MAGIC"), "'MAGIC'"),
        (changed("nodes.0.scale", [1, 1, -1]), "mirrors"),
        (changed("nodes.0.scale", [0, 1, 1]), "squeezes space"),
    ],
)
def test_bad_documents_are_told(tmp_path: Path, document: dict, words: str) -> None:
    path = saved(tmp_path, document)
    with pytest.raises((InputError, GeometryError), match=words) as raised:
        read_track(path)
    assert str(tmp_path) in str(raised.value)


def test_times_that_do_not_increase_and_turns_of_no_length(tmp_path: Path) -> None:
    for values, words in (((0.0, 1.0, 1.0), "times that increase"), ((0.0, float("nan"), 1.0), "finite")):
        data = np.array(values, dtype="<f4").tobytes() + np.zeros(21, dtype="<f4").tobytes()
        document = gltf(buffers=[{"byteLength": len(data), "uri": "data:;base64," + base64.b64encode(data).decode()}])
        with pytest.raises((InputError, GeometryError), match=words):
            read_track(saved(tmp_path, document))
    data = np.array(TIMES, dtype="<f4").tobytes() + np.zeros(21, dtype="<f4").tobytes()
    document = gltf(buffers=[{"byteLength": len(data), "uri": "data:;base64," + base64.b64encode(data).decode()}])
    with pytest.raises(GeometryError, match="length zero"):
        read_track(saved(tmp_path, document))


def test_a_glb_cut_off_or_damaged_anywhere_is_an_input_error(tmp_path: Path) -> None:
    track = CameraTrack(world_from_camera=torch.eye(4).double().expand(2, 4, 4)).with_lens(24.0, 672, 384)
    path = tmp_path / "a.glb"
    write_track(path, track)
    whole = path.read_bytes()
    for length in range(4, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="cut off"):
            read_track(path)
    numbers = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(whole)
        damaged[numbers.integers(len(whole))] = numbers.integers(256)
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(InputError, GeometryError):
            read_track(path)


def test_places_beyond_single_precision_are_refused(tmp_path: Path) -> None:
    far = torch.eye(4).double()[None].clone()
    far[0, 0, 3] = 1e39
    track = CameraTrack(world_from_camera=far, metres_per_unit=1.0).with_lens(24.0, 672, 384)
    with pytest.raises(GeometryError, match="single precision"):
        write_track(tmp_path / "a.glb", track)
    assert not (tmp_path / "a.glb").exists()
