"""The shape of a VGGT: every size that decides which tensors a checkpoint holds, and the presets."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinescene.errors import CheckpointError

FORMAT = "cinescene-vggt"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class VggtConfig:
    """Sizes of a VGGT (Wang et al., "VGGT: Visual Geometry Grounded Transformer", CVPR 2025).

    ``width``, ``heads``, ``depth``, ``mlp_ratio``, ``registers``
        The aggregator: token channels, attention heads, pairs of frame and global attention, hidden width of the
        feed-forward as a multiple of the width, register tokens a view.
    ``patch_size_px``, ``image_size_px``
        Side of a patch, and side of the square pictures whose position embedding is stored.
    ``embedder_depth``, ``embedder_heads``, ``embedder_registers``
        The DINOv2 patch embedder in front of the aggregator.
    ``camera_depth``, ``camera_heads``, ``camera_rounds``
        The camera head: blocks of its trunk, attention heads, rounds of refinement.
    ``dense_layers``, ``dense_features``, ``dense_channels``
        The dense heads: aggregator layers they read (coarse use last), fused channels, channels a level.
    ``point_head``
        Whether there is a head for world points beside the one for depth.
    ``layer_scale``
        Start value of the aggregator's and camera head's LayerScale in a model that is made, not loaded.

    Raises `CheckpointError` for sizes that make no VGGT.
    """

    width: int
    heads: int
    depth: int
    mlp_ratio: float = 4.0
    registers: int = 4
    patch_size_px: int = 14
    image_size_px: int
    embedder_depth: int
    embedder_heads: int
    embedder_registers: int = 4
    camera_depth: int = 4
    camera_heads: int
    camera_rounds: int = 4
    dense_layers: tuple[int, int, int, int]
    dense_features: int
    dense_channels: tuple[int, int, int, int]
    point_head: bool = True
    layer_scale: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "dense_layers", tuple(self.dense_layers))
        object.__setattr__(self, "dense_channels", tuple(self.dense_channels))
        for name in ("width", "heads", "depth", "patch_size_px", "image_size_px", "embedder_depth", "embedder_heads"):
            _check(getattr(self, name) >= 1, f"{name} of at least 1", getattr(self, name))
        for name in ("camera_depth", "camera_heads", "camera_rounds"):
            _check(getattr(self, name) >= 1, f"{name} of at least 1", getattr(self, name))
        _check(self.width % self.heads == 0, f"a width that {self.heads} heads divide", self.width)
        _check(self.head_width % 4 == 0, "a width per head that 4 divides (2-D rotary positions)", self.head_width)
        _check(self.width % self.embedder_heads == 0, f"a width that {self.embedder_heads} heads divide", self.width)
        _check(2 * self.width % self.camera_heads == 0, "camera heads that divide twice the width", self.camera_heads)
        _check(self.image_size_px % self.patch_size_px == 0, "an image size in whole patches", self.image_size_px)
        _check(len(self.dense_layers) == 4, "four dense layers", self.dense_layers)
        _check(len(self.dense_channels) == 4, "four dense channel counts", self.dense_channels)
        _check(
            all(0 <= i < self.depth for i in self.dense_layers), f"dense layers below {self.depth}", self.dense_layers
        )
        _check(all(c % 4 == 0 for c in self.dense_channels), "dense channels that 4 divides", self.dense_channels)
        _check(self.dense_features % 8 == 0, "dense features that 8 divides", self.dense_features)

    @property
    def head_width(self) -> int:
        """Channels of one attention head of the aggregator."""
        return self.width // self.heads

    @property
    def special_tokens(self) -> int:
        """Tokens of a view before its patches: the camera token and the registers."""
        return 1 + self.registers

    # ---- presets ------------------------------------------------------------------------------------------------

    @classmethod
    def vggt_1b(cls) -> VggtConfig:
        """The public ``facebook/VGGT-1B`` (1.2 billion parameters, 518 px), without its tracking head."""
        return cls(
            width=1024,
            heads=16,
            depth=24,
            image_size_px=518,
            embedder_depth=24,
            embedder_heads=16,
            camera_heads=16,
            dense_layers=(4, 11, 17, 23),
            dense_features=256,
            dense_channels=(256, 512, 1024, 1024),
        )

    @classmethod
    def nano(cls) -> VggtConfig:
        """8 million parameters at 112 px: 20 views take 0.55 s on one CPU core in fp32, 0.4 s in bf16."""
        return cls(
            width=192,
            heads=6,
            depth=4,
            image_size_px=112,
            embedder_depth=3,
            embedder_heads=6,
            camera_depth=1,
            camera_heads=6,
            dense_layers=(0, 1, 2, 3),
            dense_features=48,
            dense_channels=(32, 48, 64, 96),
            point_head=False,
            layer_scale=0.1,
        )

    @classmethod
    def small(cls) -> VggtConfig:
        """A fifth of `nano` (1.5 million parameters, 70 px), for tests: every part of the 1B model at its smallest."""
        return cls(
            width=64,
            heads=4,
            depth=4,
            image_size_px=70,
            embedder_depth=2,
            embedder_heads=4,
            camera_depth=2,
            camera_heads=4,
            dense_layers=(0, 1, 2, 3),
            dense_features=32,
            dense_channels=(16, 32, 48, 64),
        )

    # ---- stored form ----------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file, with the format's name and version."""
        return {"format": FORMAT, "format_version": FORMAT_VERSION} | dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "VGGT configuration") -> VggtConfig:
        """The reverse of `to_dict`; raises `CheckpointError` naming ``source`` and what is wrong."""
        values = dict(values)
        if values.pop("format", None) != FORMAT:
            raise CheckpointError(f'{source}: expected "format": "{FORMAT}"; this describes something else')
        version = values.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise CheckpointError(f"{source}: expected format version {FORMAT_VERSION}, got {version!r}")
        known = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(values.keys() - known.keys())
        missing = sorted(n for n, f in known.items() if f.default is dataclasses.MISSING and n not in values)
        if unknown or missing:
            raise CheckpointError(f"{source}: unknown values {unknown}, missing values {missing}")
        for name, value in values.items():
            values[name] = _typed(value, str(known[name].type), f"{source}: {name}")
        return cls(**values)

    # ---- reading sizes off tensors --------------------------------------------------------------------------------

    @classmethod
    def from_shapes(cls, shapes: Mapping[str, tuple[int, ...]], source: str = "checkpoint") -> VggtConfig:
        """The configuration of a checkpoint, from the names and shapes of its tensors.

        Three things leave no trace in shapes and are filled in: the patch embedder and the camera head get as many
        attention heads as the aggregator, the camera head four rounds, and the dense heads read layers 4, 11, 17 and
        23 of 24, or of another depth the last one of each quarter. A stored configuration says otherwise where needed.
        Raises `CheckpointError` where the tensors are not those of a VGGT.
        """

        def shape(name: str, axes: int) -> tuple[int, ...]:
            found = shapes.get(name)
            if found is None or len(found) != axes:
                wrong = "is missing" if found is None else f"has shape {found}"
                raise CheckpointError(f"{source}: expected the weights of a VGGT, but {name} {wrong}")
            return found

        embedder, attention = "aggregator.patch_embed.", "aggregator.frame_blocks.0."
        _, _, registers, width = shape("aggregator.register_token", 4)
        (head_width,) = shape(f"{attention}attn.q_norm.weight", 1)
        patch_px = shape(f"{embedder}patch_embed.proj.weight", 4)[-1]
        patches = shape(f"{embedder}pos_embed", 3)[1] - 1
        depth = _count(shapes, "aggregator.frame_blocks.")
        heads = width // max(head_width, 1)
        channels = tuple(shape(f"depth_head.projects.{i}.weight", 4)[0] for i in range(4))
        return cls(
            width=width,
            heads=heads,
            depth=depth,
            mlp_ratio=shape(f"{attention}mlp.fc1.weight", 2)[0] / width,
            registers=registers,
            patch_size_px=patch_px,
            image_size_px=math.isqrt(max(patches, 0)) * patch_px,
            embedder_depth=_count(shapes, f"{embedder}blocks."),
            embedder_heads=heads,
            embedder_registers=shape(f"{embedder}register_tokens", 3)[1],
            camera_depth=_count(shapes, "camera_head.trunk."),
            camera_heads=heads,
            dense_layers=_dense_layers(depth),
            dense_features=shape("depth_head.scratch.layer1_rn.weight", 4)[0],
            dense_channels=(channels[0], channels[1], channels[2], channels[3]),
            point_head=any(name.startswith("point_head.") for name in shapes),
        )


def _dense_layers(depth: int) -> tuple[int, int, int, int]:
    if depth == 24:
        return VggtConfig.vggt_1b().dense_layers
    first, second, third, fourth = (max(math.ceil(depth * quarter / 4) - 1, 0) for quarter in (1, 2, 3, 4))
    return first, second, third, fourth


def _count(shapes: Mapping[str, Any], prefix: str) -> int:
    indices = {name[len(prefix) :].split(".")[0] for name in shapes if name.startswith(prefix)}
    return len([index for index in indices if index.isdigit()])


def _typed(value: Any, kind: str, name: str) -> Any:
    if kind.startswith("tuple") and isinstance(value, list | tuple) and all(type(v) is int for v in value):
        return tuple(value)
    expected = {"int": int, "float": float, "bool": bool}.get(kind)
    if expected is float and type(value) is int:
        return float(value)
    if expected is None or type(value) is not expected:
        raise CheckpointError(f"{name}: expected {kind}, got {value!r}")
    return value


def _check(holds: bool, expected: str, got: object) -> None:
    if not holds:
        raise CheckpointError(f"VGGT configuration: expected {expected}, got {got}")
