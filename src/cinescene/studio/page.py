"""`Page`: the studio's web page. What is done on it goes to desk, stage and takes; what they hold is shown."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import torch

from cinescene.cameras import CameraTrack
from cinescene.errors import CineSceneError
from cinescene.studio.camera_panel import CameraPanel
from cinescene.studio.desk import PathDesk
from cinescene.studio.draw import draw_path, draw_stage, vertical_fov, wxyz_of
from cinescene.studio.latest import Latest
from cinescene.studio.scene_panel import ScenePanel
from cinescene.studio.shot_panel import ShotPanel
from cinescene.studio.stage import Stage, camera_at, guess_warnings, open_stage, tinted
from cinescene.studio.takes import Takes

PREVIZ_PX = (320, 180)
PLAYED_RATE = 8.0
log = logging.getLogger("cinescene.studio")


class Page:
    """Everything that all visitors of a studio share: one stage, one path, one queue of takes.

    A browser that reloads finds it as it was, as the state is here and not in the browser.
    """

    def __init__(self, server: Any, takes: Takes, nano: Path, folder: Path, host: str) -> None:
        self.host, self.lock = host, threading.RLock()
        self.server, self.takes, self.nano, self.folder = server, takes, nano, folder
        self.desk, self.source = PathDesk(), ""
        self.stage: Stage | None = None
        self.chosen, self.playing = 0, False
        gui = server.gui
        gui.configure_theme(control_width="large", show_logo=False, show_share_button=False)
        gui.main_panel.dock_right()
        server.scene.set_up_direction("+z")
        server.initial_camera.position, server.initial_camera.look_at = (2.5, -4.0, 2.5), (0.0, 2.0, -0.5)
        self.message = gui.add_markdown("Open a place to begin.")
        self.picture = gui.add_image(_blank(), label="Through the camera")
        self.playhead = gui.add_slider("Time (s)", 0.0, 1.0, 0.01, 0.0)
        self.play = gui.add_button_group("Timeline", ("Play", "Stop", "Through the camera"))
        self.warnings = gui.add_markdown("")
        tabs = gui.add_tab_group()
        with tabs.add_tab("Place"):
            self.scene_panel = ScenePanel(self)
        with tabs.add_tab("Camera"):
            self.camera_panel = CameraPanel(self)
        with tabs.add_tab("Shot"):
            self.shot_panel = ShotPanel(self)
        self._previz = Latest(self._draw_previz)
        self.playhead.on_update(self.guarded(lambda event: self.show_frame()))
        self.play.on_click(self.guarded(self._timeline))

    # ---- what panels use --------------------------------------------------------------------------------------------

    def guarded(self, work: Callable[[Any], object]) -> Callable[[Any], None]:
        """A callback whose errors are said on the page instead of ending in a log nobody reads."""

        @wraps(work)
        def run(event: Any) -> None:
            try:
                with self.lock:
                    work(event)
            except CineSceneError as error:
                self.say(" ".join(str(error).split()), wrong=True)
            except OSError as error:
                self.say(error.strerror or str(error), wrong=True)
            except Exception as error:
                log.exception("the page")
                self.say(f"a defect of the program ({type(error).__name__}); the log says more", wrong=True)

        return run

    def say(self, text: str, *, wrong: bool = False) -> None:
        """A sentence at the top of the page."""
        self.message.content = f"**Not done:** {text}" if wrong else text

    def open(self, source: str, camera_height_m: float) -> None:
        """Puts a place on the stage. Raises `CineSceneError`; the old stage then stays."""
        self.say(f"opening {source}")
        stage = open_stage(source, camera_height_m, self.nano)
        self.stage, self.source = stage, source
        draw_stage(self.server, stage)
        notes = "".join(f"\n- {note}" for note in stage.notes)
        self.say(f"**{stage.name}** is on the stage.{notes}")
        self.path_changed()

    @property
    def size_px(self) -> tuple[int, int]:
        """Of the shot."""
        return self.shot_panel.size_px

    def track(self, frames: int | None = None, rate: float | None = None) -> CameraTrack:
        """The path's frames at the shot's size."""
        width, height = self.size_px
        return self.desk.track(
            width_px=width, height_px=height, frame_rate=rate or self.shot_panel.frame_rate, frames=frames
        )

    def path_changed(self) -> None:
        """Draws path and previz again, and says what is wrong with the path."""
        self.chosen = min(self.chosen, len(self.desk) - 1)
        width, height = self.size_px
        draw_path(self.server, self.desk, self.chosen, width / height)
        self.playhead.max = max(self.desk.path.duration_s, 0.01)
        self.camera_panel.show()
        if self.stage is not None:
            track = self.track(rate=PLAYED_RATE)
            found = self.stage.warn(track)
            if not self.camera_panel.dragging:
                found += [*self.stage.warn_of_pictures(track), *guess_warnings(self.stage, track)]
            self.warnings.content = "\n".join(f"- ⚠ {warning}" for warning in found)
        self.show_frame()

    def show_frame(self) -> None:
        """Asks for the picture at the playhead."""
        if self.stage is not None:
            self._previz.ask((self.stage, self.playhead_track()))

    def playhead_track(self) -> CameraTrack:
        """The camera at the playhead, as a track of one frame."""
        start = self.desk.path.start_s
        time_s = start + min(max(float(self.playhead.value), 0.0), self.desk.path.duration_s)
        cameras = self.desk.path.cameras_at(
            torch.tensor([time_s], dtype=torch.float64), width_px=PREVIZ_PX[0], height_px=self._previz_height()
        )
        return CameraTrack.from_cameras(cameras, frame_rate=PLAYED_RATE)

    def stop(self) -> None:
        """Ends the threads of the page."""
        self.playing = False
        self._previz.stop()
        self.scene_panel.zone.stop()

    # ---- its own ----------------------------------------------------------------------------------------------------

    def _previz_height(self) -> int:
        width, height = self.size_px
        return max(2, 2 * round(PREVIZ_PX[0] * height / width / 2))

    def _draw_previz(self, asked: tuple[Stage, CameraTrack]) -> None:
        stage, track = asked
        self.picture.image = tinted(stage.look(camera_at(track, 0))).numpy()

    def _timeline(self, event: Any) -> None:
        if self.play.value == "Through the camera":
            self._look_through(event.client)
        elif self.play.value == "Stop":
            self.playing = False
        elif not self.playing and self.stage is not None:
            self.playing = True
            threading.Thread(target=self._run_time, name="play", daemon=True).start()

    def _look_through(self, client: Any) -> None:
        """Puts the visitor's own view where the camera is."""
        if client is None:
            return
        cameras = self.playhead_track().cameras()
        with client.atomic():
            client.camera.position = cameras.position[0].double().numpy()
            client.camera.wxyz = wxyz_of(cameras.world_from_camera[0])
            client.camera.fov = vertical_fov(cameras)

    def _run_time(self) -> None:
        while self.playing:
            duration = max(self.desk.path.duration_s, 1 / PLAYED_RATE)
            time.sleep(1 / PLAYED_RATE)
            self.playhead.value = min((float(self.playhead.value) + 1 / PLAYED_RATE) % duration, self.playhead.max)
            self.show_frame()


def _blank() -> Any:
    return torch.full((PREVIZ_PX[1], PREVIZ_PX[0], 3), 40, dtype=torch.uint8).numpy()
