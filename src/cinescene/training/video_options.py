"""`VideoOptions`: how clips become training samples of the video transformer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from cinescene.errors import InputError


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """How clips become training samples.

    ``shift``
        Time shift of the noise levels.
    ``views``
        Fewest and most scene views a sample; how many is drawn anew each time.
    ``start_view_first``
        The view nearest the start of the shot comes first and stays there, the others are shuffled (paper). Otherwise
        all are shuffled, and none need look where the shot begins.
    ``shuffle_views``
        Whether views come in a random order; otherwise in that of the layout (the paper's ablation).
    ``place_only``
        Share of the run at its beginning in which all clips are without their subject (the curriculum).
    ``empty``
        Share of samples without their subject after that.
    ``drop_text``, ``drop_scene``, ``drop_views``, ``drop_previz``, ``drop_camera``
        Shares of samples that lose the text; views and previz; views alone; previz alone; the camera path.
    ``drop_stand_ins``
        Share of samples with a subject whose previz shows no stand-in for it.
    ``crop``
        Rows and columns of the latent cells that samples are cut to, most of them around a cell that the subject
        changes; scene views are left out then. Small pieces teach what subjects look like several times faster than
        whole pictures, which have to follow.
    ``measure_prior``
        Whether a model that training goes on from has its prior measured anew, as another kind of previz wants it.
    ``robust``
        Error in latent units beyond which the loss grows with it and no longer with its square; 0: never.
    ``background_weight``
        How much more than 1 the cells count that the subject leaves alone; 0 is the plain loss.
    ``subject_weight``
        How much more than 1 the cells count that the subject changes; 0 is the plain loss.
    ``depth_weight``
        Of the depth that geometry tokens must tell (`cinescene.training.depth_loss`), for data with exact distances.
    """

    shift: float = 3.0
    views: tuple[int, int] = (4, 8)
    start_view_first: bool = False
    shuffle_views: bool = True
    place_only: float = 0.2
    empty: float = 0.25
    drop_text: float = 0.1
    drop_scene: float = 0.08
    drop_views: float = 0.1
    drop_previz: float = 0.12
    drop_camera: float = 0.03
    drop_stand_ins: float = 0.15
    crop: tuple[int, int] | None = None
    measure_prior: bool = False
    robust: float = 0.0
    background_weight: float = 0.0
    subject_weight: float = 0.0
    depth_weight: float = 0.0

    def __post_init__(self) -> None:
        low, high = self.views
        if not 1 <= low <= high:
            raise InputError(f"views: expected two numbers, at least 1 and rising, got {low} and {high}")
        for field in dataclasses.fields(self):
            if field.name.startswith("drop_") or field.name in ("place_only", "empty"):
                value = getattr(self, field.name)
                if not 0 <= value <= 1:
                    raise InputError(f"{field.name}: expected 0 to 1, got {value}")
