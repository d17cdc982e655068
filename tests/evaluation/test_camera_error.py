"""Camera errors with known answers, degenerate paths, and agreement with independent programs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras.transforms import level_rotation, rigid, rotation_about_axis
from cinescene.errors import GeometryError, InputError
from cinescene.evaluation.camera_error import camera_error, cami2v_error
from cinescene.evaluation.path_alignment import align_paths, path_length, path_shape

AXIS = torch.tensor([0.3, -0.5, 0.8], dtype=torch.float64)


def curved(frames: int = 12) -> torch.Tensor:
    along = torch.linspace(0, 1, frames, dtype=torch.float64)
    positions = torch.stack([2 * along, torch.sin(3 * along), 0.3 * along.square()], dim=-1)
    return torch.stack(
        [rigid(level_rotation(0.6 * float(a), 0.2 * float(a)), p) for a, p in zip(along, positions, strict=True)]
    )


def straight(frames: int = 8) -> torch.Tensor:
    along = torch.linspace(0, 1, frames, dtype=torch.float64)
    return torch.stack([rigid(level_rotation(0.4), a * torch.tensor([1.0, 2.0, 0.5]).double()) for a in along])


def turning(frames: int = 8) -> torch.Tensor:
    return torch.stack([rigid(level_rotation(0.1 * i), torch.ones(3).double()) for i in range(frames)])


def moved(path: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    """The same path in another world and unit."""
    world = rigid(rotation_about_axis(AXIS, torch.tensor(1.1).double()), torch.tensor([3.0, -4.0, 5.0]).double())
    other = path.clone()
    other[:, :3, 3] *= scale
    return world @ other


RULES = ("first-frame", "furthest", "similarity")


@pytest.mark.parametrize("rule", [*RULES, "none"])
@pytest.mark.parametrize("make", [curved, straight, turning])
def test_equal_paths_have_no_error(rule: str, make) -> None:
    error = camera_error(make(), make(), rule)
    for value in (error.rotation_deg, error.translation, error.matrix):
        assert float(value.max()) < 1e-5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("make", [curved, straight])
@pytest.mark.parametrize("scale", [0.01, 1.0, 250.0])
def test_another_world_and_unit_are_no_error(rule: str, make, scale: float) -> None:
    error = camera_error(moved(make(), scale), make(), rule)
    for value in (error.rotation_deg, error.translation, error.matrix):
        assert float(value.max()) < 1e-4
    if rule != "furthest":
        assert error.scale == pytest.approx(1 / scale, rel=1e-6)


@given(st.floats(0.01, 120), st.integers(1, 11))
def test_a_known_turn_of_one_frame_is_its_rotation_error(angle_deg: float, frame: int) -> None:
    estimated = curved()
    turn = rotation_about_axis(AXIS, torch.tensor(math.radians(angle_deg)).double())
    estimated[frame, :3, :3] = estimated[frame, :3, :3] @ turn
    error = camera_error(estimated, curved())
    assert float(error.rotation_deg[frame]) == pytest.approx(angle_deg, rel=1e-6)
    assert float(error.rotation_deg.sum()) == pytest.approx(angle_deg, rel=1e-6)
    assert error.means()["rot_err_deg"] == pytest.approx(angle_deg / 12, rel=1e-6)
    chord = 2 * math.sqrt(2) * math.sin(math.radians(angle_deg) / 2)
    assert float(error.matrix[frame]) == pytest.approx(chord, rel=1e-6)


def test_a_turn_of_the_whole_path_counts_without_alignment_only() -> None:
    turn = rigid(rotation_about_axis(AXIS, torch.tensor(0.2).double()), torch.zeros(3).double())
    estimated = turn @ curved()
    unaligned = camera_error(estimated, curved(), "none")
    assert torch.allclose(unaligned.rotation_deg, torch.full((12,), math.degrees(0.2)).double())
    for rule in RULES:
        assert float(camera_error(estimated, curved(), rule).rotation_deg.max()) < 1e-5


def test_a_known_offset_is_its_translation_error() -> None:
    estimated = curved()
    estimated[5:, :3, 3] += torch.tensor([0.0, 0.0, 0.5])
    error = camera_error(estimated, curved(), "none")
    assert torch.allclose(error.translation[5:], torch.full((7,), 0.5).double())
    assert float(error.translation[:5].max()) == 0
    assert error.means()["trans_err_share"] == pytest.approx(0.5 * 7 / 12 / path_length(curved()))


def test_an_unscaled_estimate_of_half_the_length_has_half_the_error_of_standing_still() -> None:
    half, still = curved(), curved()
    half[:, :3, 3] *= 0.5
    still[:, :3, 3] = still[:1, :3, 3]
    errors = [camera_error(path, curved(), "none").means()["trans_err"] for path in (half, still)]
    assert errors[0] == pytest.approx(errors[1] / 2)


def test_the_order_of_the_arguments_changes_only_the_unit() -> None:
    estimated = moved(curved(), 3.0)
    estimated[4, :3, 3] += 0.4
    there, back = camera_error(estimated, curved()), camera_error(curved(), estimated)
    assert torch.allclose(there.rotation_deg, back.rotation_deg, atol=1e-9)
    assert torch.allclose(there.translation * back.scale, back.translation, atol=1e-9)


def test_path_shapes_are_told_apart() -> None:
    assert path_shape(curved()) == "curved"
    assert path_shape(straight()) == "straight"
    assert path_shape(turning()) == "turning"
    assert path_shape(turning()[:1].expand(5, 4, 4)) == "static"


def test_a_camera_that_only_turns_gives_no_scale_and_says_so() -> None:
    error = camera_error(moved(curved(8)), turning(8))
    assert bool(error.rotation_deg.isfinite().all())
    assert bool(error.translation.isnan().all())
    assert math.isnan(error.means()["cam_mc"])
    assert any("does not travel" in note for note in error.notes)
    assert bool(camera_error(turning(8), turning(8)).translation.isfinite().all())


def test_an_estimate_that_stands_still_is_charged_the_whole_path() -> None:
    error = camera_error(turning(8), straight(8))
    assert float(error.translation[-1]) == pytest.approx(path_length(straight(8)), rel=1e-6)
    assert any("estimated camera does not travel" in note for note in error.notes)


def test_a_straight_path_under_similarity_takes_its_roll_from_the_rotations() -> None:
    error = camera_error(moved(straight(), 4.0), straight(), "similarity")
    assert float(error.rotation_deg.max()) < 1e-4
    assert any("straight line" in note for note in error.notes)


def test_a_path_flown_backwards_is_an_error_and_not_a_crash() -> None:
    for rule in RULES:
        error = camera_error(straight().flip(0), straight(), rule)
        assert float(error.translation.max()) > 0.4


def test_unposed_frames_are_listed_and_count_nowhere() -> None:
    estimated = moved(curved(), 2.0)
    estimated[0], estimated[7] = torch.nan, 1e9
    posed = [i not in (0, 7) for i in range(12)]
    error = camera_error(estimated, curved(), posed=posed)
    assert error.unposed == (0, 7)
    assert len(error.rotation_deg) == 10
    assert float(error.translation.max()) < 1e-5
    assert any("first frame could not be posed" in note for note in error.notes)
    nothing = camera_error(estimated, curved(), posed=[False] * 12)
    assert math.isnan(nothing.means()["rot_err_deg"])
    assert nothing.unposed == tuple(range(12))


def test_one_posed_frame_of_a_moving_path_has_no_share_of_a_length() -> None:
    wanted = curved()
    found = camera_error(wanted, wanted, "none", [index == 3 for index in range(len(wanted))])
    means = found.means()
    assert means["trans_err"] == 0
    assert math.isnan(means["trans_err_share"])


def test_bad_paths_are_refused() -> None:
    with pytest.raises(InputError, match="got 12 and 8"):
        camera_error(curved(12), straight(8))
    mirrored = curved() * torch.tensor([1.0, 1.0, -1.0, 1.0]).double()
    with pytest.raises(GeometryError, match="right-handed"):
        camera_error(mirrored, curved())


def noisy(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    path = moved(curved(), 1.7)
    path[:, :3, 3] += 0.05 * torch.randn(12, 3, generator=generator)
    for i in range(12):
        axis, angle = torch.randn(3, generator=generator).double(), 0.05 * torch.rand((), generator=generator).double()
        path[i, :3, :3] = path[i, :3, :3] @ rotation_about_axis(axis, angle)
    return path


def test_similarity_alignment_agrees_with_evo() -> None:
    trajectory = pytest.importorskip("evo.core.trajectory", reason="needs evo (extra dev)")
    from evo.core.metrics import APE, PoseRelation

    reference = trajectory.PosePath3D(poses_se3=list(curved().numpy()))
    estimate = trajectory.PosePath3D(poses_se3=list(noisy().numpy()))
    estimate.align(reference, correct_scale=True)
    error = camera_error(noisy(), curved(), "similarity")
    for relation, ours in (
        (PoseRelation.translation_part, error.translation),
        (PoseRelation.rotation_angle_deg, error.rotation_deg),
    ):
        ape = APE(relation)
        ape.process_data((reference, estimate))
        assert np.allclose(ape.error, ours.numpy(), atol=1e-6)


def test_similarity_alignment_agrees_with_pycolmap() -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    source, target = noisy()[:, :3, 3].numpy(), curved()[:, :3, 3].numpy()
    matrix = pycolmap.estimate_sim3d(source, target).matrix()
    expected = source @ matrix[:, :3].T + matrix[:, 3]
    aligned = align_paths(noisy(), curved(), "similarity")
    assert np.allclose(aligned.estimated[:, :3, 3].numpy(), expected, atol=1e-6)


def test_the_cami2v_sums_agree_with_a_direct_computation() -> None:
    def prepared(path: np.ndarray) -> np.ndarray:
        relative = np.linalg.inv(path[0]) @ path
        relative[:, :3, 3] /= np.linalg.norm(relative[:, :3, 3], axis=-1).max()
        return relative

    a, b = prepared(noisy().numpy()), prepared(curved().numpy())
    traces = np.einsum("tij,tij->t", a[:, :3, :3], b[:, :3, :3])
    ours = cami2v_error(noisy(), curved())
    assert ours["rot_err_rad"] == pytest.approx(np.arccos(np.clip((traces - 1) / 2, -1, 1)).sum(), abs=1e-6)
    assert ours["trans_err"] == pytest.approx(np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=-1).sum(), abs=1e-9)
    assert ours["cam_mc"] == pytest.approx(np.linalg.norm((a - b)[:, :3].reshape(12, -1), axis=-1).sum(), abs=1e-9)
