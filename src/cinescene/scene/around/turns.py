"""Which way each photo looked, and through which lens, from what pairs of photos both show.

Cameras in one spot differ by rotations alone; cameras near one spot nearly so. The epipolar constraint, in which each
pair has a direction of travel of its own, holds for both, and the smaller a pair's parallax turns out to be, the more
its matching rays are also drawn together. Pairs that lie round a full turn tell the focal length, since the turns must
add up to 360° (Szeliski and Shum, "Creating full view panoramic image mosaics", 1997); so do wide overlaps.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from cinescene.scene.around.links import PhotoLink, PhotoPair, link_photos
from cinescene.tensor_types import Bool, Float, Tensor

FOCAL_FACTORS = tuple(2 ** (step / 8) for step in range(-4, 6))
"""Focal lengths that are tried first, in shares of the assumed ones."""
FACTORS_SOLVED = 3
"""Factors from which all is solved, to see which fits best."""
CANDIDATE_SHARE = 0.25
"""With a wrong focal length, fewer matches of a true pair agree."""
FOCAL_SPREAD = 0.25
"""Natural logarithm by which an assumed focal length is usually off."""
PRIOR_WEIGHT = 10.0
"""A spread of the focal length weighs as much as a match that is so many pixels off."""
LOOSE_TURN_RAD = math.radians(12)
"""A pair whose turn differs by more from that of all together was linked wrongly."""
ROUNDS, EVALUATIONS, TRUSTED_PX = 2, 10, 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoTurns:
    """How photos looked, relative to each other.

    ``members``
        Numbers of the photos that hang together.
    ``world_from_camera``
        Rotations (OpenCV axes) of those, in a world of their own.
    ``focal_factor``
        By which assumed focal lengths are to be multiplied.
    ``parallax_rad``
        Median angle between matching rays: 0 where all were taken in one spot.
    ``error_px``
        Median distance of matches from their epipolar lines, in pixels of the photos.
    """

    members: tuple[int, ...]
    world_from_camera: Float[Tensor, "k 3 3"]
    focal_factor: float
    parallax_rad: float
    error_px: float


def find_turns(
    pairs: Sequence[PhotoPair], intrinsics_px: Float[Tensor, "v 3 3"], assumed: Bool[Tensor, "v"], wanted: int = 0
) -> PhotoTurns | None:
    """The turns of the photos that hang together with the photo ``wanted``; None where it hangs together with none.

    ``assumed`` marks photos whose focal length is only assumed; it is found, as one factor for all of them. A link that
    contradicts the others is left out.
    """
    likely = [x for x in pairs if link_photos([x], intrinsics_px, CANDIDATE_SHARE)]
    if not assumed.any():
        return _solved(link_photos(likely, intrinsics_px), intrinsics_px, assumed, 1.0, wanted)
    by_agreement = sorted(FOCAL_FACTORS, key=lambda factor: -_agreement(likely, intrinsics_px, assumed, factor))
    found = (_from_factor(likely, intrinsics_px, assumed, factor, wanted) for factor in by_agreement[:FACTORS_SOLVED])
    best = min((turns for turns in found if turns is not None), key=_misfit, default=None)
    if best is None:
        return None
    return _from_factor(likely, intrinsics_px, assumed, best.focal_factor, wanted) or best


def _from_factor(
    pairs: Sequence[PhotoPair],
    intrinsics_px: Float[Tensor, "v 3 3"],
    assumed: Bool[Tensor, "v"],
    factor: float,
    wanted: int,
) -> PhotoTurns | None:
    """The turns by the matches that agree at a focal factor."""
    links = link_photos(pairs, _with_factor(intrinsics_px, assumed, factor))
    return _solved(links, intrinsics_px, assumed, factor, wanted)


def _misfit(turns: PhotoTurns) -> float:
    """Few photos that hang together fit easily."""
    return turns.error_px / len(turns.members) ** 2


def _with_factor(
    intrinsics_px: Float[Tensor, "v 3 3"], assumed: Bool[Tensor, "v"], factor: float
) -> Float[Tensor, "v 3 3"]:
    scaled = intrinsics_px.clone()
    scaled[:, :2, :2] = torch.where(assumed[:, None, None], factor, 1.0) * intrinsics_px[:, :2, :2]
    return scaled


def _agreement(
    pairs: Sequence[PhotoPair], intrinsics_px: Float[Tensor, "v 3 3"], assumed: Bool[Tensor, "v"], factor: float
) -> float:
    """How well links agree with each other at a focal factor, which must not be far from 1."""
    scaled = _with_factor(intrinsics_px, assumed, factor)
    links = link_photos(pairs, scaled)
    if not links:
        return 0.0
    focal_px = scaled[:, 0, 0]
    root = max(links, key=lambda link: link.strength).first
    tree = _from_tree(links, focal_px, root)
    total = 0.0
    for link in links:
        if link.first in tree:
            off = link.disagreement(tree, focal_px)
            total += link.strength * math.exp(-((off / LOOSE_TURN_RAD) ** 2))
    return total * math.exp(-((math.log(factor) / FOCAL_SPREAD) ** 2) / 8)


def _solved(
    links: Sequence[PhotoLink],
    intrinsics_px: Float[Tensor, "v 3 3"],
    assumed: Bool[Tensor, "v"],
    factor: float,
    wanted: int,
) -> PhotoTurns | None:
    links, focal_px = _of_component(links, wanted), intrinsics_px[:, 0, 0]
    while links:
        tree = _from_tree(links, focal_px * torch.where(assumed, factor, 1.0), wanted)
        problem = _Problem(links, focal_px, assumed, tuple(tree))
        solved = problem.solve(torch.stack(list(tree.values())), factor)
        off = dict(zip(links, problem.disagreement(*solved), strict=True))
        wrong = [link for link in links if off[link] > LOOSE_TURN_RAD]
        if not wrong:
            return problem.result(*solved)
        worst = max(wrong, key=lambda link: off[link] / link.strength)
        links = _of_component([link for link in links if link is not worst], wanted)
    return None


def _of_component(links: Sequence[PhotoLink], wanted: int) -> list[PhotoLink]:
    reached = {wanted}
    while True:
        more = {n for link in links if {link.first, link.second} & reached for n in (link.first, link.second)}
        if more <= reached:
            return [link for link in links if link.first in reached]
        reached |= more


def _from_tree(links: Sequence[PhotoLink], focal_px: Float[Tensor, "v"], root: int) -> dict[int, Float[Tensor, "3 3"]]:
    """Rotations along the tree of the links with most matches (Prim, 1957)."""
    found = {root: torch.eye(3, dtype=torch.float64)}
    by_strength = sorted(links, key=lambda link: -link.strength)
    while True:
        for link in by_strength:
            if (link.first in found) != (link.second in found):
                break
        else:
            return found
        turn = link.turn(focal_px)
        if link.first in found:
            found[link.second] = found[link.first] @ turn.T
        else:
            found[link.first] = found[link.second] @ turn


class _Problem:
    """Least squares for all rotations but the first one's, and the logarithm of the focal factor."""

    def __init__(
        self,
        links: Sequence[PhotoLink],
        focal_px: Float[Tensor, "v"],
        assumed: Bool[Tensor, "v"],
        members: tuple[int, ...],
    ) -> None:
        self.links, self.members = links, members
        self.focal_px, self.assumed = focal_px.numpy(), assumed.numpy()
        self.free_focal = bool(self.assumed[list(members)].any())
        place = {number: index for index, number in enumerate(members)}
        counts = [len(link.first_px) for link in links]
        self.starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
        self.of_link = np.repeat(np.arange(len(links)), counts)
        self.sides = []
        for side in ("first", "second"):
            number = np.repeat([getattr(link, side) for link in links], counts)
            plane = np.concatenate([getattr(link, f"{side}_px").numpy() for link in links])
            self.sides.append((plane, number, np.array([place[n] for n in number])))
        self.noise_px = np.repeat([link.noise_px for link in links], counts)
        self.weight = np.repeat([1 / math.sqrt(count) for count in counts], counts) * math.sqrt(max(counts))

    def solve(self, rotations: Float[Tensor, "k 3 3"], factor: float) -> tuple[Float[Tensor, "k 3 3"], float]:
        """Better rotations and focal factor; pairs are told how much parallax they have in rounds."""
        turns, log_factor = Rotation.from_matrix(rotations.numpy()), math.log(factor)
        for _ in range(ROUNDS):
            _, across, _ = self._errors(turns, log_factor)
            spread = np.array([np.median(part) for part in np.split(across, self.starts[1:])])
            spread = np.maximum(2 * spread[self.of_link], self.noise_px)

            residuals = functools.partial(self._residuals, turns, log_factor, spread)
            size = 3 * (len(self.members) - 1) + self.free_focal
            start = np.zeros(size)
            start[-1] = log_factor if self.free_focal else start[-1]
            found = least_squares(
                residuals, start, loss="cauchy", f_scale=TRUSTED_PX, x_scale=0.01, max_nfev=EVALUATIONS
            )
            turns, log_factor = self._moved(turns, found.x, log_factor)
        return torch.from_numpy(turns.as_matrix()), math.exp(log_factor)

    def _residuals(self, turns: Rotation, log_factor: float, spread: np.ndarray, values: np.ndarray) -> np.ndarray:
        moved, log = self._moved(turns, values, log_factor)
        off, across, _ = self._errors(moved, log)
        both = np.concatenate([self.weight * off / self.noise_px, self.weight * across / spread])
        return np.append(both, PRIOR_WEIGHT * log / FOCAL_SPREAD if self.free_focal else 0.0)

    def disagreement(self, rotations: Float[Tensor, "k 3 3"], factor: float) -> list[float]:
        """Angle, of each link, between its own turn and that of the solution."""
        focal = torch.from_numpy(self._focal(math.log(factor)))
        place = dict(zip(self.members, rotations, strict=True))
        return [link.disagreement(place, focal) for link in self.links]

    def result(self, rotations: Float[Tensor, "k 3 3"], factor: float) -> PhotoTurns:
        off, _, angle = self._errors(Rotation.from_matrix(rotations.numpy()), math.log(factor))
        return PhotoTurns(
            members=self.members,
            world_from_camera=rotations,
            focal_factor=factor,
            parallax_rad=float(np.median(angle)),
            error_px=float(np.median(np.abs(off))),
        )

    def _focal(self, log_factor: float) -> np.ndarray:
        return np.where(self.assumed, self.focal_px * math.exp(log_factor), self.focal_px)

    def _moved(self, turns: Rotation, values: np.ndarray, log_factor: float) -> tuple[Rotation, float]:
        steps = np.concatenate([np.zeros(3), values[: 3 * (len(self.members) - 1)]]).reshape(-1, 3)
        return Rotation.from_rotvec(steps) * turns, float(values[-1]) if self.free_focal else log_factor

    def _errors(self, turns: Rotation, log_factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every match: distance from the epipolar line and along it in pixels, and the angle between its rays."""
        focal, matrices = self._focal(log_factor), turns.as_matrix()
        rays = []
        for plane, number, place in self.sides:
            ray = np.concatenate([plane / focal[number][:, None], np.ones((len(plane), 1))], axis=1)
            ray /= np.linalg.norm(ray, axis=1, keepdims=True)
            rays.append((matrices[place] * ray[:, None, :]).sum(-1))
        normal = _cross(rays[0], rays[1])
        size = np.linalg.norm(normal, axis=1)
        outer = normal[:, :, None] * normal[:, None, :] / np.maximum(size, 1e-3)[:, None, None]
        travel = np.linalg.eigh(np.add.reduceat(outer, self.starts))[1][:, :, 0][self.of_link]
        off = (travel * normal).sum(1) / np.maximum(np.linalg.norm(_cross(travel, rays[0]), axis=1), 0.05)
        across = np.sqrt(np.maximum(size**2 - off**2, 1e-12))
        pixel = np.minimum(focal[self.sides[0][1]], focal[self.sides[1][1]])
        return off * pixel, across * pixel, size


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row; several times quicker than numpy's own."""
    (x, y, z), (u, v, w) = a.T, b.T
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)
