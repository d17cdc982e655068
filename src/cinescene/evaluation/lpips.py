"""LPIPS with its real weights, where they are present; nothing is downloaded.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018, version 0.1 with
AlexNet. The backbone is torchvision's ImageNet AlexNet (``alexnet-owt-7be5be79.pth``, in PyTorch's hub folder); the
linear weights are those that torchmetrics ships. Both are read with ``weights_only=True``; the backbone's SHA-256 must
begin as its name says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.errors import CheckpointError, MissingDependencyError
from cinescene.evaluation.learned_distance import whole_cells
from cinescene.evaluation.regions import check_pair, full_region, neutralised, region_mean
from cinescene.tensor_types import Bool, Float, Tensor

BACKBONE_NAME = "alexnet-owt-7be5be79.pth"
BACKBONE_ADDRESS = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
CONVOLUTIONS = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
"""Index in AlexNet's ``features``, stride and padding."""
POOLED_BEFORE = (3, 6)
MEAN = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


class Lpips:
    """LPIPS from AlexNet's state and the five linear layers' weights."""

    def __init__(self, backbone: Mapping[str, Tensor], linear: Sequence[Tensor]) -> None:
        self._layers = [
            (index, backbone[f"features.{index}.weight"], backbone[f"features.{index}.bias"], stride, padding)
            for index, stride, padding in CONVOLUTIONS
        ]
        self._linear = [weight.reshape(1, -1, 1, 1) for weight in linear]

    @torch.no_grad()
    def __call__(
        self,
        image: Float[Tensor, "*b 3 h w"],
        reference: Float[Tensor, "*b 3 h w"],
        region: Bool[Tensor, "*b h w"] | None = None,
    ) -> Float[Tensor, "*b"]:
        """LPIPS of each picture, or of the feature cells that lie in the region whole; RGB in [0, 1]."""
        check_pair(image, reference, region)
        region = full_region(image) if region is None else region
        size, batch = image.shape[-3:], image.shape[:-3]
        first, second = (self._features(neutralised(p, region).reshape(-1, *size)) for p in (image, reference))
        flat, total = region.reshape(-1, *size[-2:]), torch.zeros(len(first[0]))
        for a, b, weight in zip(first, second, self._linear, strict=True):
            difference = (_unit(a) - _unit(b)).square()
            total = total + region_mean((difference * weight).sum(1), whole_cells(flat, a.shape[-2:]))
        return total.reshape(batch)

    def _features(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        mean, scale = (images.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, SCALE))
        maps, out = (2 * images - 1 - mean) / scale, []
        for index, weight, bias, stride, padding in self._layers:
            if index in POOLED_BEFORE:
                maps = F.max_pool2d(maps, 3, 2)
            maps = F.relu(F.conv2d(maps, weight, bias, stride, padding))
            out.append(maps)
        return out


def backbone_path() -> Path:
    """Where AlexNet's weights are looked for."""
    return Path(torch.hub.get_dir()) / "checkpoints" / BACKBONE_NAME


@lru_cache(maxsize=1)
def load_lpips() -> Lpips:
    """LPIPS with the weights that are present; raises `MissingDependencyError` that says which are not."""
    path = backbone_path()
    if not path.is_file():
        raise MissingDependencyError(
            f"LPIPS needs AlexNet's weights, which are not at {path}; put {BACKBONE_ADDRESS} there, or use the "
            "EfficientNet-Lite0 feature distance, which needs no download"
        )
    spec = find_spec("torchmetrics")
    linear = None if spec is None or spec.origin is None else Path(spec.origin).parent
    linear = None if linear is None else linear / "functional" / "image" / "lpips_models" / "alex.pth"
    if linear is None or not linear.is_file():
        raise MissingDependencyError(
            "LPIPS needs the linear weights that torchmetrics ships; install it with: pip install 'cinescene[eval]'"
        )
    found, expected = hashlib.sha256(path.read_bytes()).hexdigest(), BACKBONE_NAME.split("-")[-1].removesuffix(".pth")
    if not found.startswith(expected):
        raise CheckpointError(f"{path}: expected a SHA-256 that begins with {expected}, got {found[:8]}; get it anew")
    backbone = torch.load(path, map_location="cpu", weights_only=True)
    weights = torch.load(linear, map_location="cpu", weights_only=True)
    return Lpips(backbone, [weights[f"lin{layer}.model.1.weight"] for layer in range(len(CONVOLUTIONS))])


def _unit(maps: Tensor) -> Tensor:
    return maps / (maps.square().sum(1, keepdim=True).sqrt() + 1e-10)
