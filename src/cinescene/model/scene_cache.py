"""`SceneCache`: what a scene's tokens offer to the video tokens of every block, computed once a scene."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch

from cinescene.cameras import Cameras
from cinescene.errors import InputError
from cinescene.tensor_types import Bool, Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerKeys:
    """Keys and values of one block's self-attention, and of its projective branch where there is one."""

    key: Float[Tensor, "b n heads c"]
    value: Float[Tensor, "b n heads c"]
    projective_key: Float[Tensor, "b m pheads pc"] | None = None
    projective_value: Float[Tensor, "b m pheads pc"] | None = None

    @staticmethod
    def cat(parts: list[LayerKeys]) -> LayerKeys:
        """The keys of several runs of tokens, one after another; runs without a camera have none in the branch."""
        branch_keys = [part.projective_key for part in parts if part.projective_key is not None]
        branch_values = [part.projective_value for part in parts if part.projective_value is not None]
        return LayerKeys(
            key=torch.cat([part.key for part in parts], dim=1),
            value=torch.cat([part.value for part in parts], dim=1),
            projective_key=torch.cat(branch_keys, dim=1) if branch_keys else None,
            projective_value=torch.cat(branch_values, dim=1) if branch_values else None,
        )

    def map(self, change: Callable[[Tensor], Tensor]) -> LayerKeys:
        """The same function applied to every tensor."""
        return dataclasses.replace(self, **{k: change(v) for k, v in vars(self).items() if v is not None})


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneCache:
    """Keys and values of a scene's tokens in every block, for ``context_attention="cached"``.

    They depend on the scene and the weights alone: not on the prompt, the noise, the time, the camera path or the
    length of the shot. Made by `CineSceneTransformer.encode_scene`.

    ``layers``
        One entry a block.
    ``key_mask``, ``projective_mask``
        Which keys may be seen in the self-attention and in the projective branch (None: all).
    ``reference``
        One camera a sample, in whose frame the projective keys are written; None where no view has a pose.
    """

    layers: tuple[LayerKeys, ...]
    key_mask: Bool[Tensor, "b n"] | None = None
    projective_mask: Bool[Tensor, "b n"] | None = None
    reference: Cameras | None = None

    @property
    def batch_size(self) -> int:
        return self.layers[0].key.shape[0]

    @property
    def token_count(self) -> int:
        return self.layers[0].key.shape[1]

    @property
    def byte_count(self) -> int:
        """Memory of the keys and values."""
        tensors = [t for layer in self.layers for t in vars(layer).values() if t is not None]
        return sum(t.numel() * t.element_size() for t in tensors)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> SceneCache:
        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        return self._map(moved, lambda cameras: cameras.to(device=device))

    def detach(self) -> SceneCache:
        return self._map(lambda tensor: tensor.detach(), lambda cameras: cameras)

    def __getitem__(self, samples: slice) -> SceneCache:
        """Some samples of the batch."""
        return self._map(lambda tensor: tensor[samples], lambda cameras: cameras[samples])

    def hidden(self) -> SceneCache:
        """The same cache with every key masked out: no scene, in the same shapes."""
        none = torch.zeros(self.batch_size, self.token_count, dtype=torch.bool, device=self.layers[0].key.device)
        has_branch = self.layers[0].projective_key is not None
        return dataclasses.replace(self, key_mask=none, projective_mask=none if has_branch else None)

    @staticmethod
    def cat(caches: list[SceneCache]) -> SceneCache:
        """Joins caches of the same shapes along the batch."""
        first = caches[0]
        layers = []
        for parts in zip(*(cache.layers for cache in caches), strict=True):
            names = [name for name, value in vars(parts[0]).items() if value is not None]
            layers.append(LayerKeys(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names}))
        references = [cache.reference for cache in caches if cache.reference is not None]
        masks = {}
        for name in ("key_mask", "projective_mask"):
            own = [getattr(cache, name) for cache in caches]
            if any(mask is not None for mask in own):
                seen = torch.ones(1, first.token_count, dtype=torch.bool, device=first.layers[0].key.device)
                full = [seen.expand(c.batch_size, -1) if m is None else m for c, m in zip(caches, own, strict=True)]
                masks[name] = torch.cat(full)
        return SceneCache(layers=tuple(layers), reference=Cameras.cat(references) if references else None, **masks)

    def expanded(self, batch_size: int) -> SceneCache:
        """One scene for a batch of shots on it, without copying; raises `InputError` if there are several scenes."""
        if self.batch_size == batch_size:
            return self
        if self.batch_size != 1:
            raise InputError(f"scene cache: expected 1 or {batch_size} scenes, got {self.batch_size}")
        return self._map(
            lambda tensor: tensor.expand(batch_size, *tensor.shape[1:]),
            lambda cameras: Cameras.cat([cameras] * batch_size),
        )

    def _map(self, change: Callable[[Tensor], Tensor], change_cameras: Callable[[Cameras], Cameras]) -> SceneCache:
        masks = {name: getattr(self, name) for name in ("key_mask", "projective_mask")}
        return SceneCache(
            layers=tuple(layer.map(change) for layer in self.layers),
            reference=None if self.reference is None else change_cameras(self.reference),
            **{name: None if mask is None else change(mask) for name, mask in masks.items()},
        )
