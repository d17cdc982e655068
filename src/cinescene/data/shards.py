"""A data set as WebDataset tar shards, for clusters that read streams rather than small files.

One clip is one sample: members of a tar file that share the name up to the first dot, which is the key
``<scene_id>-<clip>``. Source: the WebDataset format description (https://github.com/webdataset/webdataset).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from cinescene.data.dataset import SceneDecoupledDataset
from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.files import written_whole


def export_shards(
    dataset: SceneDecoupledDataset, folder: Path, largest_shard_bytes: int = 1 << 30
) -> Iterator[tuple[Path, int]]:
    """Writes ``shard-000000.tar`` … with every clip of a data set; yields each finished shard and its number of clips.

    The same data set gives the same bytes. A shard is closed before it would grow beyond ``largest_shard_bytes``; a
    clip larger than that gets a shard of its own. Each appears whole or not at all.
    """
    if largest_shard_bytes < 1:
        raise InputError(f"shards: expected a positive size, got {largest_shard_bytes}")
    for number, clips in enumerate(_filled(dataset, largest_shard_bytes)):
        path = folder / f"shard-{number:06d}.tar"
        with written_whole(path) as temporary, tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as archive:
            for scene_id, clip in clips:
                _add_clip(archive, dataset.layout, scene_id, clip)
        yield path, len(clips)


def _filled(dataset: SceneDecoupledDataset, largest: int) -> Iterator[list[tuple[str, str]]]:
    shard: list[tuple[str, str]] = []
    used = 0
    for scene_id, clip in dataset.clips:
        size = sum(path.stat().st_size for _, path in _members(dataset.layout, scene_id, clip))
        if shard and used + size > largest:
            yield shard
            shard, used = [], 0
        shard.append((scene_id, clip))
        used += size
    if shard:
        yield shard


def _members(layout: DatasetLayout, scene_id: str, clip: str) -> list[tuple[str, Path]]:
    """Suffix in the archive and file of everything that a clip has."""
    cameras = next(
        path for subject in (True, False) if (path := layout.camera_file(scene_id, subject=subject)).is_file()
    )
    members = [
        ("with_subject.mp4", layout.video_file(scene_id, clip, subject=True)),
        ("without_subject.mp4", layout.video_file(scene_id, clip, subject=False)),
        ("panorama.jpeg", layout.panorama_file(scene_id)),
        ("scene_cameras.json", cameras),
        ("cameras.json", layout.track_file(scene_id, clip)),
        ("clip.json", layout.clip_file(scene_id, clip)),
        ("set.json", layout.set_file(scene_id)),
        ("depth.png", layout.depth_file(scene_id, clip)),
        ("mask.png", layout.mask_file(scene_id, clip)),
    ]
    return [(suffix, path) for suffix, path in members if path.is_file()]


def _add_clip(archive: tarfile.TarFile, layout: DatasetLayout, scene_id: str, clip: str) -> None:
    key = f"{scene_id}-{clip}".replace(".", "_")
    _add(archive, f"{key}.json", json.dumps({"scene_id": scene_id, "clip": clip}).encode())
    for suffix, path in _members(layout, scene_id, clip):
        _add(archive, f"{key}.{suffix}", path.read_bytes())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o644
    archive.addfile(entry, io.BytesIO(content))
