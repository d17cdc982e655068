"""The report's pieces: curves are well-formed drawings, videos sit side by side, texts cannot break the page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import torch

from cinescene.evaluation.report import report_html
from cinescene.evaluation.report_curves import curve_svg, mean_curve
from cinescene.evaluation.report_videos import GAP_PX, side_by_side, side_by_side_data_url
from cinescene.evaluation.summary import summarise
from cinescene.evaluation.terminal import clip_lines, summary_lines


def clip(name: str, value: float | None, **more: object) -> dict:
    return {
        "name": name,
        "group": name,
        "inputs": {"video": "gone.mp4", "reference": None},
        "measures": {"psnr_whole": value},
        "series": {"psnr_whole": [value, value]},
        "series_frames": {"psnr_whole": [0, 5]},
        "flags": [],
        "off": {},
        "facts": {},
        "features": {},
        **more,
    }


def document(**methods: list[dict]) -> dict:
    return {
        "options": {"frames_for_costly": 2},
        "methods": {name: {"clips": clips, "failed": {}} for name, clips in methods.items()},
        **summarise(methods),
        "provenance": {
            "command": "cinescene evaluate <a>",
            "commit": None,
            "versions": {"python": "3"},
            "machine": {"system": "x", "processor": "y", "cores": 2},
            "started": "now",
            "seconds": 1,
        },
    }


def test_curves_are_drawn_between_their_extremes() -> None:
    drawing = ET.fromstring(curve_svg("PSNR <b>", "dB", {"a & b": {0: 10.0, 5: 20.0}, "c": {2: 15.0}}))
    lines = drawing.findall("polyline")
    assert len(lines) == 2
    (x0, y0), (x1, y1) = (tuple(map(float, p.split(","))) for p in lines[0].get("points", "").split())
    assert x1 > x0
    assert y1 < y0
    assert curve_svg("PSNR", "dB", {"a": {}}) == ""
    assert "NaN" not in curve_svg("PSNR", "dB", {"a": {0: 3.0, 1: float("nan")}})


def test_a_mean_curve_leaves_out_what_is_missing() -> None:
    clips = [clip("a", 10.0), clip("b", 20.0), clip("c", None)]
    assert mean_curve(clips, "psnr_whole") == {0: 15.0, 5: 15.0}


def test_clips_of_other_shapes_sit_side_by_side() -> None:
    wide, short = torch.zeros(5, 3, 60, 120, dtype=torch.uint8), torch.full((2, 3, 90, 90), 200, dtype=torch.uint8)
    joined = side_by_side([wide, short])
    assert joined.shape == (5, 3, 144, 288 + GAP_PX + 144)
    assert float(joined[-1, :, :, -100:].float().mean()) == pytest.approx(200, abs=1)


def test_videos_that_are_gone_leave_a_note(tmp_path: Path) -> None:
    assert side_by_side_data_url([tmp_path / "gone.mp4"]) is None
    assert "no longer there" in report_html(document(a=[clip("x", 10.0)]))


def test_names_cannot_break_the_page() -> None:
    page = report_html(document(**{"<script>alert(1)</script>": [clip("<img src=x>", 9.0, flags=["<b>"])]}))
    assert "<script" not in page
    assert "<img" not in page


def test_the_better_method_is_marked_and_missing_values_are_counted() -> None:
    found = document(a=[clip("x", 10.0), clip("y", 12.0)], b=[clip("x", 20.0), clip("y", None)])
    page = report_html(found)
    assert '<td class="best">20' in page
    assert "1 without" in page
    assert found["comparisons"][0]["measures"]["psnr_whole"]["difference"]["mean"] == 10
    lines = list(summary_lines(found))
    assert any("PSNR, whole" in line and "20" in line for line in lines)
    assert any("PSNR, whole" in line for line in clip_lines(clip("x", 10.0)))
