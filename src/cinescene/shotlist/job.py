"""Making the takes of a shot list, one folder a shot; what is there already and is still the same is not made again."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinescene.data.manifest import sha256_of_file
from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.model.levers import Levers
from cinescene.pipeline import CineScenePipeline
from cinescene.ray_tasks import TaskError, over_ray
from cinescene.scene.scene import Scene
from cinescene.shot_manifest import read_manifest
from cinescene.shot_plan import ShotPlan
from cinescene.shotlist.shots import ListedShot, ShotList
from cinescene.stages import Progress

KIND, VERSION = "cinescene.shoot", 1
MANIFEST = "shoot.json"

Report = Callable[[str, int, int, str], None]
"""Called with the stage, what is done of it, of how much, and the name of the take."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """A take of a shot and the video that it becomes; ``number`` counts from 1."""

    shot: ListedShot
    number: int
    seed: int
    video: Path

    @property
    def name(self) -> str:
        return f"{self.shot.name}, take {self.number}"

    @property
    def used(self) -> bool:
        """Whether it goes into the cut."""
        return self.number == self.shot.used + 1


def takes_of(shots: ShotList, folder: Path) -> list[Take]:
    """All takes, in the order of the list."""
    return [
        Take(shot=shot, number=i + 1, seed=seed, video=folder / shot.folder / f"take-{i + 1}.mp4")
        for shot in shots.shots
        for i, seed in enumerate(shot.seeds)
    ]


def check_shots(shots: ShotList, pipeline: CineScenePipeline) -> dict[str, str]:
    """Plans every shot, and returns what each place's pictures hash to.

    Raises `InputError` with the line of the first shot that cannot be made, before anything is made.
    """
    places: dict[str, Scene] = {}
    for shot in shots.shots:
        try:
            if shot.scene not in places:
                places[shot.scene] = Scene.open(shot.scene)
            ShotPlan.made(
                pipeline.parts,
                pipeline.levers,
                places[shot.scene],
                shot.prompt,
                shot.camera,
                shot.seeds[-1],
                shot.settings,
            )
        except InputError as error:
            raise shots.error(shot, f"{shot.name}: {error}") from error
    return {source: place.content_hash for source, place in places.items()}


def shoot(
    shots: ShotList, pipeline: CineScenePipeline, folder: Path, report: Report, *, only: tuple[str, ...] = ()
) -> list[Take]:
    """Makes the takes that are not there yet, place after place, and returns those that it made.

    ``only`` names the shots to make; the others stay as they are. Raises `InputError` as `check_shots` does.
    """
    known = {shot.name for shot in shots.shots}
    if unknown := [name for name in only if name not in known]:
        raise InputError(
            f"{shots.document.source}: no shot is named {unknown[0]!r}; there are {', '.join(sorted(known))}"
        )
    places = check_shots(shots, pipeline)
    made = []
    for take in _by_place([t for t in takes_of(shots, folder) if not only or t.shot.name in only]):
        mark = _fingerprint(take, places[take.shot.scene], pipeline)
        if is_made(take, mark):
            continue
        result = pipeline(
            scene=take.shot.scene,
            prompt=take.shot.prompt,
            camera=take.shot.camera,
            seed=take.seed,
            settings=take.shot.settings,
            on_progress=_named(report, take.name),
        )
        _mark_file(take).unlink(missing_ok=True)
        result.save(take.video, with_previz=True)
        with written_whole(_mark_file(take)) as temporary:
            content = {"fingerprint": mark, "sha256": sha256_of_file(take.video)}
            temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
        made.append(take)
    return made


def shoot_over_ray(
    shots: ShotList, file: Path, folder: Path, report: Report, *, gpus: float = 0.0, only: tuple[str, ...] = ()
) -> list[str]:
    """Makes what `shoot` makes on a Ray cluster, a place a task, which loads the model; returns the names of its shots.

    ``file`` is the list itself; it, the pictures and ``folder`` lie where all machines see them. Raises `TaskError`
    with the reason of the first place whose shots could not be made, after all others are.
    """
    wanted = [shot for shot in shots.shots if not only or shot.name in only]
    places = dict.fromkeys(shot.scene for shot in wanted)
    tasks = [tuple(shot.name for shot in wanted if shot.scene == place) for place in places]
    work = functools.partial(_shoot_place, file.resolve(), folder.resolve(), gpus > 0)
    failed: list[TaskError] = []
    for done, (names, result) in enumerate(over_ray(tasks, work, gpus=gpus), start=1):
        report("places", done, len(tasks), names[0])
        if isinstance(result, TaskError):
            failed.append(result)
    if failed:
        raise failed[0]
    return [name for names in tasks for name in names]


def _shoot_place(file: Path, folder: Path, on_gpu: bool, names: tuple[str, ...]) -> None:
    from cinescene.shotlist.shots import read_shot_list

    shots = read_shot_list(file)
    levers = Levers(device="cuda" if on_gpu else "cpu", precision="bf16" if on_gpu else "fp32")
    pipeline = CineScenePipeline.from_pretrained(shots.model, levers=levers, vggt=shots.vggt)
    shoot(shots, pipeline, folder, lambda stage, done, total, name: None, only=names)


def is_made(take: Take, fingerprint: str) -> bool:
    """Whether a take is there, whole, and made from the same things."""
    try:
        mark = json.loads(_mark_file(take).read_text(encoding="utf-8"))
        return bool(mark["fingerprint"] == fingerprint and mark["sha256"] == sha256_of_file(take.video))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_job(shots: ShotList, folder: Path, cut: dict[str, Any]) -> Path:
    """Writes the job's manifest: every take that is there, with its own manifest's request and hashes, and the cut."""
    entries = []
    for take in takes_of(shots, folder):
        if not take.video.is_file():
            continue
        manifest = read_manifest(take.video.with_suffix(".json"))
        entries.append(
            {
                "shot": take.shot.name,
                "take": take.number,
                "used": take.used,
                "video": str(take.video.relative_to(folder)),
                "request": manifest["request"],
                "hashes": manifest["hashes"],
                "timings_s": manifest["timings_s"],
                "notes": manifest["notes"],
            }
        )
    path = folder / MANIFEST
    document = {"kind": KIND, "version": VERSION, "title": shots.title, "takes": entries, "cut": cut}
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _named(report: Report, name: str) -> Progress:
    return lambda stage, done, total: report(stage, done, total, name)


def _by_place(takes: list[Take]) -> Iterator[Take]:
    """Takes on one place after one another: what the pipeline has learnt of a place serves them all."""
    for scene in dict.fromkeys(take.shot.scene for take in takes):
        yield from (take for take in takes if take.shot.scene == scene)


def _fingerprint(take: Take, place: str, pipeline: CineScenePipeline) -> str:
    camera, blocking = Path(take.shot.camera), Path(take.shot.settings.blocking)
    facts = {
        "version": VERSION,
        "place": place,
        "prompt": take.shot.prompt,
        "camera": sha256_of_file(camera) if camera.is_file() else take.shot.camera,
        "blocking": sha256_of_file(blocking) if blocking.is_file() else take.shot.settings.blocking,
        "seed": take.seed,
        "settings": take.shot.settings.to_dict(),
        "model": pipeline.weights_hash or pipeline.origin,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _mark_file(take: Take) -> Path:
    return take.video.with_name(f".{take.video.stem}.made.json")
