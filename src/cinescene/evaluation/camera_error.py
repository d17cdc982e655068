"""RotErr, TransErr and CamMC: how far a clip's camera is from the one that was asked for.

With (Rᵢ, tᵢ) the camera-to-world rotation and position of frame i after alignment (`path_alignment`):

- RotErrᵢ = arccos((trace(Rᵢ R̂ᵢᵀ) − 1) / 2), computed without the loss of digits near 0;
- TransErrᵢ = ‖tᵢ − t̂ᵢ‖₂;
- CamMCᵢ = ‖[Rᵢ | tᵢ] − [R̂ᵢ | t̂ᵢ]‖_F, over the 3×4 matrices.

Sources: RotErr and TransErr: CameraCtrl (He et al., 2024, section 5.1); CamMC: MotionCtrl (Wang et al., 2023) in the
form of CamI2V (Zheng et al., 2024). CameraCtrl and CamI2V **sum** over a clip's frames and give RotErr in radians;
ReCamMaster and the CineScene paper give degrees. Both the mean over frames (in degrees) and the sum are given here, and
the sum with ``furthest`` alignment in radians (`cami2v_error`) is what CamI2V's published program computes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cinescene.cameras.transforms import check_rigid, rotation_angle
from cinescene.errors import InputError
from cinescene.evaluation.path_alignment import PathShape, Rule, align_paths, path_length, path_shape
from cinescene.tensor_types import Bool, Float, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraError:
    """The error of each posed frame, and how many there were.

    ``rotation_deg`` in degrees; ``translation`` and ``matrix`` in the wanted path's unit (metres, in our sets), or in
    shares with ``furthest`` alignment; NaN where nothing fixes the estimate's scale. ``frames`` are the indices of the
    posed frames, ``unposed`` of the others. ``shape`` is that of the wanted path. ``notes`` flag what was degenerate.
    """

    rotation_deg: Float[Tensor, "k"]
    translation: Float[Tensor, "k"]
    matrix: Float[Tensor, "k"]
    frames: tuple[int, ...]
    unposed: tuple[int, ...]
    rule: Rule
    scale: float
    shape: PathShape
    wanted_length: float
    notes: tuple[str, ...]

    def means(self) -> dict[str, float]:
        """Means over the posed frames, and TransErr as a share of the wanted path's length; NaN where unknown.

        The length is that between posed frames: where but one is posed, there is none.
        """
        translation = _mean(self.translation)
        moving = self.shape in ("straight", "curved") and self.wanted_length > 0
        return {
            "rot_err_deg": _mean(self.rotation_deg),
            "trans_err": translation,
            "trans_err_share": translation / self.wanted_length if moving else math.nan,
            "cam_mc": _mean(self.matrix),
        }

    def sums(self) -> dict[str, float]:
        """Sums over the posed frames; compare only between clips with equally many."""
        return {
            "rot_err_deg": float(self.rotation_deg.sum()),
            "trans_err": float(self.translation.sum()),
            "cam_mc": float(self.matrix.sum()),
        }


def camera_error(
    estimated: Float[Tensor, "t 4 4"],
    wanted: Float[Tensor, "u 4 4"],
    rule: Rule = "first-frame",
    posed: Bool[Tensor, "u"] | Sequence[bool] | None = None,
) -> CameraError:
    """Errors of estimated against wanted ``world_from_camera``, of the frames that are ``posed`` (all by default).

    Unposed frames are left out of the errors and listed. Raises `InputError` for paths of different lengths or an
    unknown rule and `GeometryError` for matrices that are not rigid.
    """
    if len(estimated) != len(wanted):
        raise InputError(
            f"camera error: expected as many estimated as wanted cameras, got {len(estimated)} and {len(wanted)}"
        )
    known = torch.ones(len(wanted), dtype=torch.bool) if posed is None else torch.as_tensor(posed, dtype=torch.bool)
    check_rigid(wanted, "wanted world_from_camera")
    check_rigid(estimated[known], "estimated world_from_camera")
    frames = tuple(known.nonzero()[:, 0].tolist())
    unposed = tuple((~known).nonzero()[:, 0].tolist())
    if not frames:
        return _nothing_posed(wanted, rule, unposed)
    aligned = align_paths(estimated[known], wanted[known], rule)
    notes = list(aligned.notes)
    if unposed:
        notes.append(f"{len(unposed)} of {len(wanted)} frames could not be posed and count in no error")
        if 0 in unposed and rule in ("first-frame", "furthest"):
            notes.append(f"the first frame could not be posed; paths are taken relative to frame {frames[0]}")
    rotation, translation, matrix = _errors(aligned.estimated, aligned.wanted)
    unknown = torch.full_like(translation, torch.nan)
    return CameraError(
        rotation_deg=rotation,
        translation=translation if aligned.translation_known else unknown,
        matrix=matrix if aligned.translation_known else unknown,
        frames=frames,
        unposed=unposed,
        rule=rule,
        scale=aligned.scale,
        shape=path_shape(wanted),
        wanted_length=path_length(aligned.wanted),
        notes=tuple(notes),
    )


def cami2v_error(estimated: Float[Tensor, "t 4 4"], wanted: Float[Tensor, "t 4 4"]) -> dict[str, float]:
    """RotErr (radians), TransErr and CamMC summed over frames with ``furthest`` alignment, as CamI2V reports them."""
    sums = camera_error(estimated, wanted, "furthest").sums()
    return {
        "rot_err_rad": math.radians(sums["rot_err_deg"]),
        "trans_err": sums["trans_err"],
        "cam_mc": sums["cam_mc"],
    }


def _errors(estimated: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    turn = rotation_angle(estimated[:, :3, :3] @ wanted[:, :3, :3].mT)
    translation = (estimated[:, :3, 3] - wanted[:, :3, 3]).norm(dim=-1)
    matrix = (estimated - wanted)[:, :3].flatten(1).norm(dim=-1)
    return torch.rad2deg(turn), translation, matrix


def _nothing_posed(wanted: Tensor, rule: Rule, unposed: tuple[int, ...]) -> CameraError:
    nothing = torch.zeros(0, dtype=torch.float64)
    return CameraError(
        rotation_deg=nothing,
        translation=nothing,
        matrix=nothing,
        frames=(),
        unposed=unposed,
        rule=rule,
        scale=1.0,
        shape=path_shape(wanted),
        wanted_length=path_length(wanted),
        notes=("no frame could be posed; there is no camera error",),
    )


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else math.nan
