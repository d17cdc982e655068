"""What training computes of every clip before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from cinescene.errors import InputError

PREVIZ_KINDS = ("standin", "relief", "vggt")


@dataclass(frozen=True, kw_only=True)
class EncodingOptions:
    """What is computed of every clip.

    ``windows``
        Windows of the clip's frames: the first starts at its first frame, others at random ones.
    ``mirrored``
        Whether every window also comes mirrored, with left and right exchanged in its caption.
    ``previz``
        Kinds of previz: ``standin`` (flat ground and dome), ``relief`` (distances estimated from the panorama; the
        stand-in without a network for it) and ``vggt`` (estimated depth).
    ``stand_ins``
        Whether every previz also comes with stand-in actors, for clips of which it is recorded who does what.
    ``dome_radius_m``
        Of the stand-in.
    ``camera_height_m``
        Assumed of a panorama whose own height above the ground is not recorded.
    """

    windows: int = 1
    mirrored: bool = False
    previz: tuple[str, ...] = ("standin", "vggt")
    stand_ins: bool = False
    dome_radius_m: float = 15.0
    camera_height_m: float = 1.6

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.previz if kind not in PREVIZ_KINDS]
        if unknown or not self.previz:
            raise InputError(
                f"encoding: previz: expected one or more of {', '.join(PREVIZ_KINDS)}, got {unknown or 'none'}"
            )
