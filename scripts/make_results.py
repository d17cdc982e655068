"""Measures nano on held-out sets and makes the pictures of docs/results.md.

    cinescene sets render -o data/eval --sets 6 --preset nano --size 160x96 --frames 17 --clips 3 --first-seed 0
    cinescene sets render -o data/eval2 --sets 2 --preset nano --size 160x96 --frames 17 --clips 3 --first-seed 12
    python scripts/make_results.py data/eval data/eval2 --out docs/images/results

Over the background (where the subject and its shadow leave the picture alone) against the clip without subject, for:
nano (its stand-ins where the truth's subject is), the same without the scene (text and camera alone), nano with the
views in another order, the previz through the relief, that through the stand-in, and the nearest of the 20 views turned
to the camera; and the camera's error, by comparison with the recorded frames of the set. Then, from the caption alone,
whether the subject is there, where it was blocked and of its colour, and whether nobody is there when an empty place is
asked for. ``--model`` takes another model than the shipped one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
from pathlib import Path

import torch

from cinescene.blocking.floor import free_floor
from cinescene.blocking.staging import stage_prompt
from cinescene.blocking.stand_ins import with_stand_ins
from cinescene.cameras import Cameras
from cinescene.data.sample import TrainingSample
from cinescene.evaluation.baselines import nearest_view_frames
from cinescene.evaluation.camera_error import camera_error
from cinescene.evaluation.efficientnet_lite import load_efficientnet_lite0
from cinescene.evaluation.image_metrics import psnr
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from cinescene.evaluation.poses.known_place import KnownPlacePoses, recorded_place
from cinescene.evaluation.subject_metrics import standing_out, subject_score
from cinescene.model.checkpoints import load_parts
from cinescene.model.conditioning import encode_previz, latent_shares, only_photographed
from cinescene.model.detail import with_detail
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.scene_inputs import StackedPreviz, stack_previz
from cinescene.pipeline import as_bytes
from cinescene.presets import NANO_FOLDER
from cinescene.previz.flight import PrevizFrame, fly_through_panorama
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.sampling import Networks, sample
from cinescene.scene.geometry import DepthViews
from cinescene.scene.panorama import panorama_views
from cinescene.scene.vggt import TensorCache
from cinescene.shot_settings import ShotSettings
from cinescene.training.build import Sources, dataset_config
from cinescene.training.contact import save_rows
from cinescene.training.encoded import EncodedClip, EncodedClips, Encoders, Item
from cinescene.training.recipe import read_recipe
from cinescene.training.video import conditions

PICTURES = 5
POSED_EVERY = 4
EMPTY = "an empty place"
NEAR_SHARE = 0.10
"""Of the picture's diagonal: how far a subject may be from its blocking."""
LIKE_COLOUR = 0.18
"""Root mean square difference in sRGB within which a subject has its stand-in's colour."""
Row = dict[str, float | str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=NANO_FOLDER)
    parser.add_argument("--clips", type=int, default=16, help="spread over all sets")
    parser.add_argument("--views", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.data, options.model, options.views, Path(folder))
        chosen = torch.linspace(0, len(bench.clips) - 1, min(options.clips, len(bench.clips))).round().long().unique()
        for index in chosen.tolist():
            bench.measure(index)
    for scene_id, pictures in bench.pictures.items():
        save_rows(options.out / f"{scene_id}.png", pictures)
    numbers = {"place": bench.places, "subject": bench.subjects}
    (options.out / "numbers.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(place_table(bench.places, "all clips"))
    print(place_table([f for f in bench.places if float(f["moved_m"]) >= 0.5], "clips that move by 0.5 m or more"))
    print(subject_table(bench.subjects))


class Bench:
    """A model, held-out clips, and what was found."""

    def __init__(self, data: list[Path], model: Path, views: int, folder: Path) -> None:
        self.parts, self.views = load_parts(model), views
        recipe = read_recipe("nano-scene")
        configs = [dataset_config(recipe, Sources(train=tuple(data)), root) for root in data]
        self.layout = configs[0].layout
        encoders = Encoders(autoencoder=self.parts.autoencoder, vggt=self.parts.vggt, relief=self.parts.relief)
        encoding = dataclasses.replace(recipe.encoding, mirrored=False, previz=("relief",))
        self.clips = EncodedClips(configs, encoders, encoding, TensorCache(kind="results", folder=folder))
        self.network = load_efficientnet_lite0()
        self.places: list[Row] = []
        self.subjects: list[Row] = []
        self.pictures: dict[str, list[torch.Tensor]] = {}

    def measure(self, index: int) -> None:
        item = self.clips.items[index]
        truth = item.dataset[item.clip]
        panorama, cameras = item.dataset.placed(item.clip)
        name = f"{truth.scene_id}/{truth.clip}"
        height_m = float(panorama.camera.position[2])
        assert self.parts.relief is not None
        surface = ReliefSurface.around(panorama, self.parts.relief, height_m)
        flown = list(fly_through_panorama(panorama, cameras, surface))
        acted = list(with_stand_ins(flown, cameras, *item.dataset.performances(item.clip), panorama))
        shots = self._shots(self.clips[index], stack_previz(acted))
        shots["relief previz"] = stack_previz(flown).images
        stand_in = fly_through_panorama(panorama, cameras, StandIn(camera_height_m=height_m))
        shots["stand-in previz"] = stack_previz(list(stand_in)).images
        views, view_cameras = panorama_views(panorama, self.layout)
        shots["nearest view"] = torch.stack(list(nearest_view_frames(views, view_cameras, cameras)))
        moved = float((cameras.position - cameras.position[0]).norm(dim=-1).max())
        for method, frames in shots.items():
            self.places.append(
                {"clip": name, "method": method, "moved_m": moved} | self._place_scores(frames, truth, cameras)
            )
        by_words, subject = self._by_words(item, self.clips[index], truth, flown, surface)
        self.subjects.append({"clip": name, "caption": str(truth.caption)} | subject)
        step = len(truth.with_subject) // PICTURES + 1
        rows = truth.with_subject, shots["relief previz"], shots["nano"], by_words
        self.pictures.setdefault(truth.scene_id, []).extend(frames[::step] for frames in rows)
        print(
            name,
            truth.caption,
            {r["method"]: round(float(r["psnr"]), 2) for r in self.places[-len(shots) :]},
            subject,
            flush=True,
        )

    def _place_scores(self, frames: torch.Tensor, truth: TrainingSample, cameras: Cameras) -> dict[str, float]:
        assert truth.affected_mask is not None
        assert truth.depth_m is not None
        region = ~truth.affected_mask
        bare = truth.without_subject
        some = torch.arange(0, len(frames), POSED_EVERY)
        views = DepthViews(images=bare[some], cameras=cameras[some], depth=truth.depth_m[some], metres_per_unit=1.0)
        estimate = KnownPlacePoses(look=recorded_place(views))(as_bytes(frames[some]), cameras[some], region[some])
        scores = {
            "psnr": _mean(psnr(frames, bare, region)),
            "distance": _mean(efficientnet_lite0_distance(frames[::4], bare[::4], region[::4], self.network)),
            "posed": float(estimate.posed.double().mean()),
        }
        if bool(estimate.posed.any()):
            wanted = cameras[some].to(dtype=torch.float64).world_from_camera
            error = camera_error(estimate.world_from_camera, wanted, "none", estimate.posed)
            scores |= {
                "rotation_deg": float(error.rotation_deg.median()),
                "translation_m": float(error.translation.median()),
            }
        return scores

    @torch.no_grad()
    def _shots(self, clip: EncodedClip, shown: StackedPreviz) -> dict[str, torch.Tensor]:
        """nano's shots of a clip: as usual, without the scene, and with the views in another order."""
        usual = self._conditions(clip, clip.caption)
        order = torch.randperm(self.views, generator=torch.Generator().manual_seed(1))
        return {
            "nano": self._sampled(usual, clip, shown),
            "nano without scene": self._sampled(usual.without_scene(), clip, None),
            "nano, views shuffled": self._sampled(usual.permuted_views(order), clip, shown),
        }

    def _conditions(self, clip: EncodedClip, words: str, *, acted: bool = True) -> CineSceneInputs:
        text = self.parts.text_encoder.encode([words]).embeddings.float()
        views = torch.linspace(0, len(clip.views), self.views + 1)[:-1].long()
        return conditions(clip, text, self.parts.transformer, views=views, previz=0, acted=acted)

    def _sampled(self, inputs: CineSceneInputs, clip: EncodedClip, shown: StackedPreviz | None) -> torch.Tensor:
        """A shot as the pipeline makes it; ``shown`` is the previz whose latents are in ``inputs``."""
        latents = sample(
            Networks(transformer=self.parts.transformer),
            inputs,
            tuple(clip.with_subject.shape),
            self.parts.scheduler,
            torch.Generator().manual_seed(0),
            options=ShotSettings().sampling(self.parts.defaults),
            negative=self.parts.text_encoder.encode([""]),
        )
        made = self.parts.autoencoder.decode(latents)[0].clamp(0, 1)
        tolerance = self.parts.defaults.detail
        if shown is None or tolerance == 0:
            return made
        assert inputs.previz_latents is not None
        decoded = self.parts.autoencoder.decode(inputs.previz_latents)[0]
        return with_detail(made, only_photographed(shown.images, shown.photographed), decoded, tolerance)

    @torch.no_grad()
    def _by_words(
        self,
        item: Item,
        clip: EncodedClip,
        truth: TrainingSample,
        flown: list[PrevizFrame],
        surface: ReliefSurface,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """A shot from the caption alone, one of an empty place, and what is seen of the subject in them."""
        panorama, cameras = item.dataset.placed(item.clip)
        _, times = item.dataset.performances(item.clip)
        centre = panorama.camera.position.double().numpy()
        free = free_floor(surface, -float(centre[2]))
        performances = stage_prompt(clip.caption, cameras, times, 0.0, 0, lambda places: free(places - centre[:2]))
        shown = stack_previz(list(with_stand_ins(flown, cameras, performances, times, panorama)))
        assert shown.staged is not None
        latents, mask = encode_previz(self.parts.autoencoder, shown.images[None], shown.photographed[None])
        staged = latent_shares(shown.staged[None], self.parts.autoencoder)
        inputs = dataclasses.replace(
            self._conditions(clip, clip.caption), previz_latents=latents, previz_mask=mask, previz_staged=staged
        )
        made = self._sampled(inputs, clip, shown)
        empty = self._sampled(self._conditions(clip, EMPTY, acted=False), clip, stack_previz(flown))
        solid = (shown.images - stack_previz(flown).images).abs().amax(1) > 0.02
        score = subject_score(as_bytes(made), as_bytes(empty), solid)
        found = {
            "present": float(score.presence >= 0.5),
            "where": float(score.presence >= 0.5 and score.distance < NEAR_SHARE),
            "overlap": score.overlap,
            "colour": float(_like(made, shown.images, solid)),
        }
        bare = truth.without_subject
        found["absent"] = float(
            not any(_somebody(empty[i], bare[i], truth.affected_mask, i) for i in range(0, len(bare), 4))
        )
        return made, found


def _somebody(shot: torch.Tensor, bare: torch.Tensor, affected: torch.Tensor | None, index: int) -> bool:
    """Whether something stands out of an empty place where the truth has its subject."""
    piece = standing_out(shot, bare)
    there = affected[index] if affected is not None else torch.ones_like(piece)
    return bool(there.any()) and float((piece & there).sum()) > 0.25 * float(there.sum())


def _like(made: torch.Tensor, shown: torch.Tensor, solid: torch.Tensor) -> bool:
    """Whether the subject's mean colour is about that of its stand-in, over the frames in which it is seen."""
    gaps = []
    for picture, hint, where in zip(made, shown, solid, strict=True):
        if where.sum() > 20:
            gaps.append(float((picture[:, where].mean(1) - hint[:, where].mean(1)).square().mean().sqrt()))
    return bool(gaps) and statistics.median(gaps) < LIKE_COLOUR


def _mean(values: torch.Tensor) -> float:
    return float(values[values.isfinite()].mean())


def place_table(found: list[Row], title: str) -> str:
    methods = list(dict.fromkeys(str(f["method"]) for f in found))
    lines = [
        f"{title} ({len(found) // max(1, len(methods))})",
        "| method | PSNR ↑ | feature distance ↓ | rotation error, median ↓ | position error, median ↓ | frames posed |",
        "|---|---|---|---|---|---|",
    ]
    for method in methods:
        own = [f for f in found if f["method"] == method]
        means = [
            statistics.mean(float(f[key]) for f in own if f[key] == f[key]) for key in ("psnr", "distance", "posed")
        ]
        turned, shifted = (
            [float(f[key]) for f in own if key in f and f[key] == f[key]] for key in ("rotation_deg", "translation_m")
        )
        errors = f"{statistics.median(turned):.2f}° | {statistics.median(shifted):.3f} m" if shifted else "– | –"
        lines.append(f"| {method} | {means[0]:.2f} dB | {means[1]:.2f} | {errors} | {100 * means[2]:.0f} % |")
    return "\n".join(lines)


def subject_table(found: list[Row]) -> str:
    lines = [f"subjects, from the caption alone ({len(found)} clips)"]
    for key in ("present", "where", "colour", "absent"):
        lines.append(f"| {key} | {100 * statistics.mean(float(f[key]) for f in found):.0f} % |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
