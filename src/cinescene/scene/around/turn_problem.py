"""Least squares for the turns of photos and their focal length, given which pixels match.

What is minimised: distances of matches from their epipolar lines, whose directions of travel are eliminated, and,
the less parallax a pair turns out to have, the distance of its matches along them.
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

from cinescene.scene.around.links import PhotoLink
from cinescene.tensor_types import Bool, Float, Tensor

FOCAL_SPREAD = 0.25
"""Natural logarithm by which an assumed focal length is usually off."""
PRIOR_WEIGHT = 10.0
"""A spread of the focal length weighs as much as a match that is so many pixels off."""
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


class TurnProblem:
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
