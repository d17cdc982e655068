"""Two finished runs in one document, compared clip by clip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.evaluation.measures import VERSION
from cinescene.evaluation.provenance import provenance
from cinescene.evaluation.results import read_results
from cinescene.evaluation.run import KIND
from cinescene.evaluation.summary import summarise


def merged_runs(folders: Sequence[Path], seed: int = 0) -> dict[str, Any]:
    """The methods of several runs together; methods of one name get their folder's name before it.

    Raises `InputError` for runs scored with other options or another version of the measures: they do not compare.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError(f"{folders[0]}: expected different runs to compare, got this one twice")
    runs = {folder: read_results(folder) for folder in folders}
    first = next(iter(runs.values()))
    for folder, run in runs.items():
        if run["options"] != first["options"] or run["provenance"]["measures_version"] != VERSION:
            raise InputError(
                f"{folder}: this run was scored with other options or an older version; expected runs that compare: "
                "score both again with the same options"
            )
    short = [folder.resolve().name for folder in runs]
    labels = {folder: folder.resolve().name if len(set(short)) == len(short) else str(folder) for folder in runs}
    names = [name for run in runs.values() for name in run["methods"]]
    methods = {}
    for folder, run in runs.items():
        for name, entry in run["methods"].items():
            methods[name if names.count(name) == 1 else f"{labels[folder]}: {name}"] = entry
    started = dt.datetime.now(dt.timezone.utc)
    return {
        "kind": KIND,
        "version": 1,
        "options": first["options"],
        "seed": seed,
        "methods": methods,
        **summarise({name: entry["clips"] for name, entry in methods.items() if entry["clips"]}, seed),
        "models": {name: found for run in runs.values() for name, found in run.get("models", {}).items()},
        "provenance": provenance(started) | {"runs": [run["provenance"] for run in runs.values()]},
    }
