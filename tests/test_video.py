import struct
from pathlib import Path

import av
import pytest
import torch

from cinescene.errors import InputError
from cinescene.video import Video, iterate_video, open_video_writer, read_video, video_info, write_video


def gradient_frames(count: int, height: int, width: int) -> torch.Tensor:
    ramp = torch.linspace(0, 1, width).expand(3, height, width)
    return torch.stack([torch.roll(ramp, i, dims=-1) * 0.5 + 0.05 * i for i in range(count)])


@pytest.mark.parametrize("size", [(48, 64), (33, 51)])
def test_frames_come_back_with_their_colours_size_and_rate(tmp_path: Path, size: tuple[int, int]) -> None:
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0], [0.2, 0.5, 0.8]])
    frames = colours[:, :, None, None].expand(6, 3, *size)
    write_video(tmp_path / "a b é.mp4", frames, 23.976, crf=4)
    video = read_video(tmp_path / "a b é.mp4")
    assert (video.as_float() - frames).abs().max() < 0.03
    assert abs(video.frame_rate - 23.976) < 1e-3
    info = video_info(tmp_path / "a b é.mp4")
    assert (info.height_px, info.width_px, info.frame_count) == (*size, 6)


def test_colours_are_tagged_bt709(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", gradient_frames(2, 32, 32), 24)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.pix_fmt == "yuv420p"


def test_chosen_frames_come_in_the_order_asked_for(tmp_path: Path) -> None:
    frames = torch.linspace(0, 1, 9)[:, None, None, None].expand(9, 3, 32, 32)
    write_video(tmp_path / "a.mp4", frames, 10, crf=4)
    chosen = read_video(tmp_path / "a.mp4", [7, 2, 2])
    assert (chosen.as_float() - frames[[7, 2, 2]]).abs().max() < 0.02
    assert len(list(iterate_video(tmp_path / "a.mp4"))) == 9
    with pytest.raises(InputError, match="holds 9 frames"):
        read_video(tmp_path / "a.mp4", [9])


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    video = Video(frames=(gradient_frames(5, 48, 64) * 255).to(torch.uint8), frame_rate=24)
    video.save(tmp_path / "a.mp4")
    video.save(tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    bad = torch.full((3, 32, 32), torch.nan)
    with pytest.raises(InputError, match="frame 1 holds NaN"):
        write_video(target, [torch.zeros(3, 32, 32), bad], 24)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_damaged_and_foreign_files_are_named(tmp_path: Path) -> None:
    good = tmp_path / "good.mp4"
    write_video(good, torch.rand(30, 3, 64, 64, generator=torch.Generator().manual_seed(0)), 24)
    truncated = tmp_path / "cut.mp4"
    truncated.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut\.mp4"):
        read_video(truncated)
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(InputError, match=r"text\.mp4.*expected a video"):
        read_video(tmp_path / "text.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match="empty"):
        read_video(tmp_path / "empty.mp4")
    with pytest.raises(InputError, match="no such video"):
        read_video(tmp_path / "missing.mp4")


@pytest.mark.parametrize(
    ("name", "width", "rate", "words"),
    [
        ("a.avi", 64, 24, r"\.mp4"),
        ("a.mp4", 0, 24, "size"),
        ("a.mp4", 64, 0, "rate"),
        ("a.mp4", 64, float("nan"), "rate"),
    ],
)
def test_impossible_videos_are_refused(tmp_path: Path, name: str, width: int, rate: float, words: str) -> None:
    with pytest.raises(InputError, match=words), open_video_writer(tmp_path / name, width, 64, rate):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_and_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one frame"):
        write_video(tmp_path / "a.mp4", [], 24)
    with pytest.raises(InputError, match=r"\(3, 32, 32\)"):
        write_video(tmp_path / "a.mp4", [torch.zeros(3, 32, 32), torch.zeros(3, 32, 30)], 24)


def turned_file(path: Path, frames: torch.Tensor, matrix: tuple[int, int, int, int]) -> None:
    """An mp4 whose track header holds a display matrix, as phones write for videos filmed sideways."""
    write_video(path, frames, 10)
    data = bytearray(path.read_bytes())
    place = data.find(b"tkhd") + 8 + 36
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "corner", "size"),
    [((0, 1, -1, 0), (2, -2), (32, 64)), ((-1, 0, 0, -1), (-2, -2), (64, 32)), ((0, -1, 1, 0), (-2, 2), (32, 64))],
)
def test_videos_filmed_sideways_come_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], corner: tuple[int, int], size: tuple[int, int]
) -> None:
    """A white corner, first at the top left, goes where the display matrix (QuickTime, 'tkhd') sends it."""
    frames = torch.zeros(3, 3, 32, 64, dtype=torch.uint8)
    frames[:, :, :16, :16] = 255
    turned_file(tmp_path / "phone.mp4", frames, matrix)
    info = video_info(tmp_path / "phone.mp4")
    assert (info.width_px, info.height_px) == size
    found = read_video(tmp_path / "phone.mp4").frames
    assert found.shape == (3, 3, size[1], size[0])
    assert found[0, 0, corner[0], corner[1]] > 240
    assert (found[0, 0] > 128).sum() == pytest.approx(256, abs=16)
