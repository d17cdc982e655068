"""Matching pixels: how many points of a picture are found again in its reference.

Keypoints are SIFT's (Lowe, 2004), as OpenCV computes them; matches pass the ratio test and are verified by one epipolar
geometry (MAGSAC++, Barath et al., 2020). The paper counts the matches of a detector-free network instead: counts
compare with each other, not with published "Mat. Pix.".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cinescene.errors import MissingDependencyError
from cinescene.evaluation.regions import check_pair
from cinescene.tensor_types import Bool, Float, Tensor

NAME = "SIFT matches verified by epipolar geometry"
MOST_KEYPOINTS = 4096
RATIO = 0.8
TOLERANCE_PX = 1.5
FEWEST_FOR_GEOMETRY = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches:
    """Verified matches: places (n, 2) in either picture, in pixels whose centres lie at +0.5."""

    first_px: np.ndarray
    second_px: np.ndarray
    keypoints: tuple[int, int]

    def __len__(self) -> int:
        return len(self.first_px)

    @property
    def median_shift_px(self) -> float:
        """Median distance between matched places; NaN without matches."""
        if not len(self):
            return float("nan")
        return float(np.median(np.linalg.norm(self.first_px - self.second_px, axis=1)))


def match_pictures(
    first: Float[Tensor, "3 h w"],
    second: Float[Tensor, "3 h w"],
    region: Bool[Tensor, "h w"] | None = None,
    second_region: Bool[Tensor, "h w"] | None = None,
) -> Matches:
    """Verified SIFT matches between two pictures of one size, with keypoints in the regions only.

    ``second_region`` is ``region`` unless given. Deterministic. Raises `MissingDependencyError` without OpenCV.
    """
    check_pair(first, second, region)
    cv2 = load_opencv()
    places, descriptors = keypoints(cv2, first, region)
    others, other_descriptors = keypoints(cv2, second, region if second_region is None else second_region)
    counts = len(places), len(others)
    if min(counts) < 2:
        return Matches(first_px=np.zeros((0, 2)), second_px=np.zeros((0, 2)), keypoints=counts)
    pairs = _ratio_test(descriptors, other_descriptors)
    source, target = places[pairs[:, 0]], others[pairs[:, 1]]
    kept = _verified(cv2, source, target)
    return Matches(first_px=source[kept], second_px=target[kept], keypoints=counts)


def load_opencv() -> Any:
    """OpenCV; raises `MissingDependencyError` that names the extra."""
    try:
        import cv2
    except ImportError as error:
        raise MissingDependencyError(
            "matching and optical flow need OpenCV; install it with: pip install 'cinescene[eval]'"
        ) from error
    cv2.setNumThreads(1)
    return cv2


def grey_bytes(picture: Float[Tensor, "3 h w"]) -> np.ndarray:
    """8-bit luma (BT.709 weights)."""
    red, green, blue = picture.detach().cpu().float()
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.ascontiguousarray((luma.clamp(0, 1) * 255).round().numpy().astype(np.uint8))


def keypoints(
    cv2: Any, picture: Float[Tensor, "3 h w"], region: Bool[Tensor, "h w"] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) and descriptors (n, 128) of SIFT's strongest keypoints in a region; RootSIFT normalisation."""
    detector = cv2.SIFT_create(nfeatures=MOST_KEYPOINTS, contrastThreshold=0.02)
    mask = None if region is None else np.ascontiguousarray(region.cpu().numpy().astype(np.uint8) * 255)
    found, descriptors = detector.detectAndCompute(grey_bytes(picture), mask)
    if descriptors is None or not len(found):
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    places = np.array([point.pt for point in found], dtype=np.float64) + 0.5
    descriptors = descriptors / np.maximum(descriptors.sum(1, keepdims=True), 1e-9)
    return places, np.sqrt(descriptors).astype(np.float32)


def _ratio_test(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pairs of indices of mutual nearest neighbours that pass the ratio test."""
    similarity = first @ second.T
    best = similarity.argmax(1)
    rows = np.arange(len(first))
    mutual = similarity.argmax(0)[best] == rows
    strongest = similarity[rows, best]
    similarity[rows, best] = -np.inf
    runner_up = similarity.max(1)
    distance = np.sqrt(np.maximum(2 - 2 * strongest, 0))
    good = mutual & (distance < RATIO * np.sqrt(np.maximum(2 - 2 * runner_up, 0)))
    return np.stack([rows[good], best[good]], axis=1)


def _verified(cv2: Any, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    if len(source) < FEWEST_FOR_GEOMETRY:
        return np.zeros(len(source), dtype=bool)
    cv2.setRNGSeed(0)
    try:
        _, inliers = cv2.findFundamentalMat(source, target, cv2.USAC_MAGSAC, TOLERANCE_PX, 0.999, 2000)
    except cv2.error:  # MAGSAC++ gives up on some sets of matches; plain RANSAC takes them
        _, inliers = cv2.findFundamentalMat(source, target, cv2.FM_RANSAC, TOLERANCE_PX, 0.999, 2000)
    return np.zeros(len(source), dtype=bool) if inliers is None else inliers[:, 0].astype(bool)
