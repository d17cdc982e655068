import torch
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed
from hypothesis import given
from hypothesis import strategies as st

from cinescene.model.rotary import rotary_at, rotated, scene_frame_positions

ROPE = WanRotaryPosEmbed(24, (1, 2, 2), 64)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_video_positions_are_wans(frames: int, rows: int, columns: int) -> None:
    expected = ROPE(torch.zeros(1, 4, frames, 2 * rows, 2 * columns))
    for ours, theirs in zip(rotary_at(ROPE, list(range(frames)), rows, columns), expected, strict=True):
        assert torch.equal(ours, theirs)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-10, 10))
def test_scores_depend_on_the_distance_in_time_alone_before_and_after_zero(first: int, second: int, shift: int) -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 1, 1, 24, generator=generator) for _ in range(2))

    def score(a: int, b: int) -> torch.Tensor:
        return (rotated(query, rotary_at(ROPE, [a], 1, 1)) * rotated(key, rotary_at(ROPE, [b], 1, 1))).sum()

    torch.testing.assert_close(score(first, second), score(first + shift, second + shift), atol=1e-4, rtol=0)


def test_views_share_a_frame_unless_one_is_the_start() -> None:
    assert len(set(scene_frame_positions(5, True, False, False))) == 1
    both = scene_frame_positions(5, True, True, False)
    assert len(set(both[:5])) == len(set(both[5:])) == 1
    assert both[0] != both[5]
    with_start = scene_frame_positions(3, True, True, True)
    assert with_start == [-1, -3, -3, -2, -4, -4]
    assert max(with_start) < 0
    assert scene_frame_positions(0, True, True, True) == []
