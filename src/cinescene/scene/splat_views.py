"""Where points of the world are seen in the pictures of a scene, fast and many at a time."""

from __future__ import annotations

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import project
from cinescene.tensor_types import Float, Tensor

FAR_PX = -1e6
"""Where a point is said to lie that a perspective camera cannot see."""


class PictureLookup:
    """Projects points into any one of several cameras (v,) of one size.

    The same numbers as `cinescene.cameras.project`, laid out coordinate by coordinate and with the matrices made once.
    """

    def __init__(self, cameras: Cameras) -> None:
        self.cameras = cameras
        self.size_px = cameras.size_px
        self.position = cameras.position
        self._matrices = cameras.intrinsics_px @ cameras.camera_from_world[:, :3]

    def __len__(self) -> int:
        return len(self.cameras)

    def __call__(
        self, view: int, points: Float[Tensor, "3 n"]
    ) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"], Float[Tensor, "n"]]:
        """u, v and depth of points in a view; behind a perspective camera u and v lie far outside the picture."""
        if self.cameras.projection == "equirectangular":
            place, depth = project(self.cameras[view], points.T)
            return place[:, 0], place[:, 1], depth
        matrix = self._matrices[view]
        u, v, depth = torch.addmm(matrix[:, 3:], matrix[:, :3], points).unbind(0)
        hidden = depth <= 0
        return (u / depth).masked_fill_(hidden, FAR_PX), (v / depth).masked_fill_(hidden, FAR_PX), depth
