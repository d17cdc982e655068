"""Which pose estimator a clip's inputs allow."""

from __future__ import annotations

from cinescene.errors import InputError
from cinescene.evaluation.clip_inputs import ClipInputs
from cinescene.evaluation.clip_job import ScoreOptions
from cinescene.evaluation.poses.colmap import ColmapPoses
from cinescene.evaluation.poses.estimate import PoseEstimator
from cinescene.evaluation.poses.known_place import KnownPlacePoses, panorama_place, recorded_place
from cinescene.scene.geometry import DepthViews


def choose_poses(inputs: ClipInputs, options: ScoreOptions, numbers: tuple[int, ...]) -> PoseEstimator:
    """The estimator that the options ask for, or with ``auto`` the most exact one that the inputs allow.

    ``numbers`` are the frames that will be posed. Raises `InputError` where the inputs lack what was asked for and
    `MissingDependencyError` where a package is missing.
    """
    wanted = options.poses
    if wanted == "auto":
        wanted = "place" if inputs.depth is not None else "panorama" if inputs.panorama is not None else "colmap"
    if wanted == "place":
        if inputs.depth is None or inputs.reference is None or inputs.cameras is None:
            raise InputError("poses by comparison with the place need the subject-free clip, its depth and its camera")
        views = DepthViews(
            images=inputs.reference[list(numbers)].float() / 255,
            cameras=inputs.cameras[list(numbers)],
            depth=inputs.depth[list(numbers)],
        )
        return KnownPlacePoses(look=recorded_place(views), name="comparison with the subject-free clip and its depth")
    if wanted == "panorama":
        if inputs.panorama is None:
            raise InputError("poses by comparison with a panorama need one (--scene)")
        return KnownPlacePoses(
            look=panorama_place(inputs.panorama), name="comparison with the panorama (turning)", numbers=numbers
        )
    if wanted == "vggt":
        from cinescene.evaluation.poses.vggt import VggtPoses
        from cinescene.scene.vggt import load_vggt

        assert options.vggt is not None
        return VggtPoses(model=load_vggt(options.vggt, point_head=False), name=f"VGGT ({options.vggt})")
    return ColmapPoses()
