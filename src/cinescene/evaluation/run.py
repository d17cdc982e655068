"""Scoring many clips of one or more methods: in parallel, and going on where an earlier run stopped."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

from cinescene.data.jobs import end_with_parent
from cinescene.errors import CineSceneError, InputError
from cinescene.evaluation.clip_job import ClipJob, ScoreOptions, as_json, input_hashes, result_key
from cinescene.evaluation.made import Made
from cinescene.evaluation.provenance import provenance
from cinescene.evaluation.score import score_clip
from cinescene.evaluation.summary import summarise
from cinescene.files import written_whole
from cinescene.ray_tasks import TaskError, over_ray

KIND = "cinescene.evaluation"
Methods = Mapping[str, Sequence[ClipJob]]


def evaluate(
    methods: Methods,
    options: ScoreOptions,
    out: Path,
    *,
    made: Made | None = None,
    workers: int = 1,
    ray: bool = False,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Scores every clip of every method and summarises: the document that `results.json` holds.

    Each clip's result is kept in ``out/clips`` under a hash of its inputs and options and is taken from there when the
    same work is asked for again. ``made`` tells of methods whose clips models made. With ``ray`` clips are scored by a
    Ray cluster instead of ``workers`` processes. Clips that cannot be scored are listed with the reason. Raises
    `InputError` where no clip at all could be scored.
    """
    if workers < 1:
        raise InputError(f"workers: expected at least 1, got {workers}")
    started = dt.datetime.now(dt.timezone.utc)
    results: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
    made = made or Made()
    failed: dict[str, dict[str, str]] = {method: dict(made.failed.get(method, {})) for method in methods}
    for done, (method, job, result) in enumerate(_scored(methods, options, out, workers, ray), start=1):
        progress(done)
        if isinstance(result, str):
            failed[method][job.title] = result
        else:
            results[method].append(result)
    if not any(results.values()):
        raise InputError(next(iter(reason for reasons in failed.values() for reason in reasons.values()), "no clips"))
    for scored in results.values():
        scored.sort(key=lambda result: (result["name"], result["seed"] or 0))
    return {
        "kind": KIND,
        "version": 1,
        "options": as_json(options),
        "seed": seed,
        "methods": {m: {"clips": results[m], "failed": failed[m]} for m in methods},
        **summarise({method: scored for method, scored in results.items() if scored}, seed),
        "models": made.models,
        "provenance": provenance(started) | {"inputs_sha256": _inputs_hash(results)},
    }


def _scored(
    methods: Methods, options: ScoreOptions, out: Path, workers: int, ray: bool
) -> Iterator[tuple[str, ClipJob, dict[str, Any] | str]]:
    waiting = []
    for method, jobs in methods.items():
        for job in jobs:
            seed = "" if job.seed is None else f".seed{job.seed}"
            path = out / "clips" / method / f"{job.name}{seed}.json"
            hashes = input_hashes(job)
            key = result_key(job, options, hashes), hashes
            stored = _stored(path, key[0])
            if stored is None:
                waiting.append((method, job, path, key))
            else:
                yield method, job, stored
    if ray:
        tasks = [(job, options, path.resolve(), key) for _, job, path, key in waiting]
        names = {id(task): (method, job) for task, (method, job, _, _) in zip(tasks, waiting, strict=True)}
        for task, result in over_ray(tasks, _score_task):
            yield *names[id(task)], str(result) if isinstance(result, TaskError) else result
        return
    if workers == 1 or len(waiting) < 2:
        for method, job, path, key in waiting:
            yield method, job, _score_and_store(job, options, path, key, None)
        return
    threads = max(1, torch.get_num_threads() // workers)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(waiting)), mp_context=context, initializer=end_with_parent) as pool:
        running = {
            pool.submit(_score_and_store, job, options, path, key, threads): (method, job)
            for method, job, path, key in waiting
        }
        for future in as_completed(running):
            method, job = running[future]
            yield method, job, future.result()


def _inputs_hash(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """SHA-256 over those of all files that went in, whatever they are called."""
    hashes = sorted({h for scored in results.values() for clip in scored for h in clip["hashes"].values()})
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


Key = tuple[str, dict[str, str]]
"""What identifies a result, and the hashes of its inputs."""


def _score_task(task: tuple[ClipJob, ScoreOptions, Path, Key]) -> dict[str, Any] | str:
    return _score_and_store(*task, threads=1)


def _score_and_store(
    job: ClipJob, options: ScoreOptions, path: Path, key: Key, threads: int | None
) -> dict[str, Any] | str:
    """The result, stored; or the reason why there is none."""
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        result = score_clip(job, options) | {"hashes": key[1]}
    except CineSceneError as error:
        return " ".join(str(error).split())
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps({"key": key[0], "result": result}, ensure_ascii=False), encoding="utf-8")
    return result


def _stored(path: Path, key: str) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Any] | None = document["result"] if document["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found
