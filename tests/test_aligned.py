"""Weights of a file lie in memory as PyTorch's own, so that a model does not depend on where a file keeps them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cinescene.aligned import ALIGNMENT_BYTES, aligned
from cinescene.model.weight_files import load_weights


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_numbers_stay_and_memory_begins_where_it_should(shift: int) -> None:
    shifted = torch.arange(100, dtype=torch.float32)[shift:]
    found = aligned(shifted)
    assert torch.equal(found, shifted)
    assert found.data_ptr() % ALIGNMENT_BYTES == 0


def test_what_lies_well_is_not_copied() -> None:
    tensor = torch.arange(100, dtype=torch.float32)
    assert aligned(tensor).data_ptr() == tensor.data_ptr()


@pytest.mark.parametrize("before", range(1, 40, 4))
def test_weights_of_a_file_give_the_bytes_of_those_in_memory(before: int, tmp_path: Path) -> None:
    made = nn.ModuleDict({"a": nn.Linear(before, 1, bias=False), "b": nn.Linear(77, 33)}).requires_grad_(False)
    path = tmp_path / "model.safetensors"
    save_file(made.state_dict(), path)
    read = nn.ModuleDict({"a": nn.Linear(before, 1, bias=False), "b": nn.Linear(77, 33)}).requires_grad_(False)
    load_weights(read, [path])
    assert all(tensor.data_ptr() % ALIGNMENT_BYTES == 0 for tensor in read.state_dict().values())
    numbers = torch.randn(5, 77, generator=torch.Generator().manual_seed(before))
    assert torch.equal(read["b"](numbers), made["b"](numbers))
