"""``cinescene models``."""

from __future__ import annotations

from pathlib import Path


def models() -> None:
    """List the models that CineScene knows: size, licence, and whether they are on this disk."""
    from rich.console import Console
    from rich.table import Table

    from cinescene.presets import NANO_FOLDER, PRESETS

    table = Table(box=None, pad_edge=False)
    for column in ("model", "parameters", "weights (16 bit)", "shot", "licence", "on disk", "about"):
        table.add_column(column, overflow="fold")
    for preset in PRESETS.values():
        shot = preset.shot
        size = f"{shot.width_px}×{shot.height_px}, {shot.frames} frames at {shot.frame_rate:g}/s"
        if preset.source is None:
            there = "yes" if (NANO_FOLDER / "model_index.json").is_file() else "untrained"
        else:
            there = "yes" if _on_disk(preset.source) else "no"
        weights = f"{preset.weights_gb:g} GB"
        table.add_row(preset.name, preset.parameters, weights, size, preset.licence, there, preset.about)
    console = Console(width=None if Console().is_terminal else 160)
    console.print(table)
    sources = [preset.source for preset in PRESETS.values() if preset.source is not None]
    console.print("\nModels that are not on disk are downloaded when they are first used:")
    for source in sources:
        console.print(f"  hf download {source} --local-dir {source.split('/')[1]}")


def _on_disk(source: str) -> bool:
    """Whether the hub's local cache holds a model's index; nothing is downloaded."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source, "model_index.json")
    return isinstance(found, str) and Path(found).is_file()
