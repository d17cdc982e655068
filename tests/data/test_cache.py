from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.data.cache import cached_encoding, content_hash
from cinescene.scene.vggt.cache import TensorCache


def test_an_encoding_is_computed_once_per_content_encoder_and_options(tmp_path: Path) -> None:
    cache = TensorCache(kind="latents", folder=tmp_path)
    calls = []

    def encode(value: float, encoder: str = "a", stride: int = 1) -> torch.Tensor:
        def compute() -> dict[str, torch.Tensor]:
            calls.append((value, encoder, stride))
            return {"latents": torch.full((2, 3), value, dtype=torch.bfloat16)}

        frames = torch.full((4,), value)
        return cached_encoding(cache, {"frames": frames}, encoder, {"stride": stride}, compute)["latents"]

    first = encode(0.5)
    assert torch.equal(encode(0.5), first)
    assert len(calls) == 1
    encode(0.25)
    encode(0.5, encoder="b")
    encode(0.5, stride=2)
    assert len(calls) == 4


def test_a_damaged_entry_is_made_anew(tmp_path: Path) -> None:
    cache = TensorCache(kind="text", folder=tmp_path)
    made = {"embedding": torch.arange(3.0)}
    cached_encoding(cache, {"text": "a dog"}, "e", {}, lambda: made)
    (entry,) = (tmp_path / "text").iterdir()
    entry.write_bytes(entry.read_bytes()[:20])
    again = cached_encoding(cache, {"text": "a dog"}, "e", {}, lambda: made)
    assert torch.equal(again["embedding"], made["embedding"])
    assert cache.read(entry.stem) is not None


@given(st.text(), st.text())
def test_names_and_texts_cannot_be_confused(one: str, other: str) -> None:
    assert (content_hash({"a": one, "b": other}) == content_hash({"a": other, "b": one})) == (one == other)
    assert content_hash({"a": one, "b": other}) == content_hash({"b": other, "a": one})
    assert content_hash({"a": torch.zeros(2, 3)}) != content_hash({"a": torch.zeros(3, 2)})
