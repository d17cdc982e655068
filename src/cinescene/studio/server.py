"""Starting and ending a studio."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

from cinescene.errors import InputError, MissingDependencyError
from cinescene.studio.page import Page
from cinescene.studio.takes import Takes

log = logging.getLogger("cinescene.studio")


class Studio:
    """A running studio. ``page`` is what it shows; ``stop`` ends it."""

    def __init__(self, *, folder: Path, host: str, port: int, model: str, nano: Path, vggt: str | None = None) -> None:
        """``vggt`` is for a model without one. Raises `InputError` where the port is taken, `MissingDependencyError`
        without viser.
        """
        try:
            import viser
        except ImportError as error:
            raise MissingDependencyError("the studio needs viser: pip install 'cinescene[studio]'") from error
        check_port(host, port)
        folder.mkdir(parents=True, exist_ok=True)
        self.viser: Any = viser.ViserServer(host=host, port=port, label="CineScene studio", verbose=False)
        self.takes = Takes(folder, lambda: _load(model, vggt), self._changed)
        self.page = Page(self.viser, self.takes, nano, folder, host)
        self.url = f"http://{host}:{port}"

    def stop(self) -> None:
        self.page.stop()
        self.takes.stop()
        self.viser.stop()

    def _changed(self, take: Any) -> None:
        self.page.shot_panel.show(take)


def check_port(host: str, port: int) -> None:
    """Raises `InputError` unless a server can listen there."""
    if not 0 < port < 65536:
        raise InputError(f"port: expected 1 to 65535, got {port}")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host}:{port}: cannot listen there ({error.strerror}); another studio may be running: open it, or "
                "choose another --port"
            ) from error


def _load(model: str, vggt: str | None) -> Any:
    import torch

    from cinescene.model.levers import Levers
    from cinescene.pipeline import CineScenePipeline

    cuda = torch.cuda.is_available()
    levers = Levers(device="cuda" if cuda else "cpu", precision="bf16" if cuda else "fp32")
    return CineScenePipeline.from_pretrained(model, levers=levers, vggt=vggt)
