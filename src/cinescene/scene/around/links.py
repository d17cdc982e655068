"""Which photos show the same things, and where: pairs of points that epipolar geometry agrees on."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from cinescene.cameras.transforms import closest_rotation, rotation_angle
from cinescene.scene.around.features import PhotoFeatures, load_pycolmap, match_features
from cinescene.tensor_types import Float, Int, Tensor

NOISE_PX = 2.0
"""A true match lies this close to its epipolar line, in pixels of the reduced photos."""
FEWEST_MATCHES, LEAST_SHARE = 16, 0.4
"""Two photos may show the same when so many matches, and this share of all, agree. Where photos share a third of what
they show, 0.4 to 0.9 agree; where they share nothing, repeated things (books, tiles) can make 0.5 agree."""
MOST_TRIED, MOST_TRIALS, MOST_MATCHES = 300, 500, 60
MEDIAN_STEPS = 20
LITTLE_PARALLAX, LARGEST_CORRECTION_RAD = 0.02, math.radians(35)


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoLink:
    """Two photos, by their numbers, that show some of the same things.

    ``first_px``, ``second_px``
        Where, relative to each photo's principal point.
    ``noise_px``
        What these places may be off by.
    ``strength``
        How well the pair is tied: more, and more unanimous, matches.
    ``correction``
        The rotation that is left to the true one from that which draws rays together, because of parallax.
    """

    first: int
    second: int
    first_px: Float[Tensor, "m 2"]
    second_px: Float[Tensor, "m 2"]
    noise_px: float
    strength: float
    correction: Float[Tensor, "3 3"]

    def rays(self, focal_px: Float[Tensor, "v"]) -> tuple[Float[Tensor, "m 3"], Float[Tensor, "m 3"]]:
        """Unit rays in the two cameras, given the focal lengths of all photos."""
        return _rays(self.first_px / focal_px[self.first]), _rays(self.second_px / focal_px[self.second])

    def turn(self, focal_px: Float[Tensor, "v"]) -> Float[Tensor, "3 3"]:
        """The rotation from the first camera to the second."""
        return self.correction @ _drawn_together(*self.rays(focal_px))

    def disagreement(self, rotations: Mapping[int, Float[Tensor, "3 3"]], focal_px: Float[Tensor, "v"]) -> float:
        """Angle between its own turn and that of the ``world_from_camera`` rotations of photos, by their numbers."""
        return float(rotation_angle(rotations[self.second] @ self.turn(focal_px) @ rotations[self.first].T))


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoPair:
    """Two photos, by their numbers, and the places (m,) in each that look alike, right or wrong."""

    first: int
    second: int
    first_px: Float[Tensor, "m 2"]
    second_px: Float[Tensor, "m 2"]
    noise_px: float


def pair_photos(features: Sequence[PhotoFeatures]) -> list[PhotoPair]:
    """All pairs of photos with anything alike."""
    pairs = []
    for first, second in itertools.combinations(range(len(features)), 2):
        matches = match_features(features[first], features[second])
        if len(matches) >= FEWEST_MATCHES:
            matches = matches[_evenly(len(matches), MOST_TRIED)]
            places = [features[n].points_px[matches[:, side]] for side, n in enumerate((first, second))]
            noise = max(features[first].pixel, features[second].pixel)
            pairs.append(PhotoPair(first=first, second=second, first_px=places[0], second_px=places[1], noise_px=noise))
    return pairs


def link_photos(
    pairs: Sequence[PhotoPair], intrinsics_px: Float[Tensor, "v 3 3"], least_share: float = LEAST_SHARE
) -> list[PhotoLink]:
    """Links between the pairs that have one, by random samples of five matches (Nistér, 2004), seeded."""
    links = (_link(pair, intrinsics_px, least_share) for pair in pairs)
    return [link for link in links if link is not None]


def _link(pair: PhotoPair, intrinsics_px: Float[Tensor, "v 3 3"], least_share: float) -> PhotoLink | None:
    pycolmap = load_pycolmap()
    numbers, places = (pair.first, pair.second), (pair.first_px, pair.second_px)
    cameras = [_pycolmap_camera(pycolmap, intrinsics_px[number]) for number in numbers]
    options = pycolmap.RANSACOptions()
    options.max_error, options.random_seed = NOISE_PX * pair.noise_px, 0
    options.min_num_trials, options.max_num_trials = 100, MOST_TRIALS
    found = pycolmap.estimate_essential_matrix(*(place.numpy() for place in places), *cameras, options)
    if found is None:
        return None
    agree = torch.from_numpy(np.asarray(found["inlier_mask"], dtype=bool))
    count, share = int(agree.sum()), float(agree.double().mean())
    if count < FEWEST_MATCHES or share < least_share:
        return None
    chosen = agree.nonzero()[:, 0]
    chosen = chosen[_evenly(len(chosen), MOST_MATCHES)]
    centred = [place[chosen] - intrinsics_px[n, :2, 2] for n, place in zip(numbers, places, strict=True)]
    link = PhotoLink(
        first=pair.first,
        second=pair.second,
        first_px=centred[0],
        second_px=centred[1],
        noise_px=pair.noise_px,
        strength=count * share**2,
        correction=torch.eye(3, dtype=torch.float64),
    )
    true_turn = torch.from_numpy(found["cam2_from_cam1"].rotation.matrix())
    return dataclasses.replace(link, correction=_correction(link, true_turn, intrinsics_px[:, 0, 0]))


def _evenly(count: int, most: int) -> Int[Tensor, "k"]:
    """At most so many of ``count`` numbers."""
    return torch.linspace(0, count - 1, min(count, most)).round().long()


def _pycolmap_camera(pycolmap: Any, intrinsics_px: Float[Tensor, "3 3"]) -> Any:
    """The size of its picture does not matter here."""
    params = [float(intrinsics_px[index]) for index in ((0, 0), (1, 1), (0, 2), (1, 2))]
    return pycolmap.Camera(model="PINHOLE", width=2 * round(params[2]), height=2 * round(params[3]), params=params)


def _drawn_together(first: Float[Tensor, "m 3"], second: Float[Tensor, "m 3"]) -> Float[Tensor, "3 3"]:
    """The rotation that brings first rays closest to second ones, by the median; off by a part of the parallax."""
    weight = torch.ones_like(first[:, 0])
    turn = torch.eye(3, dtype=first.dtype)
    for _ in range(MEDIAN_STEPS):
        turn = closest_rotation((second * weight[:, None]).T @ first)
        weight = 1 / (first @ turn.T - second).norm(dim=1).clamp_min(1e-4)
    return turn


def _correction(link: PhotoLink, turn: Float[Tensor, "3 3"], focal_px: Float[Tensor, "v"]) -> Float[Tensor, "3 3"]:
    """None to make where rays nearly meet (which leaves the epipolar geometry open) or the turn is far off."""
    first, second = link.rays(focal_px)
    together = _drawn_together(first, second)
    parallax = (first @ together.T - second).norm(dim=1).median()
    correction = turn @ together.T
    if float(parallax) < LITTLE_PARALLAX or float(rotation_angle(correction)) > LARGEST_CORRECTION_RAD:
        return torch.eye(3, dtype=torch.float64)
    return correction


def _rays(plane: Float[Tensor, "m 2"]) -> Float[Tensor, "m 3"]:
    return F.normalize(torch.cat([plane, torch.ones_like(plane[:, :1])], dim=1), dim=1)
