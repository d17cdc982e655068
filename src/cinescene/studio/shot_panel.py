"""The tab of the shot: what happens in it, making it, and the takes side by side."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cinescene.errors import InputError
from cinescene.shot_settings import ShotSettings
from cinescene.studio.takes import Take, camera_file

if TYPE_CHECKING:
    from cinescene.model.defaults import ShotDefaults
    from cinescene.studio.page import Page

INLINE_BYTES = 24 * 1024**2
"""Videos that are played on the page together; older and larger ones are downloaded."""
SIDE_BY_SIDE = 2


class ShotPanel:
    """Asks for takes and shows them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        gui, guarded = page.server.gui, page.guarded
        defaults = self.defaults
        self.prompt = gui.add_text("Prompt", "a woman in a red coat walks to the left", multiline=True)
        self.negative = gui.add_text("Not to show", "")
        self.seed = gui.add_number("Seed", 0, min=0, max=2**31 - 1, step=1)
        with gui.add_folder("Settings", expand_by_default=False):
            self.width = gui.add_number("Width (px)", defaults.width_px, min=16, max=1920, step=16)
            self.height = gui.add_number("Height (px)", defaults.height_px, min=16, max=1088, step=16)
            self.frames = gui.add_number("Frames (1 + 4n)", defaults.frames, min=1, max=241, step=4)
            self.rate = gui.add_number("Frames a second", defaults.frame_rate, min=1.0, max=60.0, step=1.0)
            self.steps = gui.add_number("Steps", defaults.steps, min=1, max=100, step=1)
            self.guidance = gui.add_number("Guidance", defaults.text_guidance, min=0.0, max=20.0, step=0.1)
        self.make = gui.add_button("Generate", color="orange")
        self.progress = gui.add_progress_bar(0.0, visible=False)
        self.state = gui.add_markdown("")
        self.cancel = gui.add_button("Cancel", visible=False)
        self.wall = gui.add_html("")
        self.shelf = gui.add_folder("Takes")
        self._cards: dict[int, Any] = {}
        self.make.on_click(guarded(lambda event: self.ask()))
        self.cancel.on_click(guarded(lambda event: self._cancel()))
        for number in (self.width, self.height):
            number.on_update(guarded(lambda event: page.path_changed()))

    @property
    def defaults(self) -> ShotDefaults:
        from cinescene.presets import NANO

        return NANO.shot

    @property
    def size_px(self) -> tuple[int, int]:
        return int(self.width.value), int(self.height.value)

    @property
    def frame_rate(self) -> float:
        return float(self.rate.value)

    def ask(self) -> Take:
        """Puts the shot as it stands on the page into the queue."""
        page = self.page
        if page.stage is None:
            raise InputError("generate: open a place first")
        if not self.prompt.value.strip():
            raise InputError("generate: expected a few words about what happens, got none")
        width, height = self.size_px
        usual = (width, height) == (self.defaults.width_px, self.defaults.height_px)
        settings = ShotSettings(
            width_px=width,
            height_px=height,
            enlarge=self.defaults.enlarge if usual else 1,
            steps=int(self.steps.value),
            text_guidance=float(self.guidance.value),
            negative_prompt=self.negative.value,
            camera_height_m=page.stage.camera_height_m,
        )
        track = page.track(frames=int(self.frames.value))
        return page.takes.ask(page.source, self.prompt.value, track, int(self.seed.value), settings)

    def show(self, take: Take) -> None:
        """What is new of a take; called from the thread that makes them, too."""
        waiting = sum(t.state == "waiting" for t in self.page.takes.takes)
        busy = take.state in ("waiting", "making")
        self.progress.visible = self.cancel.visible = busy
        self.progress.value = round(100 * take.share, 1)
        left = "" if take.left_s is None else f", about {take.left_s:.0f} s left"
        queue = f"; {waiting} waiting" if waiting else ""
        self.state.content = f"Take {take.number}: {take.state} {take.stage if busy else ''}{left}{queue}"
        if not busy and take.number not in self._cards:
            with self.shelf:
                self._cards[take.number] = _Card(self.page, self, take)
            self.wall.content = wall_html(self.page.takes.takes)

    def again(self, take: Take) -> None:
        """Puts a take's words and numbers back on the page, with another seed."""
        self.prompt.value, self.negative.value = take.prompt, take.settings.negative_prompt
        self.seed.value = take.seed + 1

    def _cancel(self) -> None:
        for take in self.page.takes.takes:
            if take.state in ("waiting", "making"):
                self.page.takes.cancel(take)
                return


class _Card:
    """A finished take: its video, its files, and how to make it again."""

    def __init__(self, page: Page, panel: ShotPanel, take: Take) -> None:
        gui = page.server.gui
        self.folder = gui.add_folder(f"Take {take.number}, seed {take.seed}")
        with self.folder:
            said = f"{take.prompt} · {take.state}{': ' + take.error if take.error else ''}"
            gui.add_markdown(f"{said} · {take.seconds or 0:.0f} s")
            if take.video is not None:
                self.files = gui.add_button_group("Download", ("mp4", "camera", "manifest", "first frame"))
                self.files.on_click(page.guarded(lambda event: self._download(page, take, event)))
            self.again = gui.add_button("Same again with another seed")
            self.again.on_click(page.guarded(lambda event: panel.again(take)))

    def _download(self, page: Page, take: Take, event: Any) -> None:
        assert take.video is not None
        files = {
            "mp4": take.video,
            "camera": camera_file(take.video),
            "manifest": take.video.with_suffix(".json"),
            "first frame": take.video.with_suffix(".png"),
        }
        file = files[self.files.value]
        (event.client or page.server).send_file_download(file.name, file.read_bytes(), save_immediately=True)


def wall_html(takes: Sequence[Take]) -> str:
    """Players for the newest takes whose files are there, side by side, as far as they fit into `INLINE_BYTES`."""
    shown: list[str] = []
    left = INLINE_BYTES
    for take in reversed(takes):
        if take.video is None or not take.video.is_file():
            continue
        left -= take.video.stat().st_size
        if left < 0:
            break
        data = base64.b64encode(take.video.read_bytes()).decode("ascii")
        shown.append(
            f"<figure style='margin:0'><video class='take' data-take='{take.number}' controls loop autoplay muted "
            f"playsinline style='width:100%' src='data:video/mp4;base64,{data}'></video>"
            f"<figcaption>take {take.number}, seed {take.seed}: {html.escape(take.prompt)}</figcaption></figure>"
        )
    columns = min(SIDE_BY_SIDE, max(1, len(shown)))
    return f"<div style='display:grid;grid-template-columns:repeat({columns},1fr);gap:6px'>{''.join(shown)}</div>"
