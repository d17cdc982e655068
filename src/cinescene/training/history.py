"""What was measured while training: a log that is only ever added to, its picture, and TensorBoard."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.files import written_whole

LOG_FILE, PLOT_FILE = "log.jsonl", "curves.png"
_log = logging.getLogger(__name__)


class History:
    """Numbers by step, one JSON object a line in ``log.jsonl``; TensorBoard too where it is installed."""

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        """Lines of steps from ``first_step`` on, left by a run that got further than its checkpoint, are dropped."""
        self.file = folder / LOG_FILE
        self.folder = folder
        self.lines = [line for line in read_log(self.file) if line["step"] <= first_step]
        with written_whole(self.file) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")
        self._board = _tensorboard(folder / "tensorboard", first_step)

    def add(self, step: int, numbers: dict[str, float]) -> None:
        line = {"step": step} | numbers
        self.lines.append(line)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        if self._board is not None:
            for name, value in numbers.items():
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def plot(self) -> Path:
        """Curves of everything in the log."""
        return plot_log(self.lines, self.folder / PLOT_FILE)


def read_log(file: Path) -> list[dict[str, Any]]:
    """The lines of a log; a last line that was cut short is left out."""
    if not file.is_file():
        return []
    lines = []
    for text in file.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            _log.warning("%s: a damaged line is left out", file)
    return [line for line in lines if isinstance(line, dict) and isinstance(line.get("step"), int)]


def plot_log(lines: list[dict[str, Any]], file: Path) -> Path:
    """Draws one panel a number against the step; losses on a logarithmic axis."""
    from matplotlib.figure import Figure

    names = sorted({name for line in lines for name in line} - {"step"})
    if not names:
        raise InputError(f"{file}: nothing was logged yet")
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.7 * rows), layout="constrained")
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, index + 1)
        points = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
        axes.plot(*zip(*points, strict=True), linewidth=1, marker="." if len(points) < 20 else None)
        if "loss" in name and all(value > 0 for _, value in points):
            axes.set_yscale("log")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=7)
    with written_whole(file) as temporary:
        figure.savefig(temporary, dpi=110)
    return file


def _tensorboard(folder: Path, first_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first_step + 1)
