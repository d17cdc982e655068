"""The z-buffer against a slow reference: every pixel centre tested against every shape."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from cinescene.scene import splat_raster
from cinescene.scene.splat_raster import disc_spans, nearest_triangles, triangle_spans

WIDTH, HEIGHT = 23, 17


def _centres() -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return torch.stack([columns, rows], dim=-1).double() + 0.5


def _coverage(spans: splat_raster.Spans) -> torch.Tensor:
    _, pixel = spans.pixels(WIDTH)
    return torch.bincount(pixel, minlength=WIDTH * HEIGHT).view(HEIGHT, WIDTH)


def _random(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _cross(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


@given(st.integers(0, 2**31))
def test_triangles_cover_exactly_the_centres_inside_them(seed: int) -> None:
    corners = _random(seed, 1, 3, 2) * 40 - 8
    covered = _coverage(triangle_spans(corners, WIDTH, HEIGHT)) > 0
    a, b, c = corners[0].double()
    p = _centres()
    sides = torch.stack([_cross(b - a, p - a), _cross(c - b, p - b), _cross(a - c, p - c)])
    certain = (sides.abs() > 1e-3).all(0)
    inside = (sides > 0).all(0) | (sides < 0).all(0)
    assert (covered == inside)[certain].all()


@given(st.integers(0, 2**31))
def test_triangles_that_share_edges_neither_gape_nor_overlap(seed: int) -> None:
    grid = torch.stack(
        torch.meshgrid(torch.linspace(-2, WIDTH + 2, 6), torch.linspace(-2, HEIGHT + 2, 5), indexing="xy"), dim=-1
    )
    inner = (_random(seed, 5, 6, 2) - 0.5) * 3
    inner[0] = inner[-1] = 0
    inner[:, 0] = inner[:, -1] = 0
    snapped = ((grid + inner) * 2).round() / 2
    a, b, c, d = snapped[:-1, :-1], snapped[:-1, 1:], snapped[1:, :-1], snapped[1:, 1:]
    triangles = torch.cat([torch.stack([a, b, c], -2), torch.stack([d, c, b], -2)]).reshape(-1, 3, 2)
    assert (_coverage(triangle_spans(triangles, WIDTH, HEIGHT)) == 1).all()


@given(st.integers(0, 2**31))
def test_discs_cover_exactly_the_centres_inside_them(seed: int) -> None:
    centre, radius = _random(seed, 1, 2) * 30 - 4, _random(seed + 1, 1) * 6 + 0.75
    covered = _coverage(disc_spans(centre, radius, WIDTH, HEIGHT)) > 0
    distance = (_centres() - centre[0].double()).norm(dim=-1)
    certain = (distance - radius[0]).abs() > 1e-3
    assert (covered == (distance < radius[0]))[certain].all()


@given(st.integers(0, 2**31))
def test_the_nearest_triangle_wins_at_perspectively_exact_depth(seed: int) -> None:
    corners = _random(seed, 12, 3, 2) * 40 - 8
    inverse = _random(seed + 1, 12, 3) * 0.9 + 0.1
    index, found = nearest_triangles(corners, inverse, WIDTH, HEIGHT)
    best = torch.zeros(HEIGHT, WIDTH, dtype=torch.float64)
    near_edge = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    for triangle, values in zip(corners.double(), inverse.double(), strict=True):
        a, b, c = triangle
        p = _centres()
        shares = torch.stack([_cross(b - p, c - p), _cross(c - p, a - p), _cross(a - p, b - p)], -1)
        total = _cross(b - a, c - a)
        shares = shares / total
        near_edge |= (shares * total.abs()).abs().amin(-1) < 0.05
        value = (shares * values).sum(-1)
        best = torch.where((shares > 0).all(-1) & (value > best), value, best)
    sure = ~near_edge
    assert torch.allclose(found[sure].double(), best[sure], atol=2e-3)
    assert ((index >= 0) == (best > 0))[sure].all()


def test_many_fragments_are_drawn_in_parts_with_the_same_result(monkeypatch) -> None:
    corners, inverse = _random(3, 200, 3, 2) * 30 - 4, _random(4, 200, 3) + 0.1
    whole = nearest_triangles(corners, inverse, WIDTH, HEIGHT)
    monkeypatch.setattr(splat_raster, "MAX_FRAGMENTS", 97)
    parts = nearest_triangles(corners, inverse, WIDTH, HEIGHT)
    assert torch.equal(whole[0], parts[0])
    assert torch.equal(whole[1], parts[1])


def test_no_shapes_give_an_empty_picture() -> None:
    index, depth = nearest_triangles(torch.zeros(0, 3, 2), torch.zeros(0, 3), WIDTH, HEIGHT)
    assert (index == -1).all()
    assert (depth == 0).all()
