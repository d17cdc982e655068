"""Measures nano on held-out sets and makes the pictures of docs/results.md.

    cinescene sets render -o data/eval --sets 8 --preset nano --size 160x96 --frames 17 --clips 3 --first-seed 0
    python scripts/make_results.py data/eval --out docs/images/results

Over the background (where the subject and its shadow leave the picture alone) against the clip without subject, for:
nano, the same without the scene (text and camera alone), nano with the views in another order, the stand-in previz, and
the nearest of the 20 views turned to the camera. ``--model`` takes another model than the shipped one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

from cinescene.evaluation.baselines import nearest_view_frames, standin_frames
from cinescene.evaluation.efficientnet_lite import load_efficientnet_lite0
from cinescene.evaluation.image_metrics import psnr
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from cinescene.model.checkpoints import ModelParts, load_parts
from cinescene.presets import NANO_FOLDER
from cinescene.previz.stand_in import StandIn
from cinescene.sampling import Guidance, Networks, SamplingOptions, sample
from cinescene.scene.panorama import panorama_views
from cinescene.scene.vggt import TensorCache
from cinescene.training.build import Sources, dataset_config
from cinescene.training.contact import save_rows
from cinescene.training.encoded import EncodedClip, EncodedClips, Encoders
from cinescene.training.recipe import read_recipe
from cinescene.training.video import conditions

PICTURES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=NANO_FOLDER)
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--views", type=int, default=8)
    options = parser.parse_args()
    parts = load_parts(options.model)
    recipe = read_recipe("nano-scene")
    config = dataset_config(recipe, Sources(train=(options.data,)), options.data)
    network = load_efficientnet_lite0()
    rows: dict[str, list[torch.Tensor]] = {}
    found: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        encoders = Encoders(autoencoder=parts.autoencoder, vggt=parts.vggt)
        encoding = dataclasses.replace(recipe.encoding, mirrored=False)
        clips = EncodedClips([config], encoders, encoding, TensorCache(kind="results", folder=Path(folder)))
        chosen = torch.linspace(0, len(clips) - 1, min(options.clips, len(clips))).round().long().unique().tolist()
        for index in chosen:
            item = clips.items[index]
            sampled = item.dataset[item.clip]
            panorama, cameras = item.dataset.placed(item.clip)
            shots = _shots(parts, clips[index], options.views)
            place = StandIn(camera_height_m=float(panorama.camera.position[2]))
            shots["stand-in"] = torch.stack(list(standin_frames(panorama, cameras, place)))
            views, view_cameras = panorama_views(panorama, config.layout)
            shots["nearest view"] = torch.stack(list(nearest_view_frames(views, view_cameras, cameras)))
            assert sampled.affected_mask is not None
            region = ~sampled.affected_mask
            moved = (cameras.position - cameras.position[0]).norm(dim=-1).max()
            for name, frames in shots.items():
                numbers = {
                    "psnr": _mean(psnr(frames, sampled.without_subject, region)),
                    "distance": _mean(
                        efficientnet_lite0_distance(frames[::4], sampled.without_subject[::4], region[::4], network)
                    ),
                }
                found.append(
                    {"clip": f"{sampled.scene_id}/{sampled.clip}", "method": name, "moved_m": float(moved)} | numbers
                )
            step = len(sampled.with_subject) // PICTURES + 1
            rows.setdefault(sampled.scene_id, [])
            for name in ("truth", "stand-in", "nano"):
                frames = sampled.with_subject if name == "truth" else shots[name]
                rows[sampled.scene_id].append(frames[::step])
            print(
                sampled.scene_id,
                sampled.clip,
                sampled.caption,
                {r["method"]: round(float(r["psnr"]), 2) for r in found[-len(shots) :]},
                flush=True,
            )
    for scene_id, pictures in rows.items():
        save_rows(options.out / f"{scene_id}.png", pictures)
    (options.out / "numbers.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(_table(found, "all clips"))
    print(_table([f for f in found if float(f["moved_m"]) >= 0.5], "clips that move by 0.5 m or more"))


@torch.no_grad()
def _shots(parts: ModelParts, clip: EncodedClip, count: int) -> dict[str, torch.Tensor]:
    """nano's shots of a clip: as usual, without the scene, and with the views in another order."""
    text = parts.text_encoder.encode([clip.caption]).embeddings.float()
    views = torch.linspace(0, len(clip.views), count + 1)[:-1].long()
    usual = conditions(clip, text, parts.transformer, views=views, previz=0)
    shuffled = usual.permuted_views(torch.randperm(count, generator=torch.Generator().manual_seed(1)))
    shots = {}
    for name, inputs in (("nano", usual), ("without scene", usual.without_scene()), ("nano, shuffled", shuffled)):
        began = time.monotonic()
        latents = sample(
            Networks(transformer=parts.transformer),
            inputs,
            tuple(clip.with_subject.shape),
            parts.scheduler,
            torch.Generator().manual_seed(0),
            options=SamplingOptions(steps=parts.defaults.steps, guidance=Guidance(text=parts.defaults.text_guidance)),
            negative=parts.text_encoder.encode([""]),
        )
        shots[name] = parts.autoencoder.decode(latents)[0]
        print(f"  {name}: {time.monotonic() - began:.1f} s", flush=True)
    return shots


def _mean(values: torch.Tensor) -> float:
    return float(values[values.isfinite()].mean())


def _table(found: list[dict[str, float | str]], title: str) -> str:
    methods = list(dict.fromkeys(str(f["method"]) for f in found))
    lines = [
        f"{title} ({len(found) // max(1, len(methods))})",
        "| method | PSNR ↑ | feature distance ↓ |",
        "|---|---|---|",
    ]
    for method in methods:
        own = [f for f in found if f["method"] == method]
        psnrs, distances = ([float(f[key]) for f in own if f[key] == f[key]] for key in ("psnr", "distance"))
        lines.append(f"| {method} | {statistics.mean(psnrs):.2f} | {statistics.mean(distances):.4f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
