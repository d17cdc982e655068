"""The camera head, and what its nine numbers a view mean."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from cinescene.cameras.camera import Cameras, intrinsics_matrix
from cinescene.cameras.transforms import invert_rigid, quaternion_from_rotation, rigid, rotation_from_quaternion
from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.layers import Block, Mlp
from cinescene.tensor_types import Float, Tensor

ENCODING = 9
MODULATION_EPS = 1e-6
FIELD_OF_VIEW_RAD = (math.radians(1), math.radians(170))
"""Fields of view that `cameras_from_encoding` accepts; predictions beyond are moved to the nearer end."""
START_FIELD_OF_VIEW_RAD = 1.0


class CameraHead(nn.Module):
    """Camera tokens to pose encodings by repeated refinement.

    Source: Wang et al., "VGGT", CVPR 2025, section 3.3; adaptive normalisation as in Peebles and Xie, "Scalable
    diffusion models with transformers", 2023. Each round starts from the previous encoding, through which no
    gradient flows (as in Teed and Deng, "RAFT", 2020).
    """

    def __init__(self, config: VggtConfig) -> None:
        super().__init__()
        width = 2 * config.width
        self.rounds = config.camera_rounds
        self.token_norm = nn.LayerNorm(width)
        self.trunk_norm = nn.LayerNorm(width)
        self.empty_pose_tokens = nn.Parameter(torch.zeros(1, 1, ENCODING))
        self.embed_pose = nn.Linear(ENCODING, width)
        self.poseLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 3 * width))
        self.trunk = nn.Sequential(
            *(
                Block(width, config.camera_heads, config.mlp_ratio, config.layer_scale)
                for _ in range(config.camera_depth)
            )
        )
        self.pose_branch = Mlp(width, width // 2, ENCODING)

    def forward(self, camera_tokens: Float[Tensor, "b v d"]) -> Float[Tensor, "r b v 9"]:
        """Encodings after each round, the last one being the result (see `cameras_from_encoding`)."""
        tokens = self.token_norm(camera_tokens)
        running: Tensor | None = None
        rounds = []
        for _ in range(self.rounds):
            previous = self.empty_pose_tokens.expand(*tokens.shape[:2], -1) if running is None else running.detach()
            shift, scale, gate = self.poseLN_modulation(self.embed_pose(previous)).chunk(3, dim=-1)
            modulated = F.layer_norm(tokens, tokens.shape[-1:], eps=MODULATION_EPS) * (1 + scale) + shift
            change = self.pose_branch(self.trunk_norm(self.trunk(tokens + gate * modulated)))
            running = change if running is None else previous + change
            rounds.append(torch.cat([running[..., :7], F.relu(running[..., 7:])], dim=-1))
        return torch.stack(rounds)

    def initialise(self, generator: torch.Generator | None) -> None:
        """Start values of what is no layer; the first cameras look ahead through lenses of about 57°."""
        nn.init.normal_(self.empty_pose_tokens, std=0.02, generator=generator)
        start = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, START_FIELD_OF_VIEW_RAD, START_FIELD_OF_VIEW_RAD]
        with torch.no_grad():
            self.pose_branch.fc2.bias.copy_(torch.tensor(start) / self.rounds)


def camera_from_world_of(encoding: Float[Tensor, "*b 9"]) -> Float[Tensor, "*b 4 4"]:
    """Camera-from-world matrices (OpenCV) of pose encodings.

    The encoding is translation (3), quaternion (4, scalar last, any length but zero), vertical and horizontal field of
    view in radians.
    """
    quaternion = torch.cat([encoding[..., 6:7], encoding[..., 3:6]], dim=-1)
    return rigid(rotation_from_quaternion(quaternion), encoding[..., :3])


def intrinsics_of(encoding: Float[Tensor, "*b 9"], width_px: int, height_px: int) -> Float[Tensor, "*b 3 3"]:
    """Intrinsics in pixels of pose encodings; the principal point is the centre. Not checked (see below)."""
    half = encoding.new_tensor([width_px / 2, height_px / 2])
    focal = half / torch.tan(encoding[..., [8, 7]] / 2)
    return intrinsics_matrix(focal[..., 0], focal[..., 1], width_px / 2, height_px / 2)


def cameras_from_encoding(encoding: Float[Tensor, "*b v 9"], width_px: int, height_px: int) -> Cameras:
    """The predicted cameras, in the frame of the first view, which becomes the identity exactly.

    Fields of view are kept within 1° … 170°, so that an untrained model also gives cameras.
    """
    fields = encoding[..., 7:].clamp(*FIELD_OF_VIEW_RAD)
    intrinsics = intrinsics_of(torch.cat([encoding[..., :7], fields], dim=-1), width_px, height_px)
    camera_from_world = camera_from_world_of(encoding)
    return Cameras(
        world_from_camera=camera_from_world[..., :1, :, :] @ invert_rigid(camera_from_world),
        intrinsics_px=intrinsics,
        image_size_px=torch.tensor([width_px, height_px], device=encoding.device),
    )


def encoding_from_cameras(cameras: Cameras) -> Float[Tensor, "*b v 9"]:
    """The encoding of known cameras (the training target), in the frame of the first one; centred lenses assumed."""
    camera_from_world = cameras.relative_to(cameras[..., :1]).camera_from_world
    quaternion = quaternion_from_rotation(camera_from_world[..., :3, :3])
    size = cameras.image_size_px.to(cameras.dtype)
    fields = 2 * torch.atan(size / 2 / cameras.focal_px)
    return torch.cat([camera_from_world[..., :3, 3], quaternion[..., 1:], quaternion[..., :1], fields.flip(-1)], dim=-1)
