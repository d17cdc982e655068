"""Compares a tiny transformer with its compiled self; a script, as shape checks of the tests cannot be compiled."""

import copy

import torch

from tests.model.models import random_case, tiny_config, trained_model


def main() -> None:
    config = tiny_config()
    plain = trained_model(config)
    compiled = copy.deepcopy(plain)
    compiled.compile_blocks()
    noisy, time, inputs = random_case(config)
    outputs = [model(noisy, time, inputs) for model in (plain, compiled)]
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-5)
    for output in outputs:
        output.square().mean().backward()
    for (name, one), (_, other) in zip(plain.named_parameters(), compiled.named_parameters(), strict=True):
        if one.grad is not None:
            torch.testing.assert_close(other.grad, one.grad, rtol=1e-3, atol=1e-5, msg=name)
    assert set(compiled.state_dict()) == set(plain.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(compiled(noisy, time, inputs), outputs[0].detach(), rtol=1e-4, atol=1e-5)
    print("alike")


if __name__ == "__main__":
    main()
