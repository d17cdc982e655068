"""A whole model small enough to make a shot in a second: tiny Wan parts, a tiny VGGT, defaults to match."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cinescene.model.checkpoints import ModelParts, load_parts, save_parts
from cinescene.model.defaults import ShotDefaults
from cinescene.scene.vggt import Vggt, VggtConfig
from tests.model.wan_folders import write_wan

DEFAULTS = ShotDefaults(
    width_px=64, height_px=32, frames=5, frame_rate=8.0, view_width_px=32, view_height_px=32, steps=2, text_guidance=2.0
)


def tiny_parts(folder: Path, **options: object) -> ModelParts:
    """Random weights, with the zero-initialised ones moved so that every condition has an effect."""
    write_wan(folder)
    settings = {"projective_dim": 16, "projective_heads": 2, "geometry_dim": 128}
    parts = load_parts(folder, **(settings | options))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in parts.transformer.parameters():
            if not parameter.any():
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vggt = Vggt(dataclasses.replace(VggtConfig.small(), point_head=False)).eval()
    return dataclasses.replace(parts, vggt=vggt, defaults=DEFAULTS)


def write_tiny_model(folder: Path, scratch: Path) -> Path:
    """A saved tiny model, for the command line."""
    save_parts(tiny_parts(scratch), folder)
    return folder


def write_panorama(path: Path, seed: int = 0) -> Path:
    """A small panorama of coloured patches."""
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((128, 64), Image.Resampling.BICUBIC).save(path)
    return path
