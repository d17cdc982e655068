"""CLIP-V and CLIP-T, where CLIP's weights are present: pictures against pictures, pictures against the prompt.

Source: Radford et al., 2021. CLIP-V is the mean cosine of image embeddings of a frame and its reference; CLIP-T that of
frames and the prompt. Weights are read from a folder in the transformers layout or from the local hub cache, as
safetensors only; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cinescene.errors import MissingDependencyError
from cinescene.tensor_types import Float, Tensor, UInt8

DEFAULT_WEIGHTS = "openai/clip-vit-base-patch32"


class ClipScores:
    """CLIP with its tokenizer and picture preparation; made by `load_clip`."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        self._model, self._processor, self.name = model.eval(), processor, name

    @torch.no_grad()
    def image_embeddings(self, frames: UInt8[Tensor, "t 3 h w"]) -> Float[Tensor, "t d"]:
        """Unit embeddings of pictures."""
        inputs = self._processor(images=[f.movedim(0, -1).numpy() for f in frames], return_tensors="pt")
        return _unit(self._model.get_image_features(pixel_values=inputs["pixel_values"]))

    @torch.no_grad()
    def text_embedding(self, prompt: str) -> Float[Tensor, "d"]:
        """The unit embedding of a prompt, cut to what CLIP takes."""
        longest = self._model.config.text_config.max_position_embeddings
        inputs = self._processor(text=[prompt], return_tensors="pt", truncation=True, max_length=longest)
        return _unit(self._model.get_text_features(**inputs))[0]

    def against_pictures(self, frames: UInt8[Tensor, "t 3 h w"], reference: UInt8[Tensor, "t 3 h w"]) -> Tensor:
        """CLIP-V of every frame, −1 to 1."""
        return (self.image_embeddings(frames) * self.image_embeddings(reference)).sum(-1)

    def against_text(self, frames: UInt8[Tensor, "t 3 h w"], prompt: str) -> Tensor:
        """CLIP-T of every frame, −1 to 1."""
        return self.image_embeddings(frames) @ self.text_embedding(prompt)


def load_clip(weights: str = DEFAULT_WEIGHTS) -> ClipScores:
    """CLIP from a folder, or from the local cache under its hub name.

    Raises `MissingDependencyError` that says how to get it where it is not there.
    """
    if not _is_present(weights):
        raise MissingDependencyError(_missing(weights))
    from transformers import CLIPModel, CLIPProcessor

    try:
        model = CLIPModel.from_pretrained(weights, local_files_only=True, use_safetensors=True)
        processor = CLIPProcessor.from_pretrained(weights, local_files_only=True)
    except (OSError, ValueError) as error:
        raise MissingDependencyError(_missing(weights)) from error
    return ClipScores(model, processor, weights)


def _is_present(weights: str) -> bool:
    """Whether there is anything to load, found out without importing transformers, which takes seconds."""
    if Path(weights).is_dir():
        return True
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(weights, "config.json"), str)
    except HFValidationError:
        return False


def _missing(weights: str) -> str:
    place = "in this folder" if Path(weights).is_dir() else "in the local cache"
    return (
        f"CLIP-V and CLIP-T need CLIP's weights (safetensors), and {weights!r} is not {place}; get it with: "
        f"hf download {DEFAULT_WEIGHTS}, or name a folder with --clip-weights"
    )


def _unit(features: Any) -> Tensor:
    tensor: Tensor = features if isinstance(features, Tensor) else features.pooler_output
    return torch.nn.functional.normalize(tensor.float(), dim=-1)
