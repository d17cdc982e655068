"""Sampling against diffusers' own Wan pipeline, against a case that can be computed by hand, and against itself."""

from pathlib import Path

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

from cinescene.errors import InputError
from cinescene.model.checkpoints import load_parts
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.text_encoder import TextTokens
from cinescene.model.transformer import CineSceneTransformer
from cinescene.sampling import Guidance, Networks, SamplingError, SamplingOptions, Step, make_solver, rescaled, sample
from tests.model.conftest import as_users_run  # noqa: F401 - a fixture
from tests.model.models import random_case, tiny_config, trained_model
from tests.model.wan_folders import write_wan

SHAPE = (4, 3, 4, 6)


def unipc(shift: float = 3.0) -> UniPCMultistepScheduler:
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", ["2.1 T2V", "2.2 14B", "2.2 TI2V"])
def test_without_a_scene_it_samples_what_diffusers_samples(kind: str, tmp_path: Path) -> None:
    wan = write_wan(tmp_path, kind)
    wan.set_progress_bar_config(disable=True)
    parts = load_parts(tmp_path)
    prompt, negative = "a woman in the red coat walks", "blurry"
    expected = wan(
        prompt=prompt,
        negative_prompt=negative,
        height=64,
        width=96,
        num_frames=5,
        num_inference_steps=6,
        guidance_scale=4.0,
        generator=seeded(3),
        output_type="latent",
    ).frames
    encoded, encoded_negative = parts.text_encoder.encode([prompt]), parts.text_encoder.encode([negative])
    latents = sample(
        Networks(transformer=parts.transformer, low_noise=parts.low_noise_transformer, boundary=parts.boundary),
        CineSceneInputs(text=encoded.embeddings, text_mask=encoded.mask),
        parts.autoencoder.latent_shape(5, 64, 96),
        parts.scheduler,
        seeded(3),
        options=SamplingOptions(steps=6, guidance=Guidance(text=4.0)),
        negative=encoded_negative,
    )
    torch.testing.assert_close(latents, expected, atol=1e-4, rtol=1e-4)


class GaussianData(CineSceneTransformer):
    """The exact velocity field of data that is normal with a known mean and deviation."""

    mean, deviation = 1.5, 0.4

    def forward(self, noisy, time, inputs, cache=None, step_cache=None):  # type: ignore[no-untyped-def, override]
        t = time.reshape(-1, 1, 1, 1, 1).to(noisy)
        variance = (1 - t) ** 2 * self.deviation**2 + t**2
        slope = (t - (1 - t) * self.deviation**2) / variance
        return slope * (noisy - (1 - t) * self.mean) - self.mean


@pytest.mark.parametrize("noise_scale", [1.0, 0.5, 0.0])
@pytest.mark.parametrize(("solver", "steps"), [("euler", 150), ("unipc", 40)])
def test_normal_data_is_sampled_with_its_mean_and_deviation(solver: str, steps: int, noise_scale: float) -> None:
    """With less noise at the start the mean stays, and the deviation is so much smaller."""
    model = GaussianData(tiny_config())
    _, _, inputs = random_case(tiny_config())
    latents = sample(
        Networks(transformer=model),
        inputs,
        (4, 3, 40, 40),
        unipc(1.0),
        seeded(),
        options=SamplingOptions(steps=steps, solver=solver, guidance=Guidance(text=1.0), noise_scale=noise_scale),
    )
    assert float(latents.mean()) == pytest.approx(1.5, abs=0.02)
    assert float(latents.std()) == pytest.approx(0.4 * noise_scale, abs=0.02)


def run(model: CineSceneTransformer, inputs: CineSceneInputs, seed: int = 0, **options: object) -> torch.Tensor:
    negative = TextTokens(embeddings=torch.zeros(1, 4, 20), mask=None)
    settings = SamplingOptions(**({"steps": 3} | options))  # type: ignore[arg-type]
    return sample(
        Networks(transformer=model), inputs, SHAPE, unipc(), seeded(seed), options=settings, negative=negative
    )


@pytest.mark.parametrize("attention", ["joint", "cached"])
def test_the_same_seed_gives_the_same_bytes(attention: str) -> None:
    model = trained_model(tiny_config(context_attention=attention))
    _, _, inputs = random_case(model.config)
    state = torch.random.get_rng_state()
    first, second, other = (run(model, inputs, seed) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def velocity(model: CineSceneTransformer, inputs: CineSceneInputs, guidance: Guidance) -> torch.Tensor:
    """The guided velocity of the first step: one Euler step of t = 1 to 0 subtracts it from the noise."""
    scheduler = FlowMatchEulerDiscreteScheduler()
    negative = TextTokens(embeddings=torch.zeros(1, 4, 20), mask=None)
    options = SamplingOptions(steps=1, guidance=guidance)
    data = sample(Networks(transformer=model), inputs, SHAPE, scheduler, seeded(), options=options, negative=negative)
    return torch.randn(inputs.batch_size, *SHAPE, generator=seeded()) - data


@pytest.mark.parametrize("attention", ["joint", "cached"])
@pytest.mark.parametrize("batched", [False, True])
@torch.no_grad()
def test_guidance_is_the_documented_sum(attention: str, batched: bool) -> None:
    model = trained_model(tiny_config(context_attention=attention))
    _, _, inputs = random_case(model.config)
    noise, time = torch.randn(2, *SHAPE, generator=seeded()), torch.ones(2)
    everything = model(noise, time, inputs)
    no_text = model(noise, time, inputs.with_text(torch.zeros(2, 4, 20)))
    no_scene = model(noise, time, inputs.without_scene())
    for text, scene in ((1.0, 1.0), (4.0, 1.0), (3.0, 0.5)):
        expected = everything + (text - 1) * (everything - no_text) + (scene - 1) * (everything - no_scene)
        got = velocity(model, inputs, Guidance(text=text, scene=scene, batched=batched))
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_guidance_applies_in_its_interval_only() -> None:
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    plain = run(model, inputs, guidance=Guidance(text=1.0))
    never = run(model, inputs, guidance=Guidance(text=6.0, interval=(0.0, 0.01)))
    always = run(model, inputs, guidance=Guidance(text=6.0))
    assert torch.equal(plain, never)
    assert not torch.equal(plain, always)


def test_rescaling_keeps_the_deviation_of_the_data_prediction() -> None:
    latents, guided, unguided = (torch.randn(2, *SHAPE, generator=seeded(i)) for i in range(3))
    out = rescaled(3 * guided, unguided, latents, 0.6, 1.0)
    axes = (1, 2, 3, 4)
    torch.testing.assert_close((latents - 0.6 * out).std(axes), (latents - 0.6 * unguided).std(axes))
    torch.testing.assert_close(rescaled(guided, unguided, latents, 0.6, 0.0), guided)


def test_a_scene_is_encoded_once_for_all_steps_and_shots() -> None:
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    calls = []
    encode = model.encode_scene
    model.encode_scene = lambda scene: calls.append(1) or encode(scene)  # type: ignore[method-assign, func-returns-value]
    caches: dict = {}
    options = SamplingOptions(steps=3, guidance=Guidance(text=2.0, scene=2.0))
    negative = TextTokens(embeddings=torch.zeros(1, 4, 20), mask=None)
    arguments = (Networks(transformer=model), inputs, SHAPE, unipc())
    first = sample(*arguments, seeded(), options=options, negative=negative, caches=caches)
    again = sample(*arguments, seeded(), options=options, negative=negative, caches=caches)
    assert len(calls) == 1
    assert torch.equal(first, again)


def test_the_first_block_cache_skips_only_when_asked() -> None:
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    exact = run(model, inputs, steps=5, guidance=Guidance(text=2.0))
    assert not torch.equal(run(model, inputs, steps=5, guidance=Guidance(text=2.0), step_cache_threshold=1.0), exact)
    tiny = run(model, inputs, steps=5, guidance=Guidance(text=2.0), step_cache_threshold=1e-9)
    assert torch.equal(tiny, exact)


def test_progress_is_reported_after_each_step() -> None:
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    seen: list[Step] = []
    latents = sample(
        Networks(transformer=model),
        inputs,
        SHAPE,
        unipc(),
        seeded(),
        options=SamplingOptions(steps=4, guidance=Guidance(text=1.0)),
        on_step=seen.append,
    )
    assert [step.index for step in seen] == [1, 2, 3, 4]
    assert [step.time for step in seen] == sorted((step.time for step in seen), reverse=True)
    assert torch.equal(seen[-1].latents, latents)


def test_numbers_that_are_not_finite_stop_the_run_and_say_where() -> None:
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    with torch.no_grad():
        model.proj_out.bias[0] = float("nan")
    with pytest.raises(
        SamplingError, match=r"step 1 of 3 \(t=0\.999\): the network's output with everything holds NaN"
    ):
        run(model, inputs)


@pytest.mark.parametrize("solver", ["unipc", "euler"])
@pytest.mark.parametrize("scheduler", [unipc(5.0), FlowMatchEulerDiscreteScheduler(shift=5.0)], ids=["unipc", "euler"])
def test_solvers_can_be_exchanged_and_keep_the_shift(solver: str, scheduler: object) -> None:
    shifted, plain = (make_solver(scheduler, SamplingOptions(solver=solver, shift=s)) for s in (None, 1.0))
    shifted.set_timesteps(10)
    plain.set_timesteps(10)
    times, unshifted = shifted.timesteps / 1000, plain.timesteps / 1000
    # Euler's last time is diffusers' own: it shifts the lower bound of the times as well.
    torch.testing.assert_close(times[:8].float(), (5 * unshifted / (1 + 4 * unshifted))[:8].float(), atol=0.02, rtol=0)


@pytest.mark.usefixtures("as_users_run")
def test_options_that_cannot_be_are_refused() -> None:
    for wrong in ({"steps": 0}, {"solver": "heun"}, {"shift": -1.0}, {"step_cache_threshold": 2.0}):
        with pytest.raises(InputError):
            SamplingOptions(**wrong)
    for wrong in ({"text": -1.0}, {"scene": float("nan")}, {"rescale": 2.0}, {"interval": (0.8, 0.2)}):
        with pytest.raises(InputError):
            Guidance(**wrong)  # type: ignore[arg-type]
    model = trained_model(tiny_config())
    _, _, inputs = random_case(model.config)
    with pytest.raises(InputError, match="negative prompt"):
        sample(Networks(transformer=model), inputs, SHAPE, unipc(), seeded())
    three = TextTokens(embeddings=torch.zeros(3, 4, 20), mask=None)
    with pytest.raises(InputError, match="expected 1 or 2"):
        sample(Networks(transformer=model), inputs, SHAPE, unipc(), seeded(), negative=three)
