import dataclasses

import pytest
import torch

from cinescene.errors import InputError
from cinescene.model.config import BackboneConfig, TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.previz_prior import PrevizPrior

CHANNELS, SHAPE = 3, (400, 3, 2, 6, 6)


def inputs(previz: torch.Tensor, share: float, known: bool = True) -> CineSceneInputs:
    batch, _, frames, rows, columns = previz.shape
    return CineSceneInputs(
        text=torch.zeros(batch, 1, 4),
        previz_latents=previz,
        previz_mask=torch.full((batch, 1, frames, rows, columns), share),
        previz_known=torch.full((batch,), known),
    )


def prior(trusted: float, blank: float) -> PrevizPrior:
    backbone = BackboneConfig(
        num_attention_heads=1, attention_head_dim=12, in_channels=CHANNELS, out_channels=CHANNELS, num_layers=1
    )
    made = PrevizPrior(TransformerConfig(backbone=backbone, previz_prior=True))
    made.set_deviations(torch.full((CHANNELS,), trusted), torch.full((CHANNELS,), blank))
    return made


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("time", [0.05, 0.5, 0.95])
@torch.no_grad()
def test_without_a_network_it_is_the_best_velocity_of_gaussian_data(
    share: float, time: float, generator: torch.Generator
) -> None:
    """Data around the previz (or around 0, where it is not trusted): regression finds nothing left to add."""
    previz = torch.randn(SHAPE, generator=generator)
    spread = 0.3 if share else 1.2
    data = share * previz + spread * torch.randn(SHAPE, generator=generator)
    noise = torch.randn(SHAPE, generator=generator)
    x = (1 - time) * data + time * noise
    velocity = prior(0.3, 1.2)(torch.zeros(SHAPE), x, torch.full((SHAPE[0],), time), inputs(previz, share))
    left = noise - data - velocity
    for other in (x, previz, torch.ones_like(x)):
        slope = (left * other).mean() / other.square().mean()
        assert abs(float(slope)) < 0.02
    # What is left has the size by which the network's output is scaled.
    with_one = prior(0.3, 1.2)(torch.ones(SHAPE), x, torch.full((SHAPE[0],), time), inputs(previz, share))
    assert float(left.std()) == pytest.approx(float((with_one - velocity).mean()), rel=0.03)


@torch.no_grad()
def test_a_faded_previz_still_tells_what_it_showed(generator: torch.Generator) -> None:
    """What is half photographed is half grey: the picture behind it is where the data are expected."""
    picture = torch.randn(SHAPE, generator=generator)
    grey = torch.randn(CHANNELS, 2, generator=generator)
    made, time = prior(0.3, 0.3), torch.full((SHAPE[0],), 0.5)
    made.set_grey(grey[:, :, None, None].expand(-1, -1, 4, 4))
    x = 0.5 * picture + 0.1 * torch.randn(SHAPE, generator=generator)
    whole = made.whitened(x, time, inputs(picture, 1.0))
    for share in (0.3, 0.6):
        faded = share * picture + (1 - share) * grey[None, :, :, None, None]
        torch.testing.assert_close(made.whitened(x, time, inputs(faded, share)), whole, atol=0.15, rtol=0)


@pytest.mark.parametrize("time", [0.05, 0.5, 0.95])
@torch.no_grad()
def test_what_the_network_sees_is_plain_noise_where_the_previz_is_right(
    time: float, generator: torch.Generator
) -> None:
    previz = 2 * torch.randn(SHAPE, generator=generator)
    data = previz + 0.3 * torch.randn(SHAPE, generator=generator)
    x = (1 - time) * data + time * torch.randn(SHAPE, generator=generator)
    seen = prior(0.3, 1.2).whitened(x, torch.full((SHAPE[0],), time), inputs(previz, 1.0))
    assert float(seen.mean()) == pytest.approx(0, abs=0.02)
    assert float(seen.std()) == pytest.approx(1, abs=0.02)
    assert abs(float((seen * previz).mean())) < 0.02


@torch.no_grad()
def test_a_dropped_previz_says_nothing(generator: torch.Generator) -> None:
    previz, x, output = torch.randn(3, 2, 3, 2, 4, 4, generator=generator).unbind(0)
    made, time = prior(0.2, 1.0), torch.tensor([0.3, 0.9])
    without = made(output, x, time, CineSceneInputs(text=torch.zeros(2, 1, 4)))
    assert torch.equal(made(output, x, time, inputs(previz, 1.0, known=False)), without)
    assert torch.equal(made(output, x, time, inputs(previz, 0.0)), without)


@torch.no_grad()
def test_times_may_differ_by_latent_frame(generator: torch.Generator) -> None:
    previz, x, output = torch.randn(3, 1, 3, 2, 4, 4, generator=generator).unbind(0)
    made = prior(0.2, 1.0)
    both = made(output, x, torch.tensor([[0.3, 0.9]]), inputs(previz, 0.7))
    for frame, time in enumerate((0.3, 0.9)):
        alone = made(output, x, torch.tensor([time]), inputs(previz, 0.7))
        torch.testing.assert_close(both[:, :, frame], alone[:, :, frame])


def test_it_needs_a_previz() -> None:
    config = TransformerConfig()
    with pytest.raises(InputError, match="previz_prior"):
        dataclasses.replace(config, previz=False, previz_prior=True)


@pytest.mark.parametrize("time", [0.1, 0.6])
@torch.no_grad()
def test_where_a_stand_in_is_shown_the_data_may_be_farther_off(time: float, generator: torch.Generator) -> None:
    """Data around the previz with both deviations: what the network sees is plain noise again."""
    backbone = BackboneConfig(
        num_attention_heads=1, attention_head_dim=12, in_channels=CHANNELS, out_channels=CHANNELS, num_layers=1
    )
    made = PrevizPrior(TransformerConfig(backbone=backbone, previz_prior=True, stand_ins=True))
    made.set_deviations(torch.full((CHANNELS,), 0.3), torch.full((CHANNELS,), 1.2))
    made.set_staged(torch.full((CHANNELS,), 0.4))
    previz = torch.randn(SHAPE, generator=generator)
    staged = torch.zeros(SHAPE[0], 1, *SHAPE[2:])
    staged[..., :3] = 1
    deviation = (0.3**2 + staged * 0.4**2).sqrt()
    data = previz + deviation * torch.randn(SHAPE, generator=generator)
    x = (1 - time) * data + time * torch.randn(SHAPE, generator=generator)
    at = torch.full((SHAPE[0],), time)
    given = dataclasses.replace(inputs(previz, 1.0), previz_staged=staged)
    seen = made.whitened(x, at, given)
    assert float(seen[..., :3].std()) == pytest.approx(1, abs=0.03)
    assert float(seen[..., 3:].std()) == pytest.approx(1, abs=0.03)
    unmarked = made.whitened(x, at, inputs(previz, 1.0))
    assert float(unmarked[..., :3].std()) > 1.02
    dropped = made.whitened(x, at, dataclasses.replace(inputs(previz, 1.0, known=False), previz_staged=staged))
    assert torch.equal(dropped, made.whitened(x, at, inputs(previz, 1.0, known=False)))


@torch.no_grad()
def test_a_part_of_the_correction_is_a_mixture_of_previz_and_network(generator: torch.Generator) -> None:
    previz, x, output = torch.randn(3, *SHAPE, generator=generator).unbind(0)
    made, at, given = prior(0.3, 1.2), torch.full((SHAPE[0],), 0.7), inputs(previz, 1.0)
    velocities = []
    for share in (0.0, 0.25, 1.0):
        made.set_correction(share)
        velocities.append(made(output, x, at, given))
    none, some, whole = velocities
    torch.testing.assert_close(some, none + 0.25 * (whole - none))
    made.set_correction(0.0)
    assert torch.equal(none, made(torch.zeros_like(output), x, at, given))
