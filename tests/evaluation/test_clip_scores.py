"""CLIP from a folder in the real layout (tiny, random weights), and the message where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from cinescene.errors import MissingDependencyError
from cinescene.evaluation.clip_scores import load_clip
from tests.evaluation.pictures import textured


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    root = tmp_path_factory.mktemp("clip")
    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    tokens = letters + [f"{letter}</w>" for letter in letters] + ["<|startoftext|>", "<|endoftext|>"]
    (root / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (root / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(root / "vocab.json"), str(root / "merges.txt"))
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**small, "vocab_size": len(tokens), "eos_token_id": len(tokens) - 1, "bos_token_id": 52},
        vision_config={**small, "image_size": 32, "patch_size": 16},
        projection_dim=8,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(root)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(root)
    return root


@pytest.mark.slow
def test_scores_are_cosines(folder: Path, generator: torch.Generator) -> None:
    clip = load_clip(str(folder))
    frames = (textured(generator, 48, 64, 3) * 255).to(torch.uint8)
    assert torch.allclose(clip.against_pictures(frames, frames), torch.ones(3), atol=1e-5)
    across = clip.against_pictures(frames, frames.flip(0))
    assert torch.allclose(across, clip.against_pictures(frames.flip(0), frames), atol=1e-6)
    text = clip.against_text(frames, "a dog walks " * 60)
    assert text.shape == (3,)
    assert float(text.abs().max()) <= 1


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="hf download"):
        load_clip(str(tmp_path))
