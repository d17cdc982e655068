"""Shapes and units that every public signature uses.

Axis names, the same everywhere:

====  ==========================================================
b     batch
v     scene view (a photo, or a crop of a panorama)
t     frame in time
c     channel of a picture or latent
h w   height and width
n     token, or point
d     feature channel of a token
====  ==========================================================

Pictures are RGB, float, [0, 1], channels first, sRGB. Depth is z-depth in scene units. Matrices are named by what they
do: ``world_from_camera`` maps camera coordinates to world coordinates. Cameras are OpenCV: +x right, +y down, +z
forward. See ``docs/conventions.md``.
"""

from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

__all__ = ["Bool", "Float", "Int", "Tensor", "UInt8"]
