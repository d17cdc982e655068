"""Puts a trained nano model into the package: weights in 16 bits, the model card beside them.

    python scripts/ship_nano.py runs/scene/model --correction 0.5 --relief runs/relief/model/relief

``--correction`` is the share of the network's output that is used (`PrevizPrior.set_correction`); ``--relief`` a relief
network in place of the model's. Refuses a model whose
files would exceed 64 MB together.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import shutil
import tempfile
from pathlib import Path

import torch

from cinescene.model.checkpoints import load_parts, save_parts
from cinescene.presets import NANO, NANO_FOLDER
from cinescene.scene.relief import load_relief_net

LIMIT_BYTES = 64 * 1000**2
CARD = Path(__file__).parent.parent / "docs" / "nano.md"


def card() -> str:
    """The model card, its links to other pages as seen from where it lies in the package."""
    return re.sub(r"\]\((?=[\w-]+\.md)", "](../../../../docs/", CARD.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--correction", type=float)
    parser.add_argument("--relief", type=Path)
    options = parser.parse_args()
    parts = load_parts(options.model)
    if options.relief is not None:
        parts = dataclasses.replace(parts, relief=load_relief_net(options.relief))
    if parts.transformer.previz_prior is not None and options.correction is not None:
        parts.transformer.previz_prior.set_correction(options.correction)
    for module in (parts.transformer, parts.autoencoder, parts.vggt, parts.relief):
        if module is not None:
            module.to(torch.float16)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "nano"
        save_parts(dataclasses.replace(parts, defaults=NANO.shot, untrained=False), fresh)
        size = sum(file.stat().st_size for file in fresh.rglob("*") if file.is_file())
        if size > LIMIT_BYTES:
            raise SystemExit(f"{options.model}: {size / 1e6:.1f} MB, more than {LIMIT_BYTES / 1e6:.0f}")
        (fresh / "README.md").write_text(card(), encoding="utf-8")
        if NANO_FOLDER.exists():
            shutil.rmtree(NANO_FOLDER)
        shutil.move(fresh, NANO_FOLDER)
    print(f"{NANO_FOLDER}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
