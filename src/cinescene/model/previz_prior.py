"""What a previz says of the data before any network: where it is trusted, the data are near it.

Given the previz and the share w of each cell that was photographed, the data are taken for Gaussian around p, what the
previz showed before it was faded to grey by 1 − w (`encode_previz`), with variance w σ_trusted² + (1 − w) σ_blank² a
channel; where nothing is left of it, around 0. Where the previz shows a stand-in actor, σ_staged² is added to that. The
velocity's conditional mean given the noisy latents is then known in closed form, and so is how much of it is left open;
the network's output, scaled by that, is added. At the start sampling therefore follows the previz, and the network need
not learn to copy. What the network sees of the noisy latents is their distance from what the previz lets expect, in
standard deviations: plain noise where the previz is right, a signal where there is something else, such as a subject.
How much of that distance is noise to be taken away is one number a channel and cell, which the network says beside its
output (``skip``): to keep or to drop what it sees, it need not carry it through its width. The scalings are those of
Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, section 5, for x_t = (1 − t)
data + t noise and a prior that is not centred.
"""

from __future__ import annotations

import torch
from torch import nn

from cinescene.model.config import TransformerConfig
from cinescene.model.inputs import CineSceneInputs
from cinescene.tensor_types import Float, Tensor

FAINTEST = 0.05
"""Share of a cell below which what is left of its picture is too faint to be made out."""

Time = Float[Tensor, " b"] | Float[Tensor, "b t"]
"""One a sample, or one a latent frame."""


class PrevizPrior(nn.Module):
    """Adds the closed-form part of the velocity to a network's output. The deviations are measured, not learnt."""

    log_trusted: Float[Tensor, " c"]
    log_blank: Float[Tensor, " c"]
    log_staged: Float[Tensor, " c"]
    grey: Float[Tensor, "2 c"]
    correction: Float[Tensor, ""]

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        channels = config.backbone.in_channels
        _, patch_height, patch_width = config.backbone.patch_size
        self.skip = nn.Linear(config.dim, patch_height * patch_width * channels)
        nn.init.zeros_(self.skip.weight)
        nn.init.zeros_(self.skip.bias)
        self.register_buffer("log_trusted", torch.full((channels,), 0.4).log())
        self.register_buffer("log_blank", torch.zeros(channels))
        if config.stand_ins:
            self.register_buffer("log_staged", torch.full((channels,), 0.7).log())
        self.register_buffer("grey", torch.zeros(2, channels))
        self.register_buffer("correction", torch.ones(()))

    @torch.no_grad()
    def set_deviations(self, trusted: Float[Tensor, " c"], blank: Float[Tensor, " c"]) -> None:
        """Standard deviations of data minus previz where it is trusted, and of data, a channel."""
        self.log_trusted.copy_(trusted.clamp_min(1e-3).log())
        self.log_blank.copy_(blank.clamp_min(1e-3).log())

    @torch.no_grad()
    def set_staged(self, deviations: Float[Tensor, " c"]) -> None:
        """Standard deviations of data minus previz where it shows a stand-in, a channel."""
        self.log_staged.copy_(deviations.clamp_min(1e-3).log())

    @torch.no_grad()
    def set_correction(self, share: float) -> None:
        """How much of the network's output is used: 1 as it was trained; less stays closer to the previz.

        Between the two velocities lie those of all mixtures of the previz and what the network would make of it. A
        small network that is not sure of details fades them; part of its output mends what is wrong and keeps most.
        """
        self.correction.fill_(share)

    @torch.no_grad()
    def set_grey(self, latents: Float[Tensor, "c t h w"]) -> None:
        """What the autoencoder makes of a clip of plain mid-grey, of at least two latent frames."""
        self.grey.copy_(torch.stack([latents[:, 0].mean((1, 2)), latents[:, 1:].mean((1, 2, 3))]))

    def whitened(
        self, noisy: Float[Tensor, "b c t h w"], time: Time, inputs: CineSceneInputs
    ) -> Float[Tensor, "b c t h w"]:
        """(x_t − its mean) / its standard deviation, as the previz has them: what the network is given."""
        with torch.autocast(noisy.device.type, enabled=False):
            mean, variance, at = self._data(noisy, time, inputs)
            total = _noisy(variance, at)
            return ((noisy.float() - (1 - at) * mean) / total.sqrt()).type_as(noisy)

    def forward(
        self, output: Float[Tensor, "b c t h w"], noisy: Float[Tensor, "b c t h w"], time: Time, inputs: CineSceneInputs
    ) -> Float[Tensor, "b c t h w"]:
        """The velocity: conditional mean plus the scaled network's output."""
        with torch.autocast(noisy.device.type, enabled=False):
            mean, variance, at = self._data(noisy, time, inputs)
            total = _noisy(variance, at)
            expected = (at - (1 - at) * variance) / total * (noisy.float() - (1 - at) * mean) - mean
            scale = self.correction.float() * (variance / total).sqrt()
            return (expected + scale * output.float()).type_as(output)

    def noisy_variance(
        self, noisy: Float[Tensor, "b c t h w"], time: Time, inputs: CineSceneInputs
    ) -> Float[Tensor, "b c t h w"]:
        """The variance of x_t, as the previz has it.

        A loss of the velocity that is weighted by it is the loss of the network's own output times the variance of the
        data. Without the weight, cells in which the previz is wrong rule it at small times: their velocity is far off
        what the previz says by their distance over t.
        """
        _, variance, at = self._data(noisy, time, inputs)
        return _noisy(variance, at)

    def _data(
        self, noisy: Tensor, time: Tensor, inputs: CineSceneInputs
    ) -> tuple[Tensor, Tensor, Float[Tensor, "b 1 f 1 1"]]:
        """Mean and variance of the data, as far as the previz tells, and the time by latent frame."""
        at = (time if time.ndim == 2 else time[:, None]).float()[:, None, :, None, None]
        shape = (1, -1, 1, 1, 1)
        trusted, blank = ((2 * log).exp().float().view(shape) for log in (self.log_trusted, self.log_blank))
        if inputs.previz_latents is None or inputs.previz_mask is None:
            return torch.zeros_like(noisy, dtype=torch.float32), blank.expand_as(noisy), at
        share = inputs.previz_mask.float()
        grey = (
            torch.cat([self.grey[:1], self.grey[1:].expand(noisy.shape[2] - 1, -1)]).float().mT[None, :, :, None, None]
        )
        faded = inputs.previz_latents.float() - (1 - share) * grey
        known = None if inputs.previz_known is None else inputs.previz_known.float().view(-1, 1, 1, 1, 1)
        if known is not None:
            share = share * known
        whole = share / (share.square() + (FAINTEST * (1 - share)).square())
        variance = share * trusted + (1 - share) * blank
        if inputs.previz_staged is not None:
            staged = inputs.previz_staged.float() if known is None else inputs.previz_staged.float() * known
            variance = variance + staged * (2 * self.log_staged).exp().float().view(shape)
        return faded * whole, variance, at


def _noisy(variance: Float[Tensor, "b #c t h w"], at: Float[Tensor, "b 1 f 1 1"]) -> Float[Tensor, "b #c t h w"]:
    """The variance of x_t where the data have this one."""
    return (1 - at).square() * variance + at.square()
