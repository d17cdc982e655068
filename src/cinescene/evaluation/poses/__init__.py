"""Estimating where each frame of a clip was taken from: one interface, several ways.

`PoseEstimator` is a callable: frames (t, 3, h, w), the wanted cameras → `PoseEstimate`. The wanted cameras give the
lens and, where an estimator searches near them, the start; they are never the answer. Frames without one are marked.
"""

from cinescene.evaluation.poses.estimate import PoseEstimate, PoseEstimator

__all__ = ["PoseEstimate", "PoseEstimator"]
