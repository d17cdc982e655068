import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cinescene.cameras.motion import motion_report
from cinescene.cameras.notation import parse_moves
from cinescene.cameras.plot import plot_track, track_figure
from cinescene.cameras.track import CameraTrack
from cinescene.errors import InputError

MOVES = "start at 1,2,1.6; dolly in 1.5m over 1s ease; then arc right 75deg around 3m; zoom 24mm->50mm"


def track_of(text: str = MOVES, **length: int) -> CameraTrack:
    return parse_moves(text).track(width_px=64, height_px=36, **length)


def views(track: CameraTrack, draw: bool = False, **options) -> list:
    """The axes from above and from the side; their limits are settled when they are drawn."""
    figure, _ = track_figure(track, **options)
    if draw:
        figure.draw_without_rendering()
    above, side = (axes for axes in figure.axes if axes.get_title(loc="left").startswith("from"))
    return [above, side]


def test_a_picture_is_written_that_is_not_blank_and_always_the_same(tmp_path: Path) -> None:
    track = track_of()
    for name in ("a.png", "ein Pfad $x_ – 道.png"):
        report = plot_track(track, tmp_path / name, title=f"{MOVES} $\\frac 道")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "ein Pfad $x_ – 道.png").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    assert pixels.shape[0] > 800
    assert (pixels != 255).any(-1).mean() > 0.02
    assert report.text() == motion_report(track).text()


def test_both_views_have_equal_axes_and_hold_the_whole_path() -> None:
    track = track_of()
    x, y, z = track.world_from_camera[:, :3, 3].T.tolist()
    above, side = views(track, draw=True)
    for axes, across, upwards in ((above, x, y), (side, y, z)):
        assert axes.get_aspect() == 1
        assert axes.get_xlim()[0] < min(across) <= max(across) < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < min(upwards) <= max(upwards) < axes.get_ylim()[1]
    assert above.get_xlabel() == "x (m)"
    assert side.get_ylabel() == "height (m)"


def test_start_and_end_are_marked_where_they_are() -> None:
    track = track_of()
    above, _ = views(track)
    marks = {line.get_label(): line.get_xydata()[0].tolist() for line in above.get_lines()}
    assert marks["start"] == pytest.approx([1, 2])
    assert marks["end"] == pytest.approx(track.world_from_camera[-1, :2, 3].tolist())


@pytest.mark.parametrize(("every", "count"), [(24, 5), (40, 4), (1000, 2)])
def test_a_frustum_stands_at_every_nth_frame_and_the_last(every: int, count: int) -> None:
    above, _ = views(track_of(), every=every)
    wires = above.collections[0]
    assert len(wires.get_segments()) == 8 * count
    assert wires.get_clim() == (0, 4)


def test_jumps_are_marked_where_they_are() -> None:
    track = track_of("dolly in 2m over 2s ease")
    poses = track.world_from_camera.clone()
    poses[30:, 0, 3] += 1
    above, _ = views(dataclasses.replace(track, world_from_camera=poses))
    marks = {line.get_label(): line.get_xydata()[0].tolist() for line in above.get_lines()}
    assert marks["jump"] == pytest.approx(poses[30, :2, 3].tolist())


@pytest.mark.parametrize(
    "track",
    [
        track_of("static", frames=1),
        track_of("pedestal up 3m", frames=2),
        CameraTrack(world_from_camera=track_of().world_from_camera.float()),
        CameraTrack(world_from_camera=track_of().world_from_camera, z_up=False, metres_per_unit=0.01),
        CameraTrack(world_from_camera=torch.eye(4)[None].repeat(3, 1, 1), times_s=torch.tensor([5.0, 6.0, 9.0])),
    ],
)
def test_any_track_can_be_drawn(track: CameraTrack) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(views(track, draw=True)) == 2


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.png"):
        plot_track(track_of(), tmp_path / "plot.jpg")
    with pytest.raises(InputError, match="every 0"):
        plot_track(track_of(), tmp_path / "plot.png", every=0)
    assert not any(tmp_path.iterdir())
