"""From noise to latents: the denoising loop, guidance by text and scene, and the choice of solver.

Flow-matching time t runs from 0 (data) to 1 (noise): x_t = (1 − t) · data + t · noise, and the network's velocity is
noise − data. Solvers and their time shift come from diffusers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from cinescene.errors import CineSceneError, InputError
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.scene_cache import SceneCache
from cinescene.model.step_cache import StepCache
from cinescene.model.text_encoder import TextTokens
from cinescene.model.transformer import CineSceneTransformer
from cinescene.tensor_types import Float, Tensor

Solver = Literal["unipc", "euler"]


class SamplingError(CineSceneError):
    """Sampling that cannot go on; the message says at which step and why."""


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How far the output is pushed away from what the network says without the text, and without the scene.

    With v the velocity given everything, v_text̄ given the negative prompt instead of the prompt, and v_scenē given no
    views, features or previz (text and camera path stay)::

        guided = v + (text − 1) (v − v_text̄) + (scene − 1) (v − v_scenē)

    so that a scale of 1 is no guidance and costs no evaluation, and ``scene=1`` is classifier-free guidance as usual.
    Each scale away from 1 costs one more evaluation a step.

    ``rescale``
        Share of the guided data prediction whose standard deviation is brought back to the unguided one's (Lin et al.,
        "Common Diffusion Noise Schedules and Sample Steps are Flawed", 2024, section 3.4).
    ``interval``
        Times between which guidance applies (Kynkäänniemi et al., "Applying Guidance in a Limited Interval Improves
        Sample and Distribution Quality in Diffusion Models", 2024).
    ``batched``
        Evaluates all branches in one batch: faster where the device is not full, and needs the more memory.
    """

    text: float = 5.0
    scene: float = 1.0
    rescale: float = 0.0
    interval: tuple[float, float] = (0.0, 1.0)
    batched: bool = False

    def __post_init__(self) -> None:
        for name in ("text", "scene"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"guidance {name}: expected a number from 0 up (1 is none), got {value}")
        if not 0 <= self.rescale <= 1:
            raise InputError(f"guidance rescale: expected 0 to 1, got {self.rescale}")
        low, high = self.interval
        if not 0 <= low <= high <= 1:
            raise InputError(f"guidance interval: expected two times 0 ≤ low ≤ high ≤ 1, got {low} and {high}")

    def applies_at(self, time: float) -> bool:
        return self.interval[0] <= time <= self.interval[1]


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How latents are sampled.

    ``steps``
        Solver steps, one network evaluation each (and more for guidance).
    ``solver``, ``shift``
        UniPC or Euler, and the time shift; None: as the model's own scheduler has it. A larger shift spends more steps
        near noise: t → shift · t / (1 + (shift − 1) t).
    ``noise_scale``
        Of the noise that sampling starts from: 1 samples what was learnt; less gives calmer, more typical shots, as a
        low temperature does, which small models need.
    ``step_cache_threshold``
        The first-block cache (`StepCache`); 0 is off.
    """

    steps: int = 30
    solver: Solver | None = None
    shift: float | None = None
    guidance: Guidance = field(default_factory=Guidance)
    noise_scale: float = 1.0
    step_cache_threshold: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000:
            raise InputError(f"steps: expected 1 to 1000, got {self.steps}")
        if self.solver not in (None, "unipc", "euler"):
            raise InputError(f"solver: expected 'unipc' or 'euler', got {self.solver!r}")
        if self.shift is not None and not (math.isfinite(self.shift) and self.shift > 0):
            raise InputError(f"shift: expected a positive number, got {self.shift}")
        if not 0 <= self.noise_scale <= 2:
            raise InputError(f"noise scale: expected 0 to 2, got {self.noise_scale}")
        StepCache(self.step_cache_threshold)


@dataclass(frozen=True, kw_only=True, eq=False)
class Networks:
    """One transformer for all times, or two that share them: ``low_noise`` below ``boundary`` (Wan 2.2 14B).

    ``device`` is where they compute; None: where their weights are (which offloaded weights are not).
    """

    transformer: CineSceneTransformer
    low_noise: CineSceneTransformer | None = None
    boundary: float | None = None
    device: torch.device | None = None

    def at(self, time: float) -> CineSceneTransformer:
        if self.low_noise is not None and self.boundary is not None and time < self.boundary:
            return self.low_noise
        return self.transformer


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What the progress callback gets after each step: ``index`` counts from 1."""

    index: int
    steps: int
    time: float
    latents: Float[Tensor, "b c t h w"]


SceneCaches = dict[CineSceneTransformer, SceneCache]
"""A scene's cache for each network; filled where it is empty, so that a caller who keeps it pays once a scene."""


@torch.no_grad()
def sample(
    networks: Networks,
    inputs: CineSceneInputs,
    shape: tuple[int, ...],
    scheduler: Any,
    generator: torch.Generator,
    *,
    options: SamplingOptions | None = None,
    negative: TextTokens | None = None,
    caches: SceneCaches | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Float[Tensor, "b c t h w"]:
    """Latents of ``shape`` (channels, latent frames, rows, columns) for every sample of ``inputs``, in 32 bits.

    ``scheduler`` is a diffusers flow-matching scheduler, whose settings are used and whose state is left alone. All
    randomness is the generator's, drawn on its own device. ``negative`` holds the negative prompt, one a sample or one
    for all; text guidance needs it. Raises `SamplingError` where numbers stop being finite, `InputError` for inputs
    that do not fit.
    """
    options = options or SamplingOptions()
    device = networks.device or networks.transformer.device
    solver = make_solver(scheduler, options)
    solver.set_timesteps(options.steps, device=device)
    solver.set_begin_index(0)
    noise = torch.randn(inputs.batch_size, *shape, generator=generator, device=generator.device, dtype=torch.float32)
    latents = options.noise_scale * noise.to(device)
    inputs = inputs.to(device, networks.transformer.dtype)
    evaluate = _Evaluator(networks, inputs, options, negative, {} if caches is None else caches)
    for index, timestep in enumerate(solver.timesteps):
        time = float(timestep) / solver.config.num_train_timesteps
        velocity = evaluate(latents, time, f"step {index + 1} of {options.steps} (t={time:.3f})")
        latents = solver.step(velocity, timestep, latents, return_dict=False)[0]
        if on_step is not None:
            on_step(Step(index=index + 1, steps=options.steps, time=time, latents=latents))
    return latents


def make_solver(scheduler: Any, options: SamplingOptions) -> Any:
    """A fresh diffusers scheduler with the settings of ``scheduler``, as far as the options do not change them."""
    from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

    settings = dict(scheduler.config)
    kinds: dict[str | None, Any] = {"unipc": UniPCMultistepScheduler, "euler": FlowMatchEulerDiscreteScheduler}
    kind = kinds.get(options.solver, type(scheduler))
    shift = options.shift
    if shift is None:
        shift = settings.get("flow_shift" if type(scheduler) is UniPCMultistepScheduler else "shift", 1.0)
    if kind is UniPCMultistepScheduler:
        steps = {"num_train_timesteps": settings["num_train_timesteps"]}
        own = settings if type(scheduler) is UniPCMultistepScheduler else steps
        flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": shift}
        return UniPCMultistepScheduler.from_config(own | flow)
    own = settings if type(scheduler) is kind else {"num_train_timesteps": settings["num_train_timesteps"]}
    return kind.from_config(own | {"shift": shift})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Branch:
    """One evaluation of a guided step, and its weight in the sum."""

    name: str
    weight: float
    text: TextTokens | None = None
    scene: bool = True


class _Evaluator:
    """The guided velocity at a time; holds what stays the same over the steps."""

    def __init__(
        self,
        networks: Networks,
        inputs: CineSceneInputs,
        options: SamplingOptions,
        negative: TextTokens | None,
        caches: SceneCaches,
    ) -> None:
        self.networks, self.inputs, self.options, self.caches = networks, inputs, options, caches
        self.step_caches: dict[tuple[CineSceneTransformer, str], StepCache] = {}
        self.guided = _branches(options.guidance, negative, inputs)
        self.plain = [_Branch(name="with everything", weight=1.0)]

    def __call__(self, latents: Tensor, time: float, where: str) -> Float[Tensor, "b c t h w"]:
        guidance = self.options.guidance
        branches = self.guided if guidance.applies_at(time) else self.plain
        network = self.networks.at(time)
        if guidance.batched and len(branches) > 1:
            velocities = self._together(network, branches, latents, time)
        else:
            velocities = [self._one(network, branch, latents, time) for branch in branches]
        for branch, velocity in zip(branches, velocities, strict=True):
            if not torch.isfinite(velocity).all():
                raise SamplingError(
                    f"sampling stopped at {where}: the network's output {branch.name} holds NaN or infinity; try "
                    "32-bit precision, less guidance, or check the weights"
                )
        guided = torch.stack([b.weight * v for b, v in zip(branches, velocities, strict=True)]).sum(0)
        if guidance.rescale and len(branches) > 1:
            guided = rescaled(guided, velocities[0], latents, time, guidance.rescale)
        return guided

    def _one(self, network: CineSceneTransformer, branch: _Branch, latents: Tensor, time: float) -> Tensor:
        inputs = self._with_text(branch)
        inputs = inputs if branch.scene else inputs.without_scene()
        cache = self._cache(network) if branch.scene else None
        return self._evaluate(network, branch.name, latents, time, inputs, cache)

    def _together(
        self, network: CineSceneTransformer, branches: list[_Branch], latents: Tensor, time: float
    ) -> list[Tensor]:
        masked = [self._with_text(branch).with_scene_masks(branch.scene) for branch in branches]
        own = self._cache(network)
        cache = None
        if own is not None:
            own = own.expanded(latents.shape[0])
            cache = SceneCache.cat([own if branch.scene else own.hidden() for branch in branches])
        together = torch.cat([latents] * len(branches))
        out = self._evaluate(network, "of the batch", together, time, CineSceneInputs.cat(masked), cache)
        return list(out.chunk(len(branches)))

    def _evaluate(
        self,
        network: CineSceneTransformer,
        name: str,
        latents: Tensor,
        time: float,
        inputs: CineSceneInputs,
        cache: SceneCache | None,
    ) -> Tensor:
        step_cache = None
        if self.options.step_cache_threshold:
            step_cache = self.step_caches.setdefault((network, name), StepCache(self.options.step_cache_threshold))
        times = torch.full((latents.shape[0],), time, dtype=torch.float64, device=latents.device)
        return network(latents.to(network.dtype), times, inputs, cache, step_cache).float()

    def _cache(self, network: CineSceneTransformer) -> SceneCache | None:
        if network.config.context_attention != "cached" or network.config.scene_tokens == "none":
            return None
        if network not in self.caches:
            if not self.inputs.view_count:
                return None
            self.caches[network] = network.encode_scene(self.inputs)
        return self.caches[network]

    def _with_text(self, branch: _Branch) -> CineSceneInputs:
        if branch.text is None:
            return self.inputs
        return self.inputs.with_text(branch.text.embeddings, branch.text.mask)


def _branches(guidance: Guidance, negative: TextTokens | None, inputs: CineSceneInputs) -> list[_Branch]:
    """The evaluations that a guided step needs, the unguided one first; the weights sum to 1."""
    text, scene = guidance.text - 1, guidance.scene - 1
    branches = [_Branch(name="with everything", weight=1 + text + scene)]
    if text:
        if negative is None:
            raise InputError("guidance: text guidance needs the embeddings of a negative prompt; the empty one will do")
        branches.append(_Branch(name="without the prompt", weight=-text, text=_for_all(negative, inputs)))
    if scene:
        branches.append(_Branch(name="without the scene", weight=-scene, scene=False))
    return branches


def _for_all(tokens: TextTokens, inputs: CineSceneInputs) -> TextTokens:
    batch = inputs.batch_size
    if tokens.embeddings.shape[0] not in (1, batch):
        raise InputError(f"negative prompt: expected 1 or {batch}, got {tokens.embeddings.shape[0]}")
    mask = None if tokens.mask is None else tokens.mask.to(inputs.text.device).expand(batch, -1)
    return TextTokens(embeddings=tokens.embeddings.to(inputs.text).expand(batch, -1, -1), mask=mask)


def rescaled(
    guided: Float[Tensor, "b c t h w"],
    unguided: Float[Tensor, "b c t h w"],
    latents: Float[Tensor, "b c t h w"],
    time: float,
    share: float,
) -> Float[Tensor, "b c t h w"]:
    """The guided velocity with its data prediction x_t − t v brought back towards the unguided one's deviation."""
    data, reference = latents - time * guided, latents - time * unguided
    axes = (1, 2, 3, 4)
    matched = data * (reference.std(axes, keepdim=True) / data.std(axes, keepdim=True))
    return (latents - (share * matched + (1 - share) * data)) / time
