"""Cached against joint attention: time and memory of a sampling step by number of scene views, and where the time goes.

    python benchmarks/attention.py [--plot docs/images/attention.png] [--json FILE] [--wan-block]

Measured are nano's transformer at its own size (160×96, 17 frames; views of 96²) and, with ``--wan-block``, one block
of the size of Wan 2.1 1.3B at 672×384 and 77 frames. Both forms are timed in turn in the same process, each run in
processor seconds of one thread, so that other work on the machine disturbs little; the best of the repetitions counts.
Peak memory is that of a process of its own for each point. The share of peak is the counted matrix products over the
measured time, against the best bf16 product of 2048² matrices on the same thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import torch

from cinescene.model.config import BackboneConfig, TransformerConfig
from cinescene.model.flops import count_flops
from cinescene.model.inputs import CineSceneInputs
from cinescene.model.memory import TokenCounts, token_counts
from cinescene.model.transformer import CineSceneTransformer
from cinescene.presets import NANO, nano_transformer_config

TEXT_TOKENS = 5
FORMS = ("cached", "joint")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """A configuration and the latent grids of its video and views."""

    name: str
    config: TransformerConfig
    video: tuple[int, int, int]
    view: tuple[int, int]

    def tokens(self, views: int) -> TokenCounts:
        return token_counts(self.config, views, self.view, self.video)


def nano_case(form: str, frames: int = NANO.shot.frames) -> Case:
    shot = NANO.shot
    return Case(
        name="nano",
        config=nano_transformer_config(context_attention=form),
        video=(1 + (frames - 1) // 4, shot.height_px // 8, shot.width_px // 8),
        view=(shot.view_height_px // 8, shot.view_width_px // 8),
    )


def wan_case(form: str) -> Case:
    """One block of Wan 2.1 1.3B's size at the paper's size."""
    config = TransformerConfig(backbone=BackboneConfig(num_layers=1), context_attention=form)
    return Case(name="one Wan 1.3B block", config=config, video=(20, 48, 84), view=(48, 84))


def made(case: Case, views: int, dtype: torch.dtype) -> tuple[CineSceneTransformer, torch.Tensor, CineSceneInputs]:
    model = CineSceneTransformer.from_seed(case.config, 0).to(dtype).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    frames, height, width = case.video
    inputs = CineSceneInputs.fake(
        case.config, generator, batch_size=1, views=views, latent_frames=frames, latent_size=(height, width)
    ).to(dtype=dtype)
    view_latents = torch.randn(1, views, case.config.backbone.in_channels, *case.view, generator=generator, dtype=dtype)
    noisy = torch.randn(1, case.config.backbone.in_channels, frames, height, width, generator=generator).to(dtype)
    return model, noisy, dataclasses.replace(inputs, view_latents=view_latents)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sweep:
    """Seconds by count and stage, peak memory by form and count, and what was held fixed."""

    fixed: str
    seconds: dict[int, dict[str, float]]
    memory_mb: dict[str, dict[int, float]]


def seconds(run: object) -> float:
    start = time.process_time()
    run()  # type: ignore[operator]
    return time.process_time() - start


def compare(make: object, views: int, dtype: torch.dtype, repetitions: int) -> dict[str, float]:
    """Best processor seconds of a step in both forms, in turn, and of encoding the scene once."""
    cases = {form: make(form) for form in FORMS}  # type: ignore[operator]
    runs = {form: made(case, views, dtype) for form, case in cases.items()}
    time_ = torch.full((1,), 0.5)
    model, _, inputs = runs["cached"]
    best = {"scene": seconds(lambda: model.encode_scene(inputs))}
    cache = model.encode_scene(inputs)
    for _ in range(repetitions):
        for form, (network, latents, given) in runs.items():
            used = cache if form == "cached" else None
            spent = seconds(lambda n=network, x=latents, g=given, c=used: n(x, time_, g, c))
            best[form] = min(best.get(form, spent), spent)
    for form, case in cases.items():
        flops = count_flops(case.config, case.tokens(views), TEXT_TOKENS)
        best[f"{form} flops"], best["scene flops"] = flops.step, flops.scene or best.get("scene flops", 0)
    return best


def peak_flops(dtype: torch.dtype) -> float:
    """Operations a second of the best product of two 2048² matrices."""
    a, b = torch.randn(2, 2048, 2048).to(dtype).unbind(0)
    return 2 * 2048**3 / min(seconds(lambda: a @ b) for _ in range(50))


def peak_memory(form: str, views: int, frames: int) -> float:
    """By how many MB encoding a scene and making a step raise the peak memory of a process of its own."""
    arguments = [sys.executable, __file__, "--one", form, str(views), str(frames)]
    answer = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return float(answer.splitlines()[-1])


def one_step(form: str, views: int, frames: int) -> None:
    """Runs one step and prints by how many MB the peak memory has grown; what `peak_memory` starts."""
    torch.set_num_threads(1)
    model, noisy, inputs = made(nano_case(form, frames), views, torch.float32)
    with torch.no_grad():
        before = resident_mb("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        model(noisy, torch.full((1,), 0.5), inputs)
    print(resident_mb("VmHWM") - before)


def resident_mb(field: str) -> float:
    """Memory of this process as Linux tells it; its peak (VmHWM) is that since 5 was written to ``clear_refs``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def plot(path: Path, views: Sweep, frames: Sweep) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    colours = {"cached": "#0b6e99", "joint": "#c0392b"}
    figure, rows = plt.subplots(2, 2, figsize=(10, 7.4), layout="constrained")
    for (left, right), sweep, label in zip(rows, (views, frames), ("scene views", "frames"), strict=True):
        counts = list(sweep.seconds)
        for form in FORMS:
            times = [sweep.seconds[count][form] for count in counts]
            left.plot(counts, times, "o-", color=colours[form], label=f"{form}: a step")
            right.plot(
                counts, [sweep.memory_mb[form][count] for count in counts], "o-", color=colours[form], label=form
            )
        once = [sweep.seconds[count]["scene"] for count in counts]
        left.plot(counts, once, "o--", color="#7f8c8d", label="cached: once a scene")
        left.set(xlabel=label, ylabel="processor seconds", title=f"nano, 160×96, {sweep.fixed}, one thread")
        right.set(xlabel=label, ylabel="MB", title="peak memory of a step, scene encoding included")
        for axes in (left, right):
            axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3)
            axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def report(results: dict[int, dict[str, float]], peak: float, name: str) -> None:
    print(f"\n{name}: processor seconds of one thread; share of the peak of {peak / 1e9:.0f} GFLOP/s in brackets")
    print("views   scene once         cached step        joint step         joint / cached")
    for views, best in results.items():
        cells = [
            f"{best[stage]:8.3f} ({100 * best[f'{stage} flops'] / best[stage] / peak:4.1f} %)"
            for stage in ("scene", *FORMS)
        ]
        print(f"{views:5d}  {'  '.join(cells)}   {best['joint'] / best['cached']:6.1f}×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=int, nargs="+", default=[1, 2, 4, 8, 16, 20, 32])
    parser.add_argument(
        "--frames", type=int, nargs="*", default=[5, 17, 33, 49, 65], help="also step at these lengths, 20 views"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--wan-block", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one_step(options.one[0], int(options.one[1]), int(options.one[2]))
        return
    torch.set_num_threads(1)
    dtype = getattr(torch, options.dtype)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, {options.dtype}, one thread")
    with torch.no_grad():
        peak = peak_flops(torch.bfloat16)
        nano = {views: compare(nano_case, views, dtype, options.repetitions) for views in options.views}
        report(nano, peak, "nano")
        lengths = {n: compare(lambda form, n=n: nano_case(form, n), 20, dtype, 3) for n in options.frames}
        for frames, best in lengths.items():
            print(f"nano, 20 views, {frames} frames: cached {best['cached']:.3f} s, joint {best['joint']:.3f} s")
        if options.wan_block:
            report({20: compare(wan_case, 20, torch.bfloat16, 1)}, peak, "one Wan 1.3B block, 672×384, 77 frames, bf16")
    usual = NANO.shot.frames
    by_views = Sweep(
        fixed=f"{usual} frames",
        seconds=nano,
        memory_mb={form: {v: peak_memory(form, v, usual) for v in options.views} for form in FORMS},
    )
    by_frames = Sweep(
        fixed="20 views",
        seconds=lengths,
        memory_mb={form: {n: peak_memory(form, 20, n) for n in options.frames} for form in FORMS},
    )
    for what, sweep in (("views", by_views), ("frames", by_frames)):
        for form, values in sweep.memory_mb.items():
            print(f"peak memory, {form}: " + ", ".join(f"{n} {what} {m:.0f} MB" for n, m in values.items()))
    if options.plot:
        plot(options.plot, by_views, by_frames)
    if options.json:
        sweeps = {"views": dataclasses.asdict(by_views), "frames": dataclasses.asdict(by_frames)}
        options.json.write_text(json.dumps(sweeps | {"peak_flops": peak}, indent=2) + "\n")


if __name__ == "__main__":
    main()
