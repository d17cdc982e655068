"""Points of a photo that can be found again in another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from cinescene.scene.around.likeness import thumbnail
from cinescene.tensor_types import Float, Int, Tensor, UInt8

LONGEST_PX = 640
"""Photos are looked at in this size: finer detail seldom helps where cameras stood apart, and takes long."""
MOST_POINTS = 2500
CLEARLY_NEARER = 0.8
"""The second best match must be this much farther (by angle between descriptors) than the best one (Lowe, 2004)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoFeatures:
    """SIFT points of a photo (Lowe, 2004).

    ``points_px``
        In pixels of the photo's own size, the first pixel's centre at (0.5, 0.5).
    ``descriptors``
        Of length 1.
    ``pixel``
        Pixels of the photo that a pixel of the reduced picture spans: what a point may be off by.
    ``width_px``, ``small``
        Of the photo; and the photo as a small grey picture.
    """

    points_px: Float[Tensor, "n 2"]
    descriptors: Float[Tensor, "n 128"]
    pixel: float
    width_px: int
    small: Float[Tensor, "h w"]


def load_pycolmap() -> Any:
    """pycolmap, with its log silenced."""
    import pycolmap

    pycolmap.logging.minloglevel = pycolmap.logging.FATAL.value
    return pycolmap


def features_of(pictures: Sequence[Callable[[], UInt8[Tensor, "3 h w"]]]) -> list[PhotoFeatures]:
    """The features of photos, which are loaded one by one, on as many threads as torch has."""
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(lambda load: find_features(load()), pictures))


def find_features(picture: UInt8[Tensor, "3 h w"]) -> PhotoFeatures:
    """The features of a photo; few or none where it shows nothing but plain surfaces."""
    height, width = picture.shape[-2:]
    scale = max(1.0, max(height, width) / LONGEST_PX)
    size = (max(1, round(height / scale)), max(1, round(width / scale)))
    grey = picture.float().mul(picture.new_tensor([0.299, 0.587, 0.114], dtype=torch.float32)[:, None, None]).sum(0)
    small = thumbnail(grey)
    if scale > 1:
        grey = F.interpolate(grey[None, None], size, mode="area")[0, 0]
    pycolmap = load_pycolmap()
    options = pycolmap.FeatureExtractionOptions()
    options.use_gpu, options.num_threads = False, 1
    options.sift.max_num_features = MOST_POINTS
    extractor = pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu)
    points, descriptors = extractor.extract_from_uint8_array(grey.round().to(torch.uint8).numpy())
    places = torch.tensor([(point.x, point.y) for point in points], dtype=torch.float64).reshape(-1, 2)
    places = places * places.new_tensor([width / size[1], height / size[0]])
    values = torch.from_numpy(np.asarray(descriptors.data, dtype=np.float32).reshape(-1, 128))
    return PhotoFeatures(
        points_px=places, descriptors=F.normalize(values, dim=-1), pixel=scale, width_px=width, small=small
    )


def match_features(first: PhotoFeatures, second: PhotoFeatures) -> Int[Tensor, "m 2"]:
    """Pairs of points that are each other's nearest and clearly nearer than the next; many are still wrong."""
    if min(len(first.points_px), len(second.points_px)) < 2:
        return torch.zeros(0, 2, dtype=torch.int64)
    likeness = first.descriptors @ second.descriptors.T
    best, next_best = likeness.topk(2, dim=1).values.clamp(-1, 1).acos().unbind(1)
    there, back = likeness.argmax(1), likeness.argmax(0)
    own = torch.arange(len(there))
    good = (back[there] == own) & (best < CLEARLY_NEARER * next_best)
    return torch.stack([own[good], there[good]], dim=1)
