"""``cinescene studio``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import tyro


def studio(
    scene: str | None = None,
    folder: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("cinescene-studio"),
    host: str = "127.0.0.1",
    port: int = 8310,
    model: str = "nano",
    vggt: str | None = None,
    camera_height: float = 1.6,
) -> None:
    """Open the studio: a web page on which a director places the camera, sees the previz, and makes takes.

    Args:
        scene: A panorama (equirectangular, 2:1) or photos to begin with; another can be opened on the page.
        folder: Takes and uploads.
        host: Address to listen on; the default is this machine alone.
        port: Port to listen on.
        model: A model of `cinescene models`, a folder, or a name on the hub.
        vggt: VGGT checkpoint for a model without one: a file, a folder or a hub name.
        camera_height: Metres from the ground to where the pictures were taken.
    """
    from cinescene.presets import NANO_FOLDER
    from cinescene.scene.scene import Scene
    from cinescene.studio.server import Studio

    if scene is not None:
        Scene.open(scene)
    running = Studio(folder=folder, host=host, port=port, model=model, nano=NANO_FOLDER, vggt=vggt)
    print(running.url)
    try:
        if scene is not None:
            running.page.scene_panel.source.value = scene
            running.page.scene_panel.height.value = camera_height
            running.page.guarded(lambda event: running.page.open(scene, camera_height))(None)
        print("the studio is open; Ctrl-C ends it", file=sys.stderr)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        running.stop()
