import pytest
import torch

from cinescene.errors import InputError
from cinescene.model.trainable import has_lora, is_new, merge_lora, set_trainable
from tests.model.models import random_case, tiny_config, trained_model


def test_the_papers_choice_is_new_modules_and_self_attention() -> None:
    model = trained_model(tiny_config())
    names = set(set_trainable(model, "paper"))
    assert names == {n for n, _ in model.named_parameters() if is_new(n) or ".attn1." in n}
    assert names == {n for n, p in model.named_parameters() if p.requires_grad}
    assert {n.split(".")[0] for n in names} == {"scene_embedding", "previz_embedding", "blocks"}
    assert len(set_trainable(model, "all")) == len(list(model.parameters()))


def test_lora_starts_as_nothing_learns_and_is_folded_in() -> None:
    model = trained_model(tiny_config())
    noisy, time, inputs = random_case(model.config)
    names_before = set(model.state_dict())
    expected = model(noisy, time, inputs).detach()
    names = set_trainable(model, "lora", lora_rank=4)
    assert has_lora(model)
    assert all(is_new(name) or ".lora_" in name for name in names)
    assert sum(".lora_" in name for name in names) == 2 * 2 * 10
    torch.testing.assert_close(model(noisy, time, inputs), expected, atol=1e-6, rtol=0)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=1.0)
    model(noisy, time, inputs).square().mean().backward()
    assert all(p.grad is None for p in model.parameters() if not p.requires_grad)
    optimizer.step()
    trained = model(noisy, time, inputs).detach()
    assert (trained - expected).abs().max() > 1e-3
    merge_lora(model)
    assert not has_lora(model)
    assert set(model.state_dict()) == names_before
    torch.testing.assert_close(model(noisy, time, inputs), trained, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("as_users_run")
def test_wrong_groups_are_refused() -> None:
    model = trained_model(tiny_config())
    with pytest.raises(InputError, match="expected one of paper, lora, all"):
        set_trainable(model, "some")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 1"):
        set_trainable(model, "lora", lora_rank=0)
    set_trainable(model, "lora", lora_rank=2)
    with pytest.raises(InputError, match="already"):
        set_trainable(model, "lora")
