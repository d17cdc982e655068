"""How pieces (boards, bricks, slabs, stones) share a tile: which piece a pixel is of, and how far inside it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinescene.sets.textures.noise import unit_grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Bond:
    """A tile cut into pieces, periodic in both directions.

    ``piece`` numbers the pieces; ``edge`` is the distance to the piece's edge in tiles; ``along`` and ``across`` run
    over the piece from 0 to 1; ``upright`` marks pieces whose long side stands up.
    """

    piece: Int[np.ndarray, "n n"]
    edge: Float[np.ndarray, "n n"]
    along: Float[np.ndarray, "n n"]
    across: Float[np.ndarray, "n n"]
    upright: np.ndarray

    @property
    def count(self) -> int:
        return int(self.piece.max()) + 1

    def of_pieces(self, values: np.ndarray) -> np.ndarray:
        """One value a piece, spread over its pixels."""
        return values[self.piece]

    def joint(self, width: float, soft_px: float = 1.2) -> Float[np.ndarray, "n n"]:
        """1 in joints of a width (tiles), 0 inside the pieces, with a soft edge of some pixels."""
        soft = soft_px / len(self.edge)
        return np.clip((width / 2 + soft / 2 - self.edge) / soft, 0.0, 1.0).astype(np.float32)


def running_bond(
    rng: np.random.Generator, size: int, rows: int, columns: int, shift: float | None = 0.5, unevenness: float = 0.0
) -> Bond:
    """Rows of equal pieces, each row moved by ``shift`` pieces against the one below (None: at random).

    ``unevenness`` in [0, 0.8] varies the lengths of the pieces in a row.
    """
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    row = np.minimum((line * rows).astype(int), rows - 1)
    offset = rng.random(rows) if shift is None else (np.arange(rows) * shift) % 1.0
    cuts = (np.arange(columns) + unevenness * rng.uniform(-0.5, 0.5, (rows, columns))) / columns
    starts = np.sort(cuts, axis=1)
    first = starts[:, :1] - offset[:, None] / columns
    starts = np.concatenate([starts - starts[:, :1], np.ones((rows, 1))], axis=1).astype(np.float32)
    position = (line[None, :] - first[row].astype(np.float32)) % np.float32(1.0)
    column = np.zeros((size, size), dtype=np.int32)
    for k in range(1, columns):
        column += position >= starts[row, k][:, None]
    start = starts[row[:, None], column]
    length = starts[row[:, None], column + 1] - start
    inside = (position - start) / length
    across = np.broadcast_to(((line * rows) % 1.0)[:, None], (size, size))
    edge = np.minimum(np.minimum(inside, 1 - inside) * length, np.minimum(across, 1 - across) / rows)
    piece = row[:, None] * columns + column
    return Bond(piece=piece, edge=edge, along=inside, across=across, upright=np.zeros(piece.shape, dtype=bool))


def square_grid(size: int, rows: int, columns: int | None = None) -> Bond:
    """Pieces in straight rows and columns."""
    return running_bond(np.random.default_rng(0), size, rows, columns or rows, shift=0.0)


def herringbone(size: int, ratio: int = 4, repeats: int = 1) -> Bond:
    """Pieces of 1 × ``ratio`` at right angles to each other, in a zigzag."""
    cells = 2 * ratio * repeats
    x, y = unit_grid(size)
    x, y = x * cells, y * cells
    column, row = x.astype(int), y.astype(int)
    phase = (column - row) % (2 * ratio)
    upright = phase >= ratio
    place = np.where(upright, 2 * ratio - 1 - phase, phase)
    first_column = np.where(upright, column, column - place) % cells
    first_row = np.where(upright, row - place, row) % cells
    within_x, within_y = x - column, y - row
    along = (place + np.where(upright, within_y, within_x)) / ratio
    across = np.where(upright, within_x, within_y)
    edge = np.minimum(np.minimum(along, 1 - along) * ratio, np.minimum(across, 1 - across)) / cells
    _, piece = np.unique(first_row * cells + first_column, return_inverse=True)
    return Bond(piece=piece.reshape(size, size), edge=edge, along=along, across=across, upright=upright)


def basket_weave(size: int, strips: int = 4, blocks: int = 4) -> Bond:
    """Square blocks of parallel strips, every other block turned by 90°; ``blocks`` is even."""
    x, y = unit_grid(size)
    x, y = x * blocks, y * blocks
    column, row = x.astype(int), y.astype(int)
    upright = (column + row) % 2 == 1
    within_x, within_y = x - column, y - row
    along = np.where(upright, within_y, within_x)
    spread = np.where(upright, within_x, within_y) * strips
    strip = np.minimum(spread.astype(int), strips - 1)
    across = spread - strip
    edge = np.minimum(np.minimum(along, 1 - along), np.minimum(across, 1 - across) / strips) / blocks
    piece = (row * blocks + column) * strips + strip
    return Bond(piece=piece, edge=edge, along=along, across=across, upright=upright)


def rubble(rng: np.random.Generator, size: int, cells: int, jitter: float = 0.8) -> Bond:
    """Irregular stones: the cells nearest to jittered grid points (Worley, 1996); ``edge`` is half the gap."""
    points = np.indices((cells, cells)).transpose(1, 2, 0) + 0.5 + jitter * rng.uniform(-0.5, 0.5, (cells, cells, 2))
    x, y = unit_grid(size)
    x, y = x * cells, y * cells
    column, row = x.astype(int), y.astype(int)
    nearest = np.full((2, size, size), np.inf, dtype=np.float32)
    piece = np.zeros((size, size), dtype=np.int64)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            r, c = (row + down) % cells, (column + right) % cells
            px = points[r, c, 1] - c + column + right
            py = points[r, c, 0] - r + row + down
            distance = np.hypot(x - px, y - py).astype(np.float32)
            closer = distance < nearest[0]
            nearest[1] = np.where(closer, nearest[0], np.minimum(nearest[1], distance))
            piece = np.where(closer, r * cells + c, piece)
            nearest[0] = np.where(closer, distance, nearest[0])
    edge = (nearest[1] - nearest[0]) / 2 / cells
    zero = np.zeros_like(edge)
    return Bond(piece=piece, edge=edge, along=nearest[0], across=zero, upright=np.zeros(piece.shape, dtype=bool))
