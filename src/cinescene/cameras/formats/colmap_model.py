"""What a COLMAP model holds, whichever way it is stored, and its camera models.

Source: COLMAP's documentation, "Output format", and ``src/colmap/sensor/models.h`` (release 4).
"""

from __future__ import annotations

from dataclasses import dataclass

from cinescene.cameras.formats.distortion import Distorted, Plane, division, field_of_view, radial, radial_tangential
from cinescene.errors import InputError
from cinescene.tensor_types import Float, Int, Tensor, UInt8


@dataclass(frozen=True, kw_only=True)
class CameraModel:
    """One of COLMAP's camera models: its number in binary files and what its parameters are.

    ``focals`` is how many of them are focal lengths (one, or fx and fy); the principal point follows, then
    ``distortion`` further ones for ``plane``, which is None where the model is no distorted pinhole (fisheyes).
    """

    name: str
    number: int
    focals: int
    distortion: int
    plane: Plane | None

    @property
    def parameters(self) -> int:
        return self.focals + 2 + self.distortion


def _model(name: str, number: int, focals: int, distortion: int, plane: Plane | None = None) -> CameraModel:
    return CameraModel(name=name, number=number, focals=focals, distortion=distortion, plane=plane)


CAMERA_MODELS = (
    _model("SIMPLE_PINHOLE", 0, 1, 0, radial),
    _model("PINHOLE", 1, 2, 0, radial),
    _model("SIMPLE_RADIAL", 2, 1, 1, radial),
    _model("RADIAL", 3, 1, 2, radial),
    _model("OPENCV", 4, 2, 4, radial_tangential),
    _model("OPENCV_FISHEYE", 5, 2, 4),
    _model("FULL_OPENCV", 6, 2, 8, radial_tangential),
    _model("FOV", 7, 2, 1, field_of_view),
    _model("SIMPLE_RADIAL_FISHEYE", 8, 1, 1),
    _model("RADIAL_FISHEYE", 9, 1, 2),
    _model("THIN_PRISM_FISHEYE", 10, 2, 8),
    _model("RAD_TAN_THIN_PRISM_FISHEYE", 11, 2, 12),
    _model("SIMPLE_DIVISION", 12, 1, 1, division),
    _model("DIVISION", 13, 2, 1, division),
    _model("SIMPLE_FISHEYE", 14, 1, 0),
    _model("FISHEYE", 15, 2, 0),
    _model("EUCM", 16, 2, 2),
)
MODEL_BY_NAME = {model.name: model for model in CAMERA_MODELS}
MODEL_BY_NUMBER = {model.number: model for model in CAMERA_MODELS}


def model_named(key: str | int, where: str) -> CameraModel:
    """The camera model of a name (text files) or number (binary files); raises `InputError` for an unknown one."""
    model = MODEL_BY_NAME.get(key) if isinstance(key, str) else MODEL_BY_NUMBER.get(key)
    if model is None:
        panorama = key in ("EQUIRECTANGULAR", 17)
        hint = "; a panorama is no pinhole lens: cut it into views first" if panorama else ""
        raise InputError(f"{where}: unknown camera model {key!r}{hint}")
    return model


@dataclass(frozen=True, kw_only=True)
class ColmapCamera:
    """A lens: its model, picture size and the model's parameters; ``where`` is its place in the file."""

    model: CameraModel
    size_px: tuple[int, int]
    parameters: tuple[float, ...]
    where: str

    def lens(self) -> Distorted:
        """The parameters by their meaning."""
        focals = self.model.focals
        return Distorted(
            name=self.model.name,
            plane=self.model.plane,
            parameters=self.parameters[focals + 2 :],
            focal_px=(self.parameters[0], self.parameters[focals - 1]),
            centre_px=(self.parameters[focals], self.parameters[focals + 1]),
            size_px=self.size_px,
        )


@dataclass(frozen=True, kw_only=True)
class ColmapImage:
    """A picture's pose: camera-from-world quaternion ``(w, x, y, z)`` and translation; ``where`` is its place."""

    quaternion: tuple[float, ...]
    translation: tuple[float, ...]
    camera_id: int
    name: str
    where: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ColmapPoints:
    """The sparse points of a model, in the model's own world and units.

    ``colours`` are sRGB; ``error_px`` is the mean reprojection error (−1 where COLMAP has none); ``seen_by`` is the
    number of pictures that a point was seen in.
    """

    positions: Float[Tensor, "n 3"]
    colours: UInt8[Tensor, "n 3"]
    error_px: Float[Tensor, "n"]
    seen_by: Int[Tensor, "n"]
