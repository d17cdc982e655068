"""Measures of a clip over time: flicker, smoothness of motion, and how its changes follow the reference's."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cinescene.errors import InputError
from cinescene.evaluation.matching import grey_bytes, load_opencv
from cinescene.evaluation.regions import region_mean
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

BLACK_LEVEL = 4 / 255
STILL_LEVEL, STILL_SHARE = 16 / 255, 1e-3
"""A pixel that has changed, beyond what a video coder does; the share of such pixels below which a clip is a still."""


def brightness_flicker(frames: UInt8[Tensor, "t 3 h w"]) -> float:
    """Root mean square second difference of the frames' mean luminance, in 8-bit steps; 0 for steady or fading clips.

    NaN for fewer than three frames. A camera that moves changes brightness too, but hardly its second difference.
    """
    if len(frames) < 3:
        return float("nan")
    means = torch.stack([_luma(frame).mean() for frame in frames]).double() * 255
    return float(means.diff(n=2).square().mean().sqrt())


def change_error(
    frames: UInt8[Tensor, "t 3 h w"],
    reference: UInt8[Tensor, "t 3 h w"],
    region: Bool[Tensor, "t h w"] | None = None,
) -> Float[Tensor, "pairs"]:
    """Mean absolute difference, in [0, 1], between a clip's and its reference's frame-to-frame changes; 0 is best.

    One value a pair of frames, over pixels that count in both; NaN where none do. Unlike a difference of frames it
    ignores what is constantly wrong and sees flicker, popping and crawling.
    """
    _same_shape(frames, reference)
    values = []
    for index in range(len(frames) - 1):
        change, wanted = (clip[index + 1].float() - clip[index].float() for clip in (frames, reference))
        difference = (change - wanted).abs().mean(0) / 255
        counted = torch.ones_like(difference, dtype=torch.bool)
        if region is not None:
            counted = region[index] & region[index + 1]
        values.append(region_mean(difference, counted))
    return torch.stack(values) if values else torch.zeros(0)


def motion_smoothness(frames: UInt8[Tensor, "t 3 h w"], step: int = 1) -> Float[Tensor, "triples"]:
    """How well each frame is predicted from its neighbours along their optical flow: 1 − mean absolute error.

    One value for every ``step``-th inner frame. 1 for smooth motion and stills, lower for jerks and flashes. The idea
    is VBench's (Huang et al., 2024), with dense inverse search flow (Kroeger et al., 2016, OpenCV) in place of its
    interpolation network, so numbers do not compare with VBench's. Raises `MissingDependencyError` without OpenCV.
    """
    if step < 1:
        raise InputError(f"motion smoothness: expected a step of at least 1, got {step}")
    cv2 = load_opencv()
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    values = []
    for index in range(1, len(frames) - 1, step):
        before, frame, after = (frames[i].float() / 255 for i in (index - 1, index, index + 1))
        forth = flow.calc(grey_bytes(before), grey_bytes(after), None)
        back = flow.calc(grey_bytes(after), grey_bytes(before), None)
        middle = (_drawn_back(cv2, before, back) + _drawn_back(cv2, after, forth)) / 2
        values.append(1 - (middle - frame).abs().mean())
    return torch.stack(values) if values else torch.zeros(0)


def black_frames(frames: UInt8[Tensor, "t 3 h w"]) -> list[int]:
    """Numbers of the frames that are black all over."""
    return [i for i, frame in enumerate(frames) if float(frame.max()) / 255 <= BLACK_LEVEL]


def is_still(frames: UInt8[Tensor, "t 3 h w"]) -> bool:
    """Whether every frame shows the first one, but for what a video coder does; False for a single frame."""
    if len(frames) < 2:
        return False
    first = frames[0].float()
    changed = [float(((frame.float() - first).abs().amax(0) > 255 * STILL_LEVEL).float().mean()) for frame in frames]
    return max(changed) < STILL_SHARE


def _drawn_back(cv2: Any, picture: Tensor, flow: np.ndarray) -> Tensor:
    """A picture moved half way along the motion between two frames."""
    height, width = flow.shape[:2]
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    channels = np.ascontiguousarray(picture.movedim(0, -1).numpy())
    moved = cv2.remap(
        channels, u + 0.5 * flow[..., 0], v + 0.5 * flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return torch.from_numpy(moved).movedim(-1, 0)


def _luma(frame: UInt8[Tensor, "3 h w"]) -> Float[Tensor, "h w"]:
    red, green, blue = frame.float() / 255
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _same_shape(frames: Tensor, reference: Tensor) -> None:
    if frames.shape != reference.shape:
        raise InputError(f"expected clips of one shape, got {tuple(frames.shape)} and {tuple(reference.shape)}")
