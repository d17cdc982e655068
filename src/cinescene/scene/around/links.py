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
from cinescene.scene.around.likeness import likeness
from cinescene.tensor_types import Float, Int, Tensor

NOISE_PX = 2.0
"""A true match lies this close to its epipolar line, in pixels of the reduced photos."""
FEWEST_MATCHES = 16
"""Two photos may show the same when so many matches agree, and these shares of all."""
CANDIDATE_SHARE = 0.25
"""Of candidates: with a wrong focal length, fewer matches of a true pair agree."""
SURE = (0.5, 0.1)
"""Share, and likeness of the small pictures where they overlap, that make a link. Of 24 sets of photos, neighbours have
shares of 0.36 to 0.9, and are 0.9 alike where taken in one spot, 0.2 and more where 60 cm apart."""
ALIKE = (0.35, 0.65)
"""The same, where repeated things (books, tiles) leave many matches wrong. Photos that share nothing have shares of up
to 0.46 then, and are seldom more than 0.6 alike."""
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
        How well the pair is tied: more, and more unanimous, matches, and pictures that look alike.
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
    """Two photos, by their numbers, and the places (m,) in each that look alike, right or wrong.

    ``small`` are the two as small pictures, whose pixels are so many times larger (``times``).
    """

    first: int
    second: int
    first_px: Float[Tensor, "m 2"]
    second_px: Float[Tensor, "m 2"]
    noise_px: float
    small: tuple[Float[Tensor, "h w"], Float[Tensor, "h2 w2"]]
    times: tuple[float, float]

    def likeness(self, intrinsics_px: Float[Tensor, "v 3 3"], turn: Float[Tensor, "3 3"]) -> float:
        """How alike they look where a turn from the first to the second says that they show the same."""
        reduced = [
            torch.diag(intrinsics_px.new_tensor([1 / times, 1 / times, 1])) @ intrinsics_px[number]
            for number, times in zip((self.first, self.second), self.times, strict=True)
        ]
        return likeness(self.small, (reduced[0], reduced[1]), turn)


def pair_photos(features: Sequence[PhotoFeatures]) -> list[PhotoPair]:
    """All pairs of photos with anything alike."""
    pairs = []
    for first, second in itertools.combinations(range(len(features)), 2):
        matches = match_features(features[first], features[second])
        if len(matches) >= FEWEST_MATCHES:
            matches = matches[_evenly(len(matches), MOST_TRIED)]
            places = [features[n].points_px[matches[:, side]] for side, n in enumerate((first, second))]
            one, other = features[first], features[second]
            pairs.append(
                PhotoPair(
                    first=first,
                    second=second,
                    first_px=places[0],
                    second_px=places[1],
                    noise_px=max(one.pixel, other.pixel),
                    small=(one.small, other.small),
                    times=(one.width_px / one.small.shape[1], other.width_px / other.small.shape[1]),
                )
            )
    return pairs


def link_photos(
    pairs: Sequence[PhotoPair], intrinsics_px: Float[Tensor, "v 3 3"], *, candidates: bool = False
) -> list[PhotoLink]:
    """Links between the pairs that have one, by random samples of five matches (Nistér, 2004), seeded.

    ``candidates``: those also that a wrong focal length may hide.
    """
    links = (_link(pair, intrinsics_px, candidates) for pair in pairs)
    return [link for link in links if link is not None]


def _link(pair: PhotoPair, intrinsics_px: Float[Tensor, "v 3 3"], candidate: bool) -> PhotoLink | None:
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
    if count < FEWEST_MATCHES or share < (CANDIDATE_SHARE if candidate else ALIKE[0]):
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
        strength=0.0,
        correction=torch.eye(3, dtype=torch.float64),
    )
    focal_px = intrinsics_px[:, 0, 0]
    true_turn = torch.from_numpy(found["cam2_from_cam1"].rotation.matrix())
    link = dataclasses.replace(link, correction=_correction(link, true_turn, focal_px))
    alike = pair.likeness(intrinsics_px, link.turn(focal_px))
    if not candidate and not any(share >= least and alike >= like for least, like in (SURE, ALIKE)):
        return None
    return dataclasses.replace(link, strength=count * share**2 * max(alike, SURE[1]) ** 2)


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
