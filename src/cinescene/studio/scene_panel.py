"""The tab of the place: opening it, uploading pictures, and its scale."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cinescene.errors import InputError
from cinescene.files import written_whole
from cinescene.scene.images import load_image
from cinescene.studio.drop import DropZone
from cinescene.studio.stage import measured_height_m

if TYPE_CHECKING:
    from cinescene.studio.page import Page

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".exr", ".hdr")
MOST_BYTES = 200 * 1024**2


class ScenePanel:
    """Reads places by name, or from uploads, and sets how high the camera was."""

    def __init__(self, page: Page) -> None:
        self.page = page
        gui = page.server.gui
        self.source = gui.add_text("Place", "sample:courtyard", hint="A panorama, photos, a folder, or sample:NAME.")
        self.height = gui.add_number("Camera height (m)", 1.6, min=0.1, max=50.0, step=0.05)
        self.open = gui.add_button("Open")
        self.upload = gui.add_upload_button(
            "Upload a panorama or photo", mime_type="image/*", hint="A panorama opens at once; photos are collected."
        )
        self.zone = DropZone(page.host, MOST_BYTES, self._dropped)
        gui.add_html(self.zone.frame_html)
        self.use = gui.add_button("Open the uploaded photos", visible=False)
        with gui.add_folder("Scale by one measured distance", expand_by_default=False):
            self.measure = gui.add_checkbox("Show two points to drag", False)
            self.apart = gui.add_markdown("")
            self.really = gui.add_number("Is really (m)", 1.0, min=0.01, max=1000.0, step=0.01)
            self.apply = gui.add_button("Set the scale")
        self.photos = page.folder / "uploads" / "photos"
        self._points: list[Any] = []
        guarded = page.guarded
        self.open.on_click(guarded(lambda event: page.open(self.source.value.strip(), self.height.value)))
        self.upload.on_upload(guarded(lambda event: self.take_in(self.upload.value.name, self.upload.value.content)))
        self.use.on_click(guarded(lambda event: page.open(str(self.photos), self.height.value)))
        self.measure.on_update(guarded(self._show_points))
        self.apply.on_click(guarded(self._scale))

    def _dropped(self, name: str, content: bytes) -> None:
        with self.page.lock:
            self.take_in(name, content)

    def take_in(self, name: str, content: bytes) -> None:
        """Opens a panorama, or puts a photo to the others. Raises `CineSceneError` for what is no picture."""
        file = self.keep(name, content)
        picture = load_image(file).pixels
        if picture.shape[-1] == 2 * picture.shape[-2]:
            panorama = self.page.folder / "uploads" / file.name
            file.rename(panorama)
            self.source.value = str(panorama)
            self.page.open(str(panorama), self.height.value)
            return
        count = len(list(self.photos.iterdir()))
        self.use.visible = True
        self.page.say(f"{count} photo{'s' if count > 1 else ''} uploaded; upload more, or open them.")

    def keep(self, name: str, content: bytes) -> Path:
        """Writes an upload under a name of ours; raises `InputError` for what is no picture, and keeps nothing."""
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(f"upload: expected a picture ({', '.join(SUFFIXES)}), got a file that ends in {suffix!r}")
        if len(content) > MOST_BYTES:
            raise InputError(f"upload: {len(content) / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are taken")
        file = self.photos / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
        self.photos.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as temporary:
            temporary.write_bytes(content)
        try:
            load_image(file)
        except Exception:
            file.unlink()
            raise
        return file

    def _show_points(self, event: Any) -> None:
        scene = self.page.server.scene
        for point in self._points:
            point.remove()
        self._points = []
        self.apart.content = ""
        if self.measure.value:
            floor = -self.height.value
            for name, x in (("a", -0.5), ("b", 0.5)):
                handle = scene.add_transform_controls(
                    f"/measure/{name}", scale=0.4, disable_rotations=True, position=(x, 2.0, floor)
                )
                handle.on_update(self.page.guarded(lambda moved: self._say_apart()))
                self._points.append(handle)
            self._say_apart()

    @property
    def apart_m(self) -> float:
        if len(self._points) != 2:
            raise InputError("scale: show the two points first, and drag them to what was measured")
        a, b = (np.asarray(point.position) for point in self._points)
        return float(np.linalg.norm(a - b))

    def _say_apart(self) -> None:
        self.apart.content = f"The points are {self.apart_m:.2f} m apart."

    def _scale(self, event: Any) -> None:
        if self.page.stage is None:
            raise InputError("scale: open a place first")
        height = measured_height_m(self.page.stage, self.apart_m, self.really.value)
        self.page.open(self.page.source, height)
        self.height.value = round(height, 3)
        self.measure.value = False
