"""Frames chosen from a video are sharp, spread, and held only where chosen."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.scene.video_frames import choose_frames
from cinescene.video import write_video

WIDTH, HEIGHT = 96, 64


def texture(seed: int = 0, width: int = 600) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = F.interpolate(torch.rand(1, 3, 8, width // 8, generator=generator), size=(HEIGHT, width), mode="bicubic")
    fine = F.interpolate(torch.rand(1, 3, 32, width // 2, generator=generator), size=(HEIGHT, width))
    return (0.6 * coarse + 0.4 * fine)[0].clamp(0, 1)


def panned(offsets: list[int], blurred: set[int] = frozenset()) -> list[torch.Tensor]:
    """Windows of a wide texture at the given columns; the frames named are averaged over a smear of 13 pixels."""
    wide = texture()
    frames = []
    for index, x in enumerate(offsets):
        frame = wide[:, :, x : x + WIDTH]
        if index in blurred:
            frame = torch.stack([wide[:, :, x + d : x + d + WIDTH] for d in range(13)]).mean(0)
        frames.append((frame * 255).to(torch.uint8))
    return frames


def test_blurred_frames_are_passed_over(tmp_path: Path) -> None:
    blurred = {i for i in range(60) if i % 3 != 1}
    write_video(tmp_path / "pan.mp4", panned([4 * i for i in range(60)], blurred), 24, crf=8)
    chosen = choose_frames(tmp_path / "pan.mp4", 8)
    assert len(chosen.indices) == 8
    assert not set(chosen.indices) & blurred
    assert chosen.frames.shape == (8, 3, HEIGHT, WIDTH)


def test_frames_are_in_order_distinct_and_spread_over_a_steady_pan(tmp_path: Path) -> None:
    write_video(tmp_path / "pan.mp4", panned([4 * i for i in range(80)]), 20)
    chosen = choose_frames(tmp_path / "pan.mp4", 10)
    gaps = torch.tensor(chosen.indices).diff()
    assert (gaps >= 3).all()
    assert (gaps <= 13).all()
    assert chosen.times_s == tuple(i / 20 for i in chosen.indices)


def test_a_long_pause_takes_fewer_frames_than_its_share_of_time(tmp_path: Path) -> None:
    offsets = [4 * i for i in range(30)] + [120] * 120 + [120 + 4 * i for i in range(30)]
    write_video(tmp_path / "pause.mp4", panned(offsets), 24)
    chosen = choose_frames(tmp_path / "pause.mp4", 12)
    paused = sum(30 <= i < 150 for i in chosen.indices)
    assert 1 <= paused <= 6


def test_cuts_are_noticed(tmp_path: Path) -> None:
    first = panned([2 * i for i in range(20)])
    other = [((1 - texture(9)[:, :, i : i + WIDTH]) * 255).to(torch.uint8) for i in range(20)]
    write_video(tmp_path / "cut.mp4", first + other, 10)
    assert choose_frames(tmp_path / "cut.mp4", 6).cut_times_s == (2.0,)
    write_video(tmp_path / "whole.mp4", first, 10)
    assert choose_frames(tmp_path / "whole.mp4", 6).cut_times_s == ()


def test_short_still_and_single_frame_videos(tmp_path: Path) -> None:
    write_video(tmp_path / "still.mp4", panned([0] * 30), 24)
    indices = choose_frames(tmp_path / "still.mp4", 5).indices
    assert len(set(indices)) == 5
    assert max(indices) - min(indices) >= 15
    write_video(tmp_path / "short.mp4", panned([0, 5, 9]), 24)
    assert choose_frames(tmp_path / "short.mp4", 20).indices == (0, 1, 2)
    write_video(tmp_path / "one.mp4", panned([0]), 24)
    assert choose_frames(tmp_path / "one.mp4", 20).indices == (0,)


def test_impossible_choices_and_foreign_files_are_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", panned([0, 5]), 24)
    for count in (0, 201):
        with pytest.raises(InputError, match="1 to 200 frames"):
            choose_frames(tmp_path / "a.mp4", count)
    (tmp_path / "b.mp4").write_bytes(b"not a video at all" * 20)
    with pytest.raises(InputError, match=r"b\.mp4"):
        choose_frames(tmp_path / "b.mp4")
