"""The tab of the camera: keyframes with gizmos, moves, undo, files."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cinescene.cameras.easing import Easing
from cinescene.cameras.path import Keyframe
from cinescene.errors import InputError
from cinescene.studio.draw import pose_of, wxyz_of

if TYPE_CHECKING:
    from cinescene.studio.page import Page

MOVES = {
    "pan": "pan right 40deg over 2s ease",
    "tilt": "tilt up 15deg over 2s ease",
    "roll": "roll cw 8deg over 2s ease",
    "dolly": "dolly in 1m over 2s ease",
    "truck": "truck right 1m over 2s ease",
    "pedestal": "pedestal up 0.5m over 2s ease",
    "crane": "crane up 1m over 3s ease",
    "arc": "arc right 60deg around 3m over 3s ease",
    "spiral": "spiral right 180deg around 3m to 2m up 0.5m over 4s",
    "zoom": "zoom 24mm->50mm over 2s ease",
    "dolly-zoom": "dolly-zoom in 1m at 3m over 3s",
    "handheld": "handheld 1cm 0.4deg seed 7 over 3s",
    "static": "static over 2s",
}
"""Every kind of move, with numbers to be changed."""
FILE_NAMES = {
    "cinescene-path": "path.json",
    "cinescene-track": "track.json",
    "cinescene": "shot_cam.json",
    "recammaster": "camera_extrinsics.json",
    "realestate10k": "path.txt",
    "nerfstudio": "transforms.json",
    "nerfstudio-path": "camera_path.json",
    "colmap": "colmap",
    "colmap-binary": "colmap",
    "tum": "path.tum",
    "kitti": "path.kitti",
    "usd": "path.usda",
    "gltf": "path.glb",
    "chan": "path.chan",
}
"""What a saved path is called, by its format in `cameras.formats`."""


class CameraPanel:
    """Edits the path of the page's desk; the chosen keyframe has a gizmo on the stage."""

    def __init__(self, page: Page) -> None:
        self.page = page
        gui, guarded = page.server.gui, page.guarded
        self.steps = gui.add_button_group("History", ("Undo", "Redo"))
        self.index = gui.add_slider("Keyframe", 1, 2, 1, 1)
        self.keys = gui.add_button_group("Keyframes", ("From this view", "At the playhead", "Delete"))
        self.time = gui.add_number("Time (s)", 0.0, min=0.0, max=3600.0, step=0.05)
        self.lens = gui.add_number("Lens (mm)", 24.0, min=4.0, max=600.0, step=1.0)
        self.easing = gui.add_dropdown("Easing to the next", get_args(Easing), initial_value="linear")
        self.looks = gui.add_checkbox("Look at a point", False)
        self.duration = gui.add_number("Duration (s)", 0.0, min=0.0, max=3600.0, step=0.1)
        with gui.add_folder("Moves"):
            self.kinds = gui.add_button_group("Move", tuple(MOVES))
            self.words = gui.add_text("In words", MOVES["arc"])
            self.shoot = gui.add_button_group("Make it", ("The whole path", "After the path"))
        with gui.add_folder("Camera files", expand_by_default=False):
            self.upload = gui.add_upload_button("Open a camera file")
            self.format = gui.add_dropdown("Format", tuple(FILE_NAMES), initial_value="cinescene-path")
            self.save = gui.add_button("Save")
        controls = page.server.scene.add_transform_controls
        self.gizmo = controls("/path/gizmo", scale=0.5)
        self.target = controls("/path/target", scale=0.4, disable_rotations=True, position=(0, 3, 0), visible=False)
        self._shown = self._dragging = False
        self.steps.on_click(guarded(self._history))
        self.index.on_update(guarded(self._choose))
        self.keys.on_click(guarded(self._keyframes))
        for number in (self.time, self.lens, self.easing):
            number.on_update(guarded(self._values))
        self.looks.on_update(guarded(self._look))
        self.duration.on_update(guarded(self._retime))
        self.kinds.on_click(guarded(lambda event: setattr(self.words, "value", MOVES[self.kinds.value])))
        self.shoot.on_click(guarded(self._moves))
        self.upload.on_upload(guarded(self._open))
        self.save.on_click(guarded(self._save))
        for handle, moved in ((self.gizmo, self._dragged), (self.target, self._aimed)):
            handle.on_update(guarded(moved))

    @property
    def dragging(self) -> bool:
        """Whether a handle is being dragged: only what is quick is worth doing."""
        return self._dragging

    def show(self) -> None:
        """Puts the numbers and the gizmo of the chosen keyframe on the page, without taking that for input."""
        desk, chosen = self.page.desk, self.page.chosen
        key = desk[chosen]
        self._shown = False
        self.index.max = max(2, len(desk))
        self.index.value = chosen + 1
        self.time.value, self.lens.value, self.easing.value = key.time_s, key.focal_mm, key.easing
        self.looks.value = key.look_at_m is not None
        self.duration.value = round(desk.path.duration_s, 3)
        self.target.visible = key.look_at_m is not None
        if not self._dragging:
            self.gizmo.position = key.world_from_camera[:3, 3].double().numpy()
            self.gizmo.wxyz = wxyz_of(key.world_from_camera)
            if key.look_at_m is not None:
                self.target.position = key.look_at_m
        self._shown = True

    # ---- callbacks --------------------------------------------------------------------------------------------------

    def _history(self, event: Any) -> None:
        if self.steps.value == "Undo":
            self.page.desk.undo()
        else:
            self.page.desk.redo()
        self.page.path_changed()

    def _choose(self, event: Any) -> None:
        asked = min(int(self.index.value), len(self.page.desk)) - 1
        if self._shown and asked != self.page.chosen:
            self.page.chosen = asked
            self.page.playhead.value = self.page.desk[self.page.chosen].time_s - self.page.desk.path.start_s
            self.page.path_changed()

    def _keyframes(self, event: Any) -> None:
        desk = self.page.desk
        if self.keys.value == "Delete":
            desk.remove(self.page.chosen)
        elif self.keys.value == "From this view":
            if event.client is None:
                raise InputError("keyframe: the view is not known yet; move it a little")
            pose = pose_of(event.client.camera.wxyz, event.client.camera.position)
            self.page.chosen = desk.append(Keyframe(time_s=0.0, world_from_camera=pose, focal_mm=self.lens.value))
        else:
            track = self.page.playhead_track()
            time_s = desk.path.start_s + float(self.page.playhead.value)
            pose, lens = track.world_from_camera[0], float(track.cameras().focal_mm()[0])
            self.page.chosen = desk.add(Keyframe(time_s=time_s, world_from_camera=pose, focal_mm=lens))
        self.page.path_changed()

    def _values(self, event: Any) -> None:
        key = self.page.desk[self.page.chosen]
        asked = {"time_s": self.time.value, "focal_mm": self.lens.value, "easing": self.easing.value}
        if self._shown and any(getattr(key, name) != value for name, value in asked.items()):
            self._shown = False
            try:
                self.page.desk.replace(self.page.chosen, **asked)
            finally:
                self.page.path_changed()

    def _look(self, event: Any) -> None:
        looking = self.page.desk[self.page.chosen].look_at_m is not None
        if self._shown and self.looks.value != looking:
            x, y, z = (float(c) for c in self.target.position)
            self.page.desk.look_at((x, y, z) if self.looks.value else None)
            self.page.path_changed()

    def _retime(self, event: Any) -> None:
        if self._shown and abs(self.duration.value - self.page.desk.path.duration_s) > 1e-3:
            try:
                self.page.desk.retime(self.duration.value)
            finally:
                self.page.path_changed()

    def _moves(self, event: Any) -> None:
        self.page.desk.shoot_moves(
            self.words.value,
            focal_mm=self.lens.value,
            frame_rate=self.page.shot_panel.frame_rate,
            from_end=self.shoot.value == "After the path",
        )
        self.page.path_changed()

    def _dragged(self, event: Any) -> None:
        if self._shown:
            pose = pose_of(self.gizmo.wxyz, self.gizmo.position)
            self.page.desk.replace(self.page.chosen, goes_on=self._dragging, world_from_camera=pose)
            self._moved(event)

    def _aimed(self, event: Any) -> None:
        if self._shown and self.looks.value:
            x, y, z = (float(c) for c in self.target.position)
            self.page.desk.replace(self.page.chosen, goes_on=self._dragging, look_at_m=(x, y, z))
            self._moved(event)

    def _moved(self, event: Any) -> None:
        self._dragging = event.phase != "end"
        self.page.playhead.value = self.page.desk[self.page.chosen].time_s - self.page.desk.path.start_s
        self.page.path_changed()

    def _open(self, event: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / (re.sub(r"[^A-Za-z0-9_.-]", "_", Path(self.upload.value.name).name) or "camera")
            file.write_bytes(self.upload.value.content)
            notes = self.page.desk.open(file)
        self.page.chosen = 0
        self.page.path_changed()
        self.page.say("".join(["The camera file is open.", *(f"\n- {note}" for note in notes)]))

    def _save(self, event: Any) -> None:
        width, height = self.page.size_px
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / FILE_NAMES[self.format.value]
            lost = self.page.desk.save(
                file,
                self.format.value,
                width_px=width,
                height_px=height,
                frame_rate=self.page.shot_panel.frame_rate,
            )
            file = _one_file(file)
            content = file.read_bytes()
        (event.client or self.page.server).send_file_download(file.name, content, save_immediately=True)
        self.page.say("".join(["The camera file is saved.", *(f"\n- {note}" for note in lost)]))


def _one_file(path: Path) -> Path:
    """A file as it is; a folder, as COLMAP's, zipped."""
    return Path(shutil.make_archive(str(path), "zip", path)) if path.is_dir() else path
