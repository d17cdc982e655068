"""The EfficientNet-Lite0 feature distance: a learned perceptual distance that needs no download.

It is **not LPIPS**: same construction (unit-normalised features of an ImageNet network, squared difference), but
another network and no weights fitted to human judgements. Numbers compare with each other, never with published LPIPS.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.evaluation.efficientnet_lite import SMALLEST_SIDE_PX, EfficientNetLite0, load_efficientnet_lite0
from cinescene.evaluation.regions import check_pair, full_region, neutralised, region_mean
from cinescene.tensor_types import Bool, Float, Tensor

NAME = "EfficientNet-Lite0 feature distance"
STAGES_USED = (1, 2, 4, 6)
"""Of strides 4, 8, 16 and 32 px."""


def efficientnet_lite0_distance(
    image: Float[Tensor, "*b 3 h w"],
    reference: Float[Tensor, "*b 3 h w"],
    region: Bool[Tensor, "*b h w"] | None = None,
    network: EfficientNetLite0 | None = None,
) -> Float[Tensor, "*b"]:
    """Mean squared difference of unit-length feature vectors, averaged over four depths: 0 for equal pictures, ≤ 4.

    Of a region, only feature cells count whose pixels all lie in it, and masked pixels are the same grey in both
    pictures; depths of which none is whole are left out, NaN where all are. Raises `InputError` for pictures
    under 32 px a side, `MissingDependencyError` without the weights.
    """
    check_pair(image, reference, region)
    if min(image.shape[-2:]) < SMALLEST_SIDE_PX:
        raise InputError(f"{NAME}: expected pictures of at least {SMALLEST_SIDE_PX} px a side, got {image.shape[-2:]}")
    network = network or load_efficientnet_lite0()
    batch, size = image.shape[:-3], image.shape[-3:]
    region = full_region(image) if region is None else region
    first, second = (network.stages(neutralised(picture, region).reshape(-1, *size)) for picture in (image, reference))
    flat = region.reshape(-1, *size[-2:])
    distances = [
        region_mean(
            (F.normalize(first[stage], dim=1) - F.normalize(second[stage], dim=1)).square().sum(1),
            whole_cells(flat, first[stage].shape[-2:]),
        )
        for stage in STAGES_USED
    ]
    return torch.stack(distances).nanmean(0).reshape(batch)


def whole_cells(region: Bool[Tensor, "b h w"], cells: torch.Size) -> Bool[Tensor, "b h2 w2"]:
    """Cells of a coarser grid whose pixels all lie in the region."""
    share = F.adaptive_avg_pool2d(region[:, None].double(), (cells[0], cells[1]))[:, 0]
    return share > 1 - 1e-9
