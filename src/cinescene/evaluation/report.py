"""report.html: one self-contained page with tables, curves, the worst clips as videos, and everything that is off."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from cinescene.evaluation.baselines import Baseline
from cinescene.evaluation.measures import MEASURES, RANKING
from cinescene.evaluation.report_curves import curve_svg, legend, mean_curve
from cinescene.evaluation.report_videos import side_by_side_data_url

WORST = 10
MOST_PANELS = 7
IN_CASES = (
    "psnr_background",
    "psnr_whole",
    "efficientnet_lite0_feature_distance_background",
    "match_shift_px",
    "rot_err_median_deg",
    "trans_err_median",
    "posed_share",
    "return_psnr",
    "return_feature_distance",
    "subject_presence",
    "actor_present",
    "nobody_added",
    "nobody_there",
)
CURVES = (
    "psnr_background",
    "psnr_whole",
    "flip_background",
    "rot_err_deg",
    "trans_err",
    "change_error_background",
    "motion_smoothness",
)
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c1c1c;max-width:86rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .45rem;text-align:right;border-bottom:1px solid #eee;vertical-align:top}
th:first-child,td:first-child{text-align:left;min-width:10rem}td.best{font-weight:700}small{color:#666}
td br+small{white-space:nowrap;font-size:.7rem}
.note{color:#8a4b00}.scroll{overflow-x:auto}figure{margin:1rem 0}video{max-width:100%}
.curves{display:flex;flex-wrap:wrap;gap:1rem}svg text{font-size:11px;fill:#555}svg .title{font-size:13px;fill:#111}
svg .grid{stroke:#e5e5e5}.legend span{margin-right:1.2rem}.legend i{display:inline-block;width:.8rem;height:.8rem;
margin-right:.35rem;border-radius:2px}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}
"""


def report_html(document: Mapping[str, Any]) -> str:
    """The page for a run's document (`cinescene.evaluation.run.evaluate`)."""
    methods = list(document["methods"])
    parts = [
        f"<h1>CineScene evaluation: {_text(', '.join(methods))}</h1>",
        _overview(document),
        "<h2>Means over clips</h2>",
        _summary_table(document["summary"]),
        *_cases(document),
        _frechet(document),
        *_comparisons(document),
        _curves(document),
        _worst(document),
        _off(document),
        _all_clips(document),
        _provenance(document),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>CineScene evaluation</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _overview(document: Mapping[str, Any]) -> str:
    rows = []
    for method, entry in document["methods"].items():
        failed = entry["failed"]
        text = f"{_text(method)}: {len(entry['clips'])} clips scored"
        rows.append(f"<li>{text}, {len(failed)} not (listed below)</li>" if failed else f"<li>{text}</li>")
    return (
        f"<ul>{''.join(rows)}</ul><p><small>Intervals are 95 % bootstrap intervals over scenes. Background: pixels "
        "that the subject does not change. Means over the frames and clips that have a value; a clip of several seeds "
        "counts as one, and ± is the standard deviation between seeds.</small></p>"
    )


def _cases(document: Mapping[str, Any]) -> Iterable[str]:
    """The main measures case by case."""
    for case, summary in document["cases"].items():
        clips = max(estimate["clips"] for row in summary.values() for estimate in row.values())
        yield f"<h2>Case: {_text(case)}, {clips} clips</h2>{_summary_table(summary, IN_CASES)}"


def _summary_table(summary: Mapping[str, Any], names: Iterable[str] = tuple(MEASURES)) -> str:
    rows = []
    for name, measure in ((name, MEASURES[name]) for name in names):
        cells = [estimates.get(name) for estimates in summary.values()]
        if not any(cells):
            continue
        best = _best([None if c is None else c["mean"] for c in cells], measure.better)
        shown = "".join(f'<td class="{"best" if i == best else ""}">{_estimate(c)}</td>' for i, c in enumerate(cells))
        unit = f" <small>{_text(measure.unit)}</small>" if measure.unit else ""
        rows.append(f"<tr><td>{_text(measure.title)}{unit} <small>{_ARROWS[measure.better]}</small></td>{shown}</tr>")
    return _table(["measure", *summary], rows)


_ARROWS = {"higher": "↑", "lower": "↓", "near 1": "→ 1"}


def _estimate(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["mean"] is None:
        return "–"
    interval = "" if estimate["low"] is None else f"<br><small>{estimate['low']:.4g} to {estimate['high']:.4g}</small>"
    spread = "" if estimate.get("seed_spread") is None else f"<br><small>± {estimate['seed_spread']:.2g}</small>"
    missing = f"<br><small>{estimate['missing']} without</small>" if estimate["missing"] else ""
    return f"{estimate['mean']:.4g}{interval}{spread}{missing}"


def _best(means: Sequence[float | None], better: str) -> int | None:
    known = [(value, i) for i, value in enumerate(means) if value is not None]
    if len(known) < 2:
        return None
    if better == "near 1":
        return min(known, key=lambda pair: abs(pair[0] - 1))[1]
    return (max if better == "higher" else min)(known)[1]


def _frechet(document: Mapping[str, Any]) -> str:
    lines = []
    for method, found in document["frechet"].items():
        value = "none" if found["distance"] is None else f"{found['distance']:.4g}"
        value += "" if found.get("seed_spread") is None else f" ± {found['seed_spread']:.2g} between seeds"
        note = f' <span class="note">{_text(found["note"])}</span>' if found.get("note") else ""
        lines.append(f"<li>{_text(method)}: {value}{note}</li>")
    name = next(iter(document["frechet"].values()))["name"]
    return f"<p>{_text(name)} (lower is better):</p><ul>{''.join(lines)}</ul>"


def _comparisons(document: Mapping[str, Any]) -> Iterable[str]:
    for comparison in document["comparisons"]:
        rows = []
        for name, found in comparison["measures"].items():
            difference = found["difference"]
            p_value = "–" if found["p_value"] is None else f"{found['p_value']:.3g}"
            share = "–" if found["share_positive"] is None else f"{100 * found['share_positive']:.0f} %"
            rows.append(
                f"<tr><td>{_text(MEASURES[name].title)} <small>{_ARROWS[MEASURES[name].better]}</small></td>"
                f"<td>{_estimate(difference)}</td><td>{share}</td><td>{p_value}</td><td>{difference['clips']}</td></tr>"
            )
        title = f"{_text(comparison['method'])} minus {_text(comparison['against'])}, clip by clip"
        yield f"<h2>{title}</h2>" + _table(["measure", "difference", "clips above 0", "p (sign flips)", "clips"], rows)


def _curves(document: Mapping[str, Any]) -> str:
    methods = document["methods"]
    drawn = [
        curve_svg(
            MEASURES[name].title,
            MEASURES[name].unit,
            {m: curve for m, entry in methods.items() if (curve := mean_curve(entry["clips"], name))},
        )
        for name in CURVES
    ]
    if not any(drawn):
        return ""
    return f'<h2>Over time</h2>{legend(list(methods))}<div class="curves">{"".join(drawn)}</div>'


def _worst(document: Mapping[str, Any]) -> str:
    """The worst clips of a method, each beside its reference and the other methods' clips.

    The first method where models or baselines were asked for; otherwise the last, which the first is compared with.
    """
    methods = {name: entry for name, entry in document["methods"].items() if entry["clips"]}
    against = set(get_args(Baseline)) | set(document.get("models", {}))
    judged = next(iter(methods)) if against & set(methods) else list(methods)[-1]
    ranking = next((n for n in RANKING if n in document["summary"][judged]), None)
    if ranking is None:
        return ""
    clips = [clip for clip in methods[judged]["clips"] if clip["measures"].get(ranking) is not None]
    clips.sort(key=lambda clip: clip["measures"][ranking], reverse=MEASURES[ranking].better == "lower")
    figures = []
    for clip in clips[:WORST]:
        panels = _panels(clip, methods, judged)
        data = side_by_side_data_url([Path(path) for _, path in panels])
        shown = f'<video controls loop src="{data}"></video>' if data else "<p>(the videos are no longer there)</p>"
        order = " | ".join(name for name, _ in panels)
        value = f"{MEASURES[ranking].title} {clip['measures'][ranking]:.4g} {MEASURES[ranking].unit}"
        flags = "".join(f'<br><span class="note">{_text(flag)}</span>' for flag in clip["flags"])
        figures.append(
            f"<figure>{shown}<figcaption>{_text(_title(clip))}: {_text(value)}<br><small>{_text(order)}</small>{flags}"
            "</figcaption></figure>"
        )
    return f"<h2>Worst clips of {_text(judged)} by {_text(MEASURES[ranking].title)}</h2>{''.join(figures)}"


def _panels(clip: Mapping[str, Any], methods: Mapping[str, Any], judged: str) -> list[tuple[str, str]]:
    """Names and videos beside each other: the reference, the judged clip, and the other methods' of the same shot."""
    panels = [("reference", clip["inputs"]["reference"])] if clip["inputs"]["reference"] else []
    panels.append((judged, clip["inputs"]["video"]))
    for method, entry in methods.items():
        same = [c for c in entry["clips"] if c["name"] == clip["name"] and c.get("seed") in (None, clip.get("seed"))]
        panels += [(method, c["inputs"]["video"]) for c in same[:1] if method != judged]
    return panels[:MOST_PANELS]


def _title(clip: Mapping[str, Any]) -> str:
    """Name, seed and case of a clip, as far as it has them."""
    seed = None if clip.get("seed") is None else f"seed {clip['seed']}"
    return ", ".join(part for part in (clip["name"], seed, clip.get("case")) if part is not None)


def _off(document: Mapping[str, Any]) -> str:
    reasons: dict[str, set[str]] = {}
    for entry in document["methods"].values():
        for clip in entry["clips"]:
            for name, reason in clip["off"].items():
                reasons.setdefault(reason, set()).add(MEASURES[name].title if name in MEASURES else name)
    if not reasons:
        return ""
    items = "".join(f"<dt>{_text(', '.join(sorted(n)))}</dt><dd>{_text(r)}</dd>" for r, n in reasons.items())
    return f"<h2>Not measured, and why</h2><dl>{items}</dl>"


def _all_clips(document: Mapping[str, Any]) -> str:
    names = [n for n in MEASURES if any(n in summary for summary in document["summary"].values())]
    rows = []
    for method, entry in document["methods"].items():
        for clip in entry["clips"]:
            values = (clip["measures"].get(n) for n in names)
            cells = "".join(f"<td>{'–' if v is None else format(v, '.4g')}</td>" for v in values)
            flags = "<br>".join(_text(flag) for flag in clip["flags"])
            rows.append(f"<tr><td>{_text(_title(clip))}</td><td>{_text(method)}</td>{cells}<td>{flags}</td></tr>")
        for name, reason in entry["failed"].items():
            rows.append(
                f"<tr><td>{_text(name)}</td><td>{_text(method)}</td>"
                f'<td colspan="{len(names) + 1}" class="note">not scored: {_text(reason)}</td></tr>'
            )
    heads = ["clip", "method", *(MEASURES[n].title for n in names), "flags"]
    return "<h2>All clips</h2>" + _table(heads, rows)


def _provenance(document: Mapping[str, Any]) -> str:
    found = document["provenance"]
    versions = ", ".join(f"{name} {value}" for name, value in found["versions"].items() if value)
    machine = ", ".join(str(value) for value in found["machine"].values())
    entries = {
        "command": found["command"],
        "commit": found["commit"] or "installed package",
        "versions": versions,
        "machine": f"{machine} cores",
        "time": f"{found['started']}, {found['seconds']} s",
        "models": "; ".join(f"{name}: weights {m['weights_sha256']}" for name, m in document.get("models", {}).items()),
        "inputs": f"SHA-256 {found['inputs_sha256']} over all files that went in; each file's is in results.json"
        if found.get("inputs_sha256")
        else "as in the runs that are compared",
        "options": ", ".join(f"{k} {v}" for k, v in document["options"].items() if v is not None),
    }
    items = "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in entries.items() if v)
    return f"<h2>Provenance</h2><dl>{items}</dl>"


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{_text(h)}</th>" for h in heads)
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _text(value: Any) -> str:
    return html.escape(str(value))
