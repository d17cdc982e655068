"""Damaged files of every format end in an error of ours that names the file, or are read; never in another error."""

from __future__ import annotations

import random
import re
import warnings
from pathlib import Path

import pytest
import torch

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track, write_track
from cinescene.errors import CineSceneError
from tests.cameras.formats.test_round_trips import FILES
from tests.cameras.formats.tracks import poses

CASES = [*FILES.items(), ("gltf", "b.glb")]
TOKENS = [
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b'""',
    b"true",
    b"1e308",
    b"9" * 20,
    b"\xff",
    b"\0",
    b"1.5",
]


def damaged(data: bytes, numbers: random.Random) -> bytes:
    """The bytes with one of them changed, a stretch cut out, a value replaced, or the end cut off."""
    kind = numbers.choice(["byte", "hole", "token", "token", "token", "end"])
    at = numbers.randrange(len(data))
    if kind == "byte":
        return data[:at] + bytes([numbers.randrange(256)]) + data[at + 1 :]
    if kind == "hole":
        return data[:at] + data[at + numbers.choice([1, 3, 20, 200]) :]
    found = list(re.finditer(rb'-?\d+\.?\d*(e-?\d+)?|"[^"]*"|\[|\]|null|true|false', data))
    if kind == "end" or not found:
        return data[:at]
    start, end = numbers.choice(found).span()
    return data[:start] + numbers.choice(TOKENS) + data[end:]


@pytest.mark.parametrize(("name", "file_name"), CASES)
def test_damage_is_told_in_one_line(name: str, file_name: str, tmp_path: Path, generator: torch.Generator) -> None:
    if name == "usd":
        pytest.importorskip("pxr", reason="usd-core is not installed")
    cameras = Cameras.from_focal_px(poses(3, generator), 400.0 + torch.arange(3).double(), 672, 384)
    track = CameraTrack.from_cameras(cameras, frame_rate=24.0, names=("a", "b", "c"), metres_per_unit=1.0)
    path = tmp_path / file_name
    write_track(path, track, name)
    numbers = random.Random(7)
    messages = []
    for target in sorted(path.iterdir()) if path.is_dir() else [path]:
        whole = target.read_bytes()
        for _ in range(20):
            target.write_bytes(damaged(whole, numbers))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    read_track(path, numbers.choice([name, None]))
            except CineSceneError as error:
                messages.append(str(error))
        target.write_bytes(whole)
    assert len(messages) > 5
    for message in messages:
        assert str(path) in message
        assert "\n" not in message
    assert len(read_track(path)) == 3
