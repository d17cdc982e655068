"""Which way each photo looked, and through which lens, from what pairs of photos both show.

Cameras in one spot differ by rotations alone; cameras near one spot nearly so. The epipolar constraint, in which each
pair has a direction of travel of its own, holds for both, and the smaller a pair's parallax turns out to be, the more
its matching rays are also drawn together. Pairs that lie round a full turn tell the focal length, since the turns must
add up to 360° (Szeliski and Shum, "Creating full view panoramic image mosaics", 1997); so do wide overlaps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import torch

from cinescene.scene.around.links import PhotoLink, PhotoPair, link_photos
from cinescene.scene.around.turn_problem import FOCAL_SPREAD, PhotoTurns, TurnProblem
from cinescene.tensor_types import Bool, Float, Tensor

FOCAL_FACTORS = tuple(2 ** (step / 8) for step in range(-4, 6))
"""Focal lengths that are tried first, in shares of the assumed ones."""
FACTORS_SOLVED = 3
"""Factors from which all is solved, to see which fits best."""
WEAK, CONTRADICTING_RAD = 0.5, math.radians(30)
"""Links of less than this share of the usual strength, and contradicting the tree of the strongest by more, are left
out before anything is solved."""
LOOSE_TURN_RAD = math.radians(12)
"""A pair whose turn differs by more from that of all together was linked wrongly."""


def find_turns(
    pairs: Sequence[PhotoPair], intrinsics_px: Float[Tensor, "v 3 3"], assumed: Bool[Tensor, "v"], wanted: int = 0
) -> PhotoTurns | None:
    """The turns of the photos that hang together with the photo ``wanted``; None where it hangs together with none.

    ``assumed`` marks photos whose focal length is only assumed; it is found, as one factor for all of them. A link that
    contradicts the others is left out.
    """
    likely = tuple(x for x in pairs if link_photos([x], intrinsics_px, candidates=True))
    search = _Search(pairs=likely, intrinsics_px=intrinsics_px, assumed=assumed, wanted=wanted)
    if not assumed.any():
        return search.solved(1.0)
    by_agreement = sorted(FOCAL_FACTORS, key=lambda factor: -search.agreement(factor))
    found = (search.solved(factor) for factor in by_agreement[:FACTORS_SOLVED])
    best = min((turns for turns in found if turns is not None), key=_misfit, default=None)
    if best is None:
        return None
    return search.solved(best.focal_factor) or best


def _misfit(turns: PhotoTurns) -> float:
    """Few photos that hang together fit easily."""
    return turns.error_px / len(turns.members) ** 2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """What is known before a focal factor is chosen."""

    pairs: tuple[PhotoPair, ...]
    intrinsics_px: Float[Tensor, "v 3 3"]
    assumed: Bool[Tensor, "v"]
    wanted: int

    def agreement(self, factor: float) -> float:
        """How well links agree with each other at a focal factor, which must not be far from 1."""
        links, focal_px = self._links(factor), self._focal_px(factor)
        if not links:
            return 0.0
        root = max(links, key=lambda link: link.strength).first
        tree = _from_tree(links, focal_px, root)
        total = 0.0
        for link in links:
            if link.first in tree:
                off = link.disagreement(tree, focal_px)
                total += link.strength * math.exp(-((off / LOOSE_TURN_RAD) ** 2))
        return total * math.exp(-((math.log(factor) / FOCAL_SPREAD) ** 2) / 8)

    def solved(self, factor: float) -> PhotoTurns | None:
        """The turns by the matches that agree at a focal factor."""
        links = self._plausible(self._links(factor), factor)
        while links:
            tree = _from_tree(links, self._focal_px(factor), self.wanted)
            problem = TurnProblem(links, self.intrinsics_px[:, 0, 0], self.assumed, tuple(tree))
            solved = problem.solve(torch.stack(list(tree.values())), factor)
            off = dict(zip(links, problem.disagreement(*solved), strict=True))
            wrong = [link for link in links if off[link] > LOOSE_TURN_RAD]
            if not wrong:
                return problem.result(*solved)
            worst = max(wrong, key=lambda link: off[link] / link.strength)
            links = _of_component([link for link in links if link is not worst], self.wanted)
        return None

    def _plausible(self, links: Sequence[PhotoLink], factor: float) -> list[PhotoLink]:
        """Without weak links that contradict the strong ones by far, as patterns that repeat make them."""
        links, focal_px = _of_component(links, self.wanted), self._focal_px(factor)
        if not links:
            return []
        tree = _from_tree(links, focal_px, self.wanted)
        off = {link: link.disagreement(tree, focal_px) for link in links}
        usual = median(link.strength for link in links if off[link] < LOOSE_TURN_RAD)
        kept = [link for link in links if link.strength > WEAK * usual or off[link] < CONTRADICTING_RAD]
        return _of_component(kept, self.wanted)

    def _links(self, factor: float) -> list[PhotoLink]:
        scaled = self.intrinsics_px.clone()
        scaled[:, :2, :2] = torch.where(self.assumed[:, None, None], factor, 1.0) * self.intrinsics_px[:, :2, :2]
        return link_photos(self.pairs, scaled)

    def _focal_px(self, factor: float) -> Float[Tensor, "v"]:
        return self.intrinsics_px[:, 0, 0] * torch.where(self.assumed, factor, 1.0)


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
