import pytest

from cinescene.training.mirror import mirrored_caption


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a dog runs to the left", "a dog runs to the right"),
        ("Walking leftwards, then from left to right.", "Walking rightwards, then from right to left."),
        ("a rightward turn at the left-hand wall", "a leftward turn at the right-hand wall"),
        ("Left of the rightmost door", "Right of the leftmost door"),
        ("she left-clicks; a bright cleft", "she right-clicks; a bright cleft"),
        ("nobody", "nobody"),
    ],
)
def test_sides_are_exchanged(caption: str, expected: str) -> None:
    assert mirrored_caption(caption) == expected
    assert mirrored_caption(expected) == caption
