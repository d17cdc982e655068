"""glTF animation samplers and node hierarchies, evaluated at any times. Source: glTF 2.0, appendix C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinescene.cameras.formats.documents import Field
from cinescene.cameras.formats.gltf_file import GltfFile
from cinescene.errors import GeometryError, InputError

_WIDTHS = {"translation": 3, "rotation": 4, "scale": 3, "yfov": 1, "aspectRatio": 1}
_DEFAULTS = {"translation": [0.0, 0, 0], "rotation": [0.0, 0, 0, 1], "scale": [1.0, 1, 1]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A sampler: values at increasing times, held before the first and after the last."""

    times: np.ndarray
    values: np.ndarray
    interpolation: str
    is_rotation: bool

    @classmethod
    def read(cls, file: GltfFile, sampler: Field, quantity: str) -> Curve:
        """A sampler of the file; raises `InputError` where its times or values do not fit each other."""
        times = file.accessor(sampler["input"])[:, 0]
        values = file.accessor(sampler["output"])
        stated = sampler.optional("interpolation")
        interpolation = "LINEAR" if stated is None else stated.text()
        if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
            raise InputError(f"{sampler.where}: unknown interpolation {interpolation!r}")
        rows = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
        if values.shape != (rows, _WIDTHS[quantity]):
            raise InputError(
                f"{sampler.where}: expected {rows} values of {_WIDTHS[quantity]} numbers for {quantity}, got "
                f"{values.shape[0]} of {values.shape[1]}"
            )
        if not (np.isfinite(times).all() and np.isfinite(values).all()):
            raise GeometryError(f"{sampler.where}: expected finite numbers, got NaN or infinity")
        if not (np.diff(times) > 0).all():
            raise InputError(f"{sampler.where}: expected times that increase from key to key")
        return cls(times=times, values=values, interpolation=interpolation, is_rotation=quantity == "rotation")

    def at(self, times: np.ndarray) -> np.ndarray:
        """Values at the times, (t, components); rotations as unit quaternions (x, y, z, w)."""
        if len(self.times) == 1:
            values = self.values[1:2] if self.interpolation == "CUBICSPLINE" else self.values
            return _unit(np.repeat(values, len(times), 0)) if self.is_rotation else np.repeat(values, len(times), 0)
        clamped = np.clip(times, self.times[0], self.times[-1])
        i = np.clip(np.searchsorted(self.times, clamped, side="right") - 1, 0, len(self.times) - 2)
        span = self.times[i + 1] - self.times[i]
        s = ((clamped - self.times[i]) / span)[:, None]
        if self.interpolation == "STEP":
            values = np.where(s >= 1, self.values[i + 1], self.values[i])
        elif self.interpolation == "CUBICSPLINE":
            values = self._cubic(i, s, span[:, None])
        elif self.is_rotation:
            return _slerp(_unit(self.values[i]), _unit(self.values[i + 1]), s)
        else:
            values = (1 - s) * self.values[i] + s * self.values[i + 1]
        return _unit(values) if self.is_rotation else values

    def _cubic(self, i: np.ndarray, s: np.ndarray, span: np.ndarray) -> np.ndarray:
        arriving, points, leaving = self.values[0::3], self.values[1::3], self.values[2::3]
        return (
            (2 * s**3 - 3 * s**2 + 1) * points[i]
            + span * (s**3 - 2 * s**2 + s) * leaving[i]
            + (3 * s**2 - 2 * s**3) * points[i + 1]
            + span * (s**3 - s**2) * arriving[i + 1]
        )


def _unit(quaternions: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    if not (lengths > 1e-6).all():
        raise GeometryError("glTF: expected unit quaternions for rotations, got one of length zero")
    return quaternions / lengths


def _slerp(first: np.ndarray, second: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Spherical interpolation of unit quaternions along the shorter arc."""
    cosine = (first * second).sum(-1, keepdims=True)
    second = np.where(cosine < 0, -second, second)
    angle = 2 * np.arctan2(
        np.linalg.norm(second - first, axis=-1, keepdims=True), np.linalg.norm(second + first, axis=-1, keepdims=True)
    )
    sine = np.sin(angle)
    small = sine < 1e-9
    safe = np.where(small, 1.0, sine)
    weight_first = np.where(small, 1 - s, np.sin((1 - s) * angle) / safe)
    weight_second = np.where(small, s, np.sin(s * angle) / safe)
    return _unit(weight_first * first + weight_second * second)


def rotations(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (t, 3, 3) of unit quaternions (x, y, z, w)."""
    x, y, z, w = _unit(quaternions).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def node_matrices(node: Field, curves: dict[str, Curve], times: np.ndarray) -> np.ndarray:
    """Local transforms (t, 4, 4) of a node: its curves where it has them, otherwise what it states."""
    matrix = node.optional("matrix")
    if matrix is not None and not curves:
        return np.repeat(matrix.numbers(16).reshape(1, 4, 4).transpose(0, 2, 1), len(times), 0)
    parts = {}
    for quantity, default in _DEFAULTS.items():
        if quantity in curves:
            parts[quantity] = curves[quantity].at(times)
        else:
            stated = node.optional(quantity)
            value = np.array(default) if stated is None else stated.numbers(len(default))
            parts[quantity] = np.repeat(value[None], len(times), 0)
    result = np.zeros((len(times), 4, 4))
    result[:, :3, :3] = rotations(parts["rotation"]) * parts["scale"][:, None, :]
    result[:, :3, 3] = parts["translation"]
    result[:, 3, 3] = 1
    return result
