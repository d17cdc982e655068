"""From folders of videos to jobs: which reference, mask and camera belong to which clip, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cinescene.cameras.formats import read_track
from cinescene.cameras.formats.cinescene_release import read_cinescene_cameras
from cinescene.data.documents import read_captions, read_kind
from cinescene.data.layout import DatasetLayout
from cinescene.errors import InputError
from cinescene.evaluation.clip_job import ClipJob

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")
TRAVELS_M = 0.5


@dataclass(frozen=True, kw_only=True)
class KnownInputs:
    """What is known beside the clips.

    ``references``, ``masks``, ``cameras``
        A file for every clip, or a folder with one of the same name (any suffix) for each; ``cameras`` may be moves.
    ``data``
        Data sets in the CineScene release's layout; clips are named ``<scene_id>_<clip>``.
    ``prompts``
        One prompt, or a JSON file {"clip name": "prompt"}.
    """

    references: Path | None = None
    masks: Path | None = None
    cameras: str | None = None
    data: tuple[Path, ...] = ()
    scene: str | None = None
    prompts: str | None = None


def find_jobs(source: Path, known: KnownInputs) -> list[ClipJob]:
    """The clips of a file or folder (searched through), by name.

    Raises `InputError` where there are none, two have one name, or one lacks its reference, mask or camera.
    """
    videos = _videos(source)
    from_data = dataset_jobs(*known.data)
    prompts = _prompts(known.prompts)
    jobs = []
    for name, video in videos.items():
        if known.data:
            if name not in from_data:
                raise InputError(
                    f"{video}: expected the name of a clip of {known.data[0]} such as {next(iter(from_data))}.mp4, "
                    f"got {name!r}"
                )
            base = from_data[name]
            jobs.append(ClipJob(**{**vars(base), "video": video}))
            continue
        jobs.append(
            ClipJob(
                name=name,
                video=video,
                group=name,
                reference=_matching(known.references, name, "reference"),
                mask=_matching(known.masks, name, "mask"),
                camera=_camera(known.cameras, name),
                scene=known.scene,
                prompt=prompts.get(name, prompts.get("")),
            )
        )
    return jobs


def dataset_jobs(*roots: Path) -> dict[str, ClipJob]:
    """A job for every clip of data sets, by ``<scene_id>_<clip>``; ``video`` is the clip with its subject.

    Raises `InputError` where a folder holds no clips, or two data sets hold clips of one name.
    """
    jobs: dict[str, ClipJob] = {}
    for root in roots:
        found = _jobs_of(root)
        if shared := sorted(set(found) & set(jobs)):
            raise InputError(f"{root}: {jobs[shared[0]].data} holds a clip named {shared[0]}, too; give one of them")
        jobs |= found
    return jobs


def spread(jobs: Mapping[str, ClipJob], most: int | None) -> dict[str, ClipJob]:
    """At most so many of the jobs, evenly spread over all."""
    if most is None or most >= len(jobs):
        return dict(jobs)
    if most < 1:
        raise InputError(f"most: expected at least 1 clip, got {most}")
    names = list(jobs)
    chosen = dict.fromkeys(round(i * (len(names) - 1) / max(most - 1, 1)) for i in range(most))
    return {names[i]: jobs[names[i]] for i in chosen}


def _jobs_of(root: Path) -> dict[str, ClipJob]:
    if not root.is_dir():
        raise InputError(f"{root}: no such data set folder")
    layout = DatasetLayout(root)
    jobs = {}
    for scene_id in layout.scene_ids():
        cameras = next(
            file for subject in (True, False) if (file := layout.camera_file(scene_id, subject=subject)).is_file()
        )
        for clip in read_cinescene_cameras(cameras):
            job = _dataset_job(layout, scene_id, clip, cameras)
            if job is not None:
                jobs[job.name] = job
    if not jobs:
        raise InputError(f"{root}: expected clips in the release's layout, found none with a subject-free video")
    return jobs


def _dataset_job(layout: DatasetLayout, scene_id: str, clip: str, cameras: Path) -> ClipJob | None:
    reference = layout.video_file(scene_id, clip, subject=False)
    with_subject = layout.video_file(scene_id, clip, subject=True)
    if not reference.is_file():
        return None
    exact = layout.track_file(scene_id, clip)
    facts = layout.clip_file(scene_id, clip)
    document = read_kind(facts, "clip file", "cinescene.clip", 1) if facts.is_file() else {}
    return ClipJob(
        name=f"{scene_id}_{clip}",
        video=with_subject if with_subject.is_file() else reference,
        group=scene_id,
        reference=reference,
        reference_with_subject=_existing(with_subject),
        mask=_existing(layout.mask_file(scene_id, clip)),
        depth=_existing(layout.depth_file(scene_id, clip)) if exact.is_file() else None,
        camera=str(exact if exact.is_file() else cameras),
        camera_name=None if exact.is_file() else clip,
        prompt=str(document["caption"]) if document else None,
        data=layout.root,
        case=document.get("facts", {}).get("case") or (_travel(exact) if exact.is_file() else None),
    )


def _travel(track_file: Path) -> str:
    """The case of a clip that states none: whether its camera travels, in metres."""
    places = read_track(track_file).world_from_camera[:, :3, 3]
    furthest = float((places - places[0]).norm(dim=-1).max())
    return f"camera moves by {TRAVELS_M:g} m {'or more' if furthest >= TRAVELS_M else 'at most'}"


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _videos(source: Path) -> dict[str, Path]:
    if source.is_file():
        return {source.stem: source}
    if not source.is_dir():
        raise InputError(f"{source}: no such video or folder of videos")
    found: dict[str, Path] = {}
    for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file()):
        if path.stem in found:
            raise InputError(f"{source}: two clips are named {path.stem!r} ({found[path.stem]} and {path}); rename one")
        found[path.stem] = path
    if not found:
        raise InputError(f"{source}: expected a folder of videos ({', '.join(VIDEO_SUFFIXES)}), but it holds none")
    return found


def _matching(place: Path | None, name: str, what: str) -> Path | None:
    """The file or folder for a clip: ``place`` itself, or what has the clip's name in it."""
    if place is None:
        return None
    if not place.exists():
        raise InputError(f"{place}: no such {what}, file or folder")
    if place.is_file():
        return place
    found = sorted(path for path in place.iterdir() if path.stem == name or path.name == name)
    if len(found) != 1:
        raise InputError(f"{place}: expected one {what} named {name}.*, found {len(found)}")
    return found[0]


def _camera(cameras: str | None, name: str) -> str | None:
    if cameras is None or len(cameras) > 1024 or not Path(cameras).is_dir():
        return cameras
    folder = Path(cameras)
    if any(path.stem == name or path.name == name for path in folder.iterdir()):
        return str(_matching(folder, name, "camera"))
    if (folder / "cameras.bin").exists() or (folder / "cameras.txt").exists():
        return cameras
    raise InputError(f"{folder}: expected one camera named {name}.*, found none")


def _prompts(prompts: str | None) -> dict[str, str]:
    if prompts is None:
        return {}
    if prompts.endswith(".json"):
        return read_captions(Path(prompts))
    return {"": prompts}
