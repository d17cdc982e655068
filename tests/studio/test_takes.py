"""The queue of takes: in order, cancelled, failing without harm."""

import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

import torch

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.errors import InputError
from cinescene.shot_settings import ShotSettings
from cinescene.studio.desk import PathDesk
from cinescene.studio.shot_panel import wall_html
from cinescene.studio.takes import Take, Takes, camera_file
from cinescene.video import Video


class StubPipeline:
    """Steps slowly, reports, and writes a grey video; prompts say what goes wrong."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, *, prompt: str, on_progress: Any, **rest: Any) -> Any:
        self.seen.append(prompt)
        for step in range(50):
            on_progress("sampling", step, 50)
            self.go.wait(10)
            time.sleep(0.002)
        if prompt == "refused":
            raise InputError("scene: is not there")
        if prompt == "broken":
            raise RuntimeError("a defect")
        return _Shot()


class _Shot:
    def save(self, path: Path) -> None:
        Video(frames=torch.full((5, 3, 16, 16), 90, dtype=torch.uint8), frame_rate=8.0).save(path)


def track() -> CameraTrack:
    return PathDesk().track(width_px=16, height_px=16, frame_rate=8.0, frames=5)


def ask(takes: Takes, prompt: str) -> Take:
    return takes.ask("sample:courtyard", prompt, track(), 0, ShotSettings())


def ended(take: Take, within_s: float = 20.0) -> str:
    deadline = time.monotonic() + within_s
    while take.state in ("waiting", "making") and time.monotonic() < deadline:
        time.sleep(0.01)
    return take.state


def test_takes_are_made_in_order_and_kept(tmp_path: Path) -> None:
    pipeline, changes = StubPipeline(), []
    takes = Takes(tmp_path, lambda: pipeline, lambda take: changes.append((take.number, take.state)))  # type: ignore[return-value]
    made = [ask(takes, prompt) for prompt in ("one", "two", "three")]
    assert [ended(take) for take in made] == ["done"] * 3
    assert pipeline.seen == ["one", "two", "three"]
    assert sorted(file.name for file in tmp_path.glob("*.mp4")) == ["take001.mp4", "take002.mp4", "take003.mp4"]
    assert (3, "done") in changes
    assert made[0].video is not None
    assert len(read_track(camera_file(made[0].video))) == 5
    page = wall_html(made)
    assert [page.index(f"data-take='{number}'") for number in (3, 2, 1)] == sorted(
        page.index(f"data-take='{number}'") for number in (1, 2, 3)
    )
    assert "<b>" not in wall_html([dataclasses.replace(made[0], prompt="<b>bold</b>")])
    takes.stop()
    later = Takes(tmp_path, lambda: pipeline)  # type: ignore[return-value]
    assert ask(later, "four").number == 4
    later.stop()


def test_cancelling_stops_what_is_made_and_takes_out_what_waits(tmp_path: Path) -> None:
    pipeline = StubPipeline()
    takes = Takes(tmp_path, lambda: pipeline)  # type: ignore[return-value]
    pipeline.go.clear()
    first, second, third = (ask(takes, name) for name in ("one", "two", "three"))
    while not pipeline.seen:
        time.sleep(0.01)
    takes.cancel(second)
    takes.cancel(first)
    pipeline.go.set()
    assert (ended(first), ended(second), ended(third)) == ("cancelled", "cancelled", "done")
    assert pipeline.seen == ["one", "three"]
    takes.stop()


def test_failures_say_why_and_harm_no_other(tmp_path: Path) -> None:
    pipeline = StubPipeline()
    takes = Takes(tmp_path, lambda: pipeline)  # type: ignore[return-value]
    refused, broken, fine = (ask(takes, name) for name in ("refused", "broken", "fine"))
    assert (ended(refused), ended(broken), ended(fine)) == ("failed", "failed", "done")
    assert refused.error == "scene: is not there"
    assert "defect" in broken.error
    takes.stop()


def test_what_cannot_be_shown_and_files_that_are_gone_stop_no_take(tmp_path: Path) -> None:
    pipeline = StubPipeline()

    def broken(take: Take) -> None:
        raise FileNotFoundError("gone")

    takes = Takes(tmp_path, lambda: pipeline, broken)  # type: ignore[return-value]
    first = ask(takes, "one")
    assert ended(first) == "done"
    assert first.video is not None
    first.video.unlink()
    second = ask(takes, "two")
    assert ended(second) == "done"
    page = wall_html([first, second])
    assert "data-take='2'" in page
    assert "data-take='1'" not in page
    takes.stop()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "takes"
    blocked.write_text("a file where the folder should be")
    takes = Takes(blocked, lambda: StubPipeline())  # type: ignore[arg-type,return-value]
    take = ask(takes, "one")
    assert ended(take) == "failed"
    assert "written" in take.error
    takes.stop()
