"""The projective branch against its definition, pair by pair of tokens."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.cameras import Cameras
from cinescene.cameras.projection import project
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.model.prope import ProjectiveAttention, projection_matrices, projective_frames, video_projections


def cameras(*shape: int, seed: int = 0) -> Cameras:
    generator = torch.Generator().manual_seed(seed)
    angles = torch.rand(math.prod(shape), generator=generator, dtype=torch.float64) * 2
    rotation = torch.stack([level_rotation(float(a), float(a) / 3) for a in angles]).double().reshape(*shape, 3, 3)
    position = torch.randn(*shape, 3, generator=generator, dtype=torch.float64)
    focal = 40 + 20 * torch.rand(*shape, generator=generator, dtype=torch.float64)
    return Cameras.from_focal_px(rigid(rotation, position), focal, 64, 48)


@given(st.integers(0, 1000))
def test_a_projection_gives_picture_coordinates_times_depth(seed: int) -> None:
    camera = cameras(1, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(7, 3, generator=generator, dtype=torch.float64) * 3
    pixels, depth = project(camera, points)
    homogeneous = torch.cat([points, torch.ones(7, 1, dtype=torch.float64)], dim=-1)
    projected = homogeneous @ projection_matrices(camera)[0].mT
    in_front = depth[0] > 0.01
    expected = (pixels[0] / torch.tensor([64.0, 48.0]) - 0.5) * depth[0][:, None]
    torch.testing.assert_close(projected[in_front, :2], expected[in_front])
    torch.testing.assert_close(projected[:, 2], depth[0])
    torch.testing.assert_close(projected[:, 3], torch.ones(7, dtype=torch.float64))


def rotated(positional: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    even, odd = positional.chunk(2, dim=-1)
    return torch.cat([even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()], dim=-1)


@torch.no_grad()
def test_the_branch_is_attention_over_relative_projections() -> None:
    torch.manual_seed(0)
    branch = ProjectiveAttention(24, 32, 2).double()
    torch.nn.init.normal_(branch.to_out.weight)
    tokens = torch.randn(1, 2 * 6, 24, dtype=torch.float64)
    matrix = projection_matrices(cameras(1, 2))[:, :, None]
    frames = projective_frames(matrix, (2, 3), 8)
    out = branch(*branch.project(tokens, frames), frames, None, "sdpa")

    query, key, value = (layer(tokens)[0].unflatten(-1, (2, 16)) for layer in (branch.to_q, branch.to_k, branch.to_v))
    query, key = branch.norm_q(query), branch.norm_k(key)
    angles = torch.atan2(frames.sine, frames.cosine).double().repeat(2, 1)
    expected = torch.zeros(12, 2, 16, dtype=torch.float64)
    for head in range(2):
        for i in range(12):
            scores, moved = [], []
            for j in range(12):
                relative = matrix[0, i // 6, 0] @ torch.linalg.inv(matrix[0, j // 6, 0])
                turn = angles[j] - angles[i]
                q, k, v = query[i, head], key[j, head], value[j, head]
                groups = (q[:8].unflatten(0, (2, 4)) * (k[:8].unflatten(0, (2, 4)) @ relative.mT)).sum()
                scores.append(groups + (q[8:] * rotated(k[8:], turn)).sum())
                moved.append(torch.cat([(v[:8].unflatten(0, (2, 4)) @ relative.mT).flatten(), rotated(v[8:], turn)]))
            weights = (torch.stack(scores) / 4).softmax(0)
            expected[i, head] = (weights[:, None] * torch.stack(moved)).sum(0)
    torch.testing.assert_close(out[0], branch.to_out(expected.flatten(1)), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_new_branch_adds_exactly_nothing_and_unposed_frames_get_nothing() -> None:
    branch = ProjectiveAttention(24, 32, 2)
    tokens = torch.randn(1, 12, 24)
    frames = projective_frames(projection_matrices(cameras(1, 2)).float()[:, :, None], (2, 3), 8)
    assert not branch(*branch.project(tokens, frames), frames, None, "sdpa").any()
    torch.nn.init.normal_(branch.to_out.weight)
    posed = projective_frames(frames.matrix, (2, 3), 8, posed=torch.tensor([[True, False]]))
    out = branch(*branch.project(tokens, posed), posed, None, "sdpa")
    assert out[:, :6].all()
    assert not out[:, 6:].any()


@pytest.mark.parametrize(
    ("heads", "steps"), [(1, [3]), (2, [1, 3]), (3, [0, 1, 3]), (4, [0, 1, 2, 3]), (6, [0, 1, 2, 3, 0, 1])]
)
def test_heads_share_the_frames_of_a_latent_frame(heads: int, steps: list[int]) -> None:
    path = cameras(1, 9)
    own = projection_matrices(path)
    latent = video_projections(path, 4, heads)
    assert latent.shape == (1, 3, heads, 4, 4)
    for head, step in enumerate(steps):
        torch.testing.assert_close(latent[0, 0, head], own[0, 0])
        torch.testing.assert_close(latent[0, 1, head], own[0, 1 + step])
        torch.testing.assert_close(latent[0, 2, head], own[0, 5 + step])
