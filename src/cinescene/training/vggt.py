"""Stage ``vggt``: cameras and depth from views of places whose cameras and depth are known.

Loss (Wang et al., "VGGT", CVPR 2025, section 3.4, without tracks and points): Huber distance of the pose encodings,
later rounds counting more; depth weighted by the predicted confidence Σ, |Σ (d − d̂)| + |Σ (∇d − ∇d̂)| − α log Σ. As
there, lengths are in units of the mean distance of the visible points from the first camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cinescene.cameras import Cameras
from cinescene.scene.geometry import DepthViews
from cinescene.scene.vggt import Vggt, VggtConfig, encoding_from_cameras, load_vggt, save_vggt
from cinescene.tensor_types import Bool, Float, Tensor
from cinescene.training.contact import save_rows
from cinescene.training.stage import loss_weighted, sample_generator
from cinescene.training.views import PlacedViews, PlaceViews


@dataclass(frozen=True, kw_only=True)
class VggtOptions:
    """``views`` a sample, the share of samples from panoramas, the farthest depth that counts, and loss weights.

    ``confidence_reward`` is α of the loss; ``shared_centre_m``: below this spread of the cameras their positions are
    not asked for relative to their distance, as they say nothing.
    """

    views: int = 6
    panorama_share: float = 0.5
    farthest_m: float = 60.0
    camera: float = 5.0
    confidence_reward: float = 0.2
    round_decay: float = 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class GeometryBatch:
    """Views of places in normalised units (see the module), cameras relative to the first view."""

    images: Float[Tensor, "b v 3 h w"]
    depth: Float[Tensor, "b v h w"]
    known: Bool[Tensor, "b v h w"]
    poses: Float[Tensor, "b v 9"]


class VggtObjective(nn.Module):
    """Cameras and depth; ``forward`` takes batches of the sizes that occur."""

    def __init__(self, vggt: Vggt, options: VggtOptions) -> None:
        super().__init__()
        self.vggt, self.options = vggt, options

    def forward(self, batches: list[GeometryBatch]) -> tuple[Tensor, dict[str, float]]:
        total = sum(len(batch.images) for batch in batches)
        loss: Tensor = torch.zeros((), device=batches[0].images.device)
        numbers: dict[str, float] = {}
        for batch in batches:
            share = len(batch.images) / total
            part, found = self._batch_loss(batch)
            loss = loss + share * part
            for name, value in found.items():
                numbers[name] = numbers.get(name, 0.0) + share * value
        return loss, numbers

    def _batch_loss(self, batch: GeometryBatch) -> tuple[Tensor, dict[str, float]]:
        output = self.vggt(batch.images)
        camera = camera_loss(output.pose_encodings.float(), batch.poses, self.options.round_decay)
        depth = depth_loss(
            output.depth.float(), output.depth_confidence.float(), batch.depth, batch.known, self.options
        )
        with torch.no_grad():
            relative = loss_weighted((output.depth / batch.depth - 1).abs(), batch.known.float())
        numbers = {"camera": float(camera.detach()), "depth": float(depth.detach()), "abs_rel": float(relative)}
        return self.options.camera * camera + depth, numbers


def camera_loss(encodings: Float[Tensor, "r b v 9"], target: Float[Tensor, "b v 9"], decay: float) -> Float[Tensor, ""]:
    """Huber loss of pose encodings; round i of r counts decay^(r − 1 − i), normalised."""
    rounds = len(encodings)
    weights = encodings.new_tensor([decay ** (rounds - 1 - i) for i in range(rounds)])
    losses = torch.stack([F.huber_loss(e, target, delta=0.1) for e in encodings])
    return (losses * weights).sum() / weights.sum() * 10


def depth_loss(
    depth: Float[Tensor, "b v h w"],
    confidence: Float[Tensor, "b v h w"],
    target: Float[Tensor, "b v h w"],
    known: Bool[Tensor, "b v h w"],
    options: VggtOptions,
) -> Float[Tensor, ""]:
    """Confidence-weighted absolute error of depth and of its slopes, over the pixels whose depth is known.

    Errors are relative to 1 + depth, so that what is far does not drown what is near.
    """
    scale = 1 + target
    error = (depth - target).abs() / scale
    loss = loss_weighted(confidence * error - options.confidence_reward * confidence.log(), known.float())
    for axis in (-1, -2):
        both = known.narrow(axis, 1, known.shape[axis] - 1) & known.narrow(axis, 0, known.shape[axis] - 1)
        slope = (depth.diff(dim=axis) - target.diff(dim=axis)).abs()
        size = scale.narrow(axis, 1, scale.shape[axis] - 1)
        loss = loss + loss_weighted(confidence.narrow(axis, 1, size.shape[axis]) * slope / size, both.float())
    return loss


def normalised(views: PlacedViews, farthest_m: float) -> GeometryBatch:
    """A batch of one, in the unit and frame that VGGT predicts in."""
    cameras = views.cameras.relative_to(views.cameras[0:1]).to(dtype=torch.float32)
    known = views.depth_m.isfinite() & (views.depth_m > 0) & (views.depth_m < farthest_m)
    depth = torch.where(known, views.depth_m, 1.0)
    points = DepthViews(images=views.images, cameras=cameras, depth=depth).world_points()
    unit = loss_weighted(points.norm(dim=-1), known.float()).clamp_min(1e-3)
    poses = encoding_from_cameras(_in_units(cameras, float(unit)))
    return GeometryBatch(
        images=views.images[None], depth=(depth / unit)[None], known=known[None], poses=poses[None].float()
    )


def _in_units(cameras: Cameras, unit_m: float) -> Cameras:
    return cameras.scaled(1 / unit_m)


class VggtStage:
    """Trains a VGGT on the places of data sets."""

    name = "vggt"

    def __init__(
        self,
        train: Sequence[Path],
        held_out: Sequence[Path],
        *,
        start: Path | None = None,
        options: VggtOptions | None = None,
        config: VggtConfig | None = None,
        seed: int = 0,
    ) -> None:
        """``start`` is a checkpoint of a VGGT to go on from (the public one is fine-tuned that way)."""
        self.options = options or VggtOptions()
        config = config or VggtConfig.nano()
        generator = torch.Generator().manual_seed(seed)
        self.vggt = load_vggt(start, point_head=False) if start else Vggt(config, generator)
        config = self.vggt.config
        self.places = PlaceViews(train, config.image_size_px, config.patch_size_px)
        self.held_out = PlaceViews(held_out, config.image_size_px, config.patch_size_px)
        self.vggt.train()
        self.objective = VggtObjective(self.vggt, self.options)
        self.facts: dict[str, Any] = {"vggt": config.to_dict()}

    def __len__(self) -> int:
        return len(self.places)

    def sample(self, index: int, position: int, generator: torch.Generator) -> GeometryBatch:
        of_panorama = float(torch.rand((), generator=generator)) < self.options.panorama_share
        draw = self.places.from_panorama if of_panorama else self.places.from_clips
        sample = normalised(draw(index, self.options.views, generator), self.options.farthest_m)
        gain = 1 + 0.15 * torch.randn(3, 1, 1, generator=generator).clamp(-2, 2)
        images = (sample.images * gain).clamp(0, 1)
        return GeometryBatch(images=images, depth=sample.depth, known=sample.known, poses=sample.poses)

    def collate(self, samples: list[GeometryBatch]) -> list[GeometryBatch]:
        shapes = sorted({tuple(sample.images.shape) for sample in samples})
        return [_joined([s for s in samples if tuple(s.images.shape) == shape]) for shape in shapes]

    def move(self, batch: list[GeometryBatch], device: torch.device) -> list[GeometryBatch]:
        return [GeometryBatch(**{name: value.to(device) for name, value in vars(part).items()}) for part in batch]

    @torch.no_grad()
    def validate(self, folder: Path) -> dict[str, float]:
        """Errors on places held out, and pictures of depth: view, estimate, truth."""
        device = next(self.vggt.parameters()).device
        numbers: dict[str, list[float]] = {}
        rows = []
        for index in range(min(12, len(self.held_out))):
            for kind, draw in (("panorama", self.held_out.from_panorama), ("photos", self.held_out.from_clips)):
                views = draw(index, self.options.views, sample_generator(0, index))
                batch = self.move([normalised(views, self.options.farthest_m)], device)[0]
                output = self.vggt(batch.images)
                error = (output.depth / batch.depth - 1).abs()[batch.known].median()
                numbers.setdefault(f"{kind}_depth", []).append(float(error))
                if kind == "photos":
                    numbers.setdefault("rotation_deg", []).append(_rotation_error_deg(output.cameras()[0], views))
                elif index < 6:
                    rows += [batch.images[0], _shaded(output.depth[0], batch.depth[0]), _shaded(batch.depth[0])]
        save_rows(folder / "depth.png", rows)
        return {name: sum(values) / len(values) for name, values in numbers.items()}

    def export(self, folder: Path) -> None:
        save_vggt(self.vggt, folder / "vggt")


def _joined(parts: list[GeometryBatch]) -> GeometryBatch:
    return GeometryBatch(**{name: torch.cat([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def _rotation_error_deg(estimated: Cameras, views: PlacedViews) -> float:
    """Median angle between estimated and true rotations relative to the first view."""
    true = views.cameras.relative_to(views.cameras[0:1]).world_from_camera[:, :3, :3].float()
    found = estimated.relative_to(estimated[0:1]).world_from_camera[:, :3, :3].float().cpu()
    trace = (true.mT @ found).diagonal(dim1=-2, dim2=-1).sum(-1)
    return float(torch.acos(((trace[1:] - 1) / 2).clamp(-1, 1)).median().rad2deg())


def _shaded(depth: Float[Tensor, "v h w"], range_of: Float[Tensor, "v h w"] | None = None) -> Float[Tensor, "v 3 h w"]:
    """Depth as grey, near is bright."""
    nearness = 1 / depth.clamp_min(1e-3)
    reference = nearness if range_of is None else 1 / range_of.clamp_min(1e-3)
    low, high = reference.quantile(0.02), reference.quantile(0.98)
    return ((nearness - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)[:, None].expand(-1, 3, -1, -1)
