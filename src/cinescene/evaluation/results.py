"""One folder a run: results.json, clips.csv, summary.csv and report.html."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cinescene.data.documents import read_kind
from cinescene.evaluation.measures import MEASURES
from cinescene.evaluation.report import report_html
from cinescene.evaluation.run import KIND
from cinescene.evaluation.tables import markdown_tables
from cinescene.files import written_whole


def write_results(document: dict[str, Any], out: Path) -> list[Path]:
    """Writes the folder; returns its files, the report first."""
    names = ("report.html", "results.json", "summary.csv", "clips.csv", "cases.csv", "tables.md")
    paths = [out / name for name in names]
    with written_whole(paths[0]) as temporary:
        temporary.write_text(report_html(document), encoding="utf-8")
    with written_whole(paths[1]) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    _write_csv(paths[2], _summary_rows(document["summary"]))
    _write_csv(paths[3], _clip_rows(document))
    _write_csv(paths[4], _case_rows(document))
    with written_whole(paths[5]) as temporary:
        temporary.write_text(markdown_tables(document), encoding="utf-8")
    return paths


def read_results(path: Path) -> dict[str, Any]:
    """A run's document, from its folder or its results.json; raises `InputError` where it is none."""
    return read_kind(path / "results.json" if path.is_dir() else path, "result", KIND, 1)


ESTIMATE = {
    "mean": "mean",
    "median": "median",
    "low_95": "low",
    "high_95": "high",
    "clips": "clips",
    "groups": "groups",
    "missing": "missing",
    "seeds": "seeds",
    "seed_spread": "seed_spread",
}
"""Columns of an estimate, and what they are called in a document."""


def _summary_rows(summary: dict[str, Any]) -> Iterable[list[Any]]:
    yield ["method", "measure", "unit", "better", *ESTIMATE]
    for method, estimates in summary.items():
        for name, estimate in estimates.items():
            measure = MEASURES[name]
            values = [estimate.get(key) for key in ESTIMATE.values()]
            yield [method, name, measure.unit, measure.better, *values]


def _case_rows(document: dict[str, Any]) -> Iterable[list[Any]]:
    for number, (case, summary) in enumerate(document["cases"].items()):
        heads, *rows = _summary_rows(summary)
        if number == 0:
            yield ["case", *heads]
        yield from ([case, *row] for row in rows)


def _clip_rows(document: dict[str, Any]) -> Iterable[list[Any]]:
    used = [name for name in MEASURES if any(name in summary for summary in document["summary"].values())]
    yield ["method", "clip", "seed", "case", "group", *used, "flags"]
    for method, entry in document["methods"].items():
        for clip in entry["clips"]:
            values = [clip["measures"].get(name) for name in used]
            yield [method, clip["name"], clip["seed"], clip["case"], clip["group"], *values, " | ".join(clip["flags"])]
        for name, reason in entry["failed"].items():
            yield [method, name, "", "", "", *([None] * len(used)), f"not scored: {reason}"]


def _write_csv(path: Path, rows: Iterable[list[Any]]) -> None:
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(["" if value is None else value for value in row] for row in rows)
