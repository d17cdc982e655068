"""tables.md: the summary as Markdown, short enough to be read and pasted: by method, by case, and against the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cinescene.evaluation.measures import MEASURES

COLUMNS = {
    "psnr_background": ("PSNR ↑", "{:.2f} dB"),
    "ssim_background": ("SSIM ↑", "{:.3f}"),
    "efficientnet_lite0_feature_distance_background": ("feature distance (EfficientNet-Lite0) ↓", "{:.2f}"),
    "rot_err_median_deg": ("rotation error, median ↓", "{:.2f}°"),
    "trans_err_median": ("position error, median ↓", "{:.3f}"),
    "posed_share": ("frames posed ↑", "{:.0%}"),
    "return_psnr": ("last frame against first ↑", "{:.2f} dB"),
    "return_feature_distance": ("the same, feature distance ↓", "{:.2f}"),
}
WHO = {
    "subject_presence": ("subject in its frames ↑", "{:.0%}"),
    "subject_overlap": ("overlap ↑", "{:.2f}"),
    "actor_present": ("actor there ↑", "{:.0%}"),
    "actor_in_place": ("where blocked ↑", "{:.0%}"),
    "actor_colour": ("in its colour ↑", "{:.0%}"),
    "nobody_added": ("nobody beyond the place as shown ↑", "{:.0%}"),
    "nobody_there": ("nobody where none was asked for ↑", "{:.0%}"),
}
ABOUT = (
    "Background measures against the subject-free clip. Means over clips with 95 % bootstrap intervals over scenes; "
    "± is the standard deviation between seeds. Camera errors are those of each clip's median frame among those that "
    "could be posed: the median clip's, then the mean over clips with its interval."
)

BY_MEDIAN = ("rot_err_median_deg", "trans_err_median")
"""Errors of cameras have long tails: the median clip comes first."""

Summary = Mapping[str, Mapping[str, Any]]


def markdown_tables(document: Mapping[str, Any]) -> str:
    """Tables of a run's document; columns that no method has are left out."""
    parts = [ABOUT, _table("All clips", document["summary"], COLUMNS)]
    who = _table("Who is there", document["summary"], WHO)
    parts += [who] if who else []
    parts += [_table(case, summary, COLUMNS) for case, summary in document.get("cases", {}).items()]
    parts += list(_differences(document))
    found = document["provenance"]
    parts.append(f"`{found['command']}`, commit {found['commit'] or 'of the package'}, {found['seconds']} s.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(title: str, summary: Summary, columns: Mapping[str, tuple[str, str]]) -> str:
    used = [name for name in columns if any(name in row for row in summary.values())]
    if not used:
        return ""
    rows = [
        [method, _clips(row), *(_cell(row.get(name), columns[name][1], name in BY_MEDIAN) for name in used)]
        for method, row in summary.items()
        if any(name in row for name in used)
    ]
    return f"**{title}**\n\n" + _markdown(["method", "clips", *(columns[name][0] for name in used)], rows)


def _clips(row: Mapping[str, Any]) -> str:
    most = max(row.values(), key=lambda estimate: estimate["clips"])
    seeds = most.get("seeds", 0)
    return f"{most['clips']}" + (f" × {seeds} seeds" if seeds > 1 else "")


def _cell(estimate: Mapping[str, Any] | None, form: str, by_median: bool = False) -> str:
    if estimate is None or estimate["mean"] is None:
        return "–"
    text = form.format(estimate["mean"])
    if by_median:
        text = f"{form.format(estimate['median'])}; mean {text}"
    if estimate["low"] is not None:
        low, high = (form.format(estimate[key]).rstrip("°").removesuffix(" dB") for key in ("low", "high"))
        text += f" ({low} to {high})"
    if estimate.get("seed_spread") is not None:
        text += f" ± {form.format(estimate['seed_spread']).rstrip('°').removesuffix(' dB')}"
    if estimate["missing"]:
        text += f", {estimate['missing']} without"
    return text


def _differences(document: Mapping[str, Any]) -> Iterator[str]:
    used = ("psnr_background", "efficientnet_lite0_feature_distance_background", "rot_err_median_deg")
    rows = []
    for comparison in document["comparisons"]:
        for name in (name for name in used if name in comparison["measures"]):
            found = comparison["measures"][name]
            difference, p_value = found["difference"], found["p_value"]
            rows.append(
                [
                    f"{comparison['method']} − {comparison['against']}",
                    MEASURES[name].title,
                    _cell(difference, "{:+.3g}"),
                    f"{difference['clips']}",
                    "–" if p_value is None else f"{p_value:.2g}",
                ]
            )
    if rows:
        yield "**Paired differences**\n\n" + _markdown(["methods", "measure", "difference", "clips", "p"], rows)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
