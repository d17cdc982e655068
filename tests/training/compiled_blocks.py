"""Compares a tiny transformer with its compiled self; a script, as shape checks of the tests cannot be compiled."""

import copy

import torch

from cinescene.model.config import BackboneConfig, TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.transformer import CineSceneTransformer


def main() -> None:
    backbone = BackboneConfig(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=4,
        text_dim=8,
        ffn_dim=32,
        num_layers=2,
    )
    config = TransformerConfig(backbone=backbone, geometry_dim=6, projective_dim=16, projective_heads=2)
    plain = CineSceneTransformer.from_seed(config, 0)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.add_(
                0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
            )
    compiled = copy.deepcopy(plain)
    compiled.compile_blocks()
    generator = torch.Generator().manual_seed(1)
    inputs = CineSceneInputs.fake(config, generator)
    noisy, time = torch.randn(2, 4, 3, 4, 6, generator=generator), torch.tensor([0.2, 0.9])
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
