"""Direct image alignment: the camera from which a picture of known depth would look like a given frame.

Every pixel of the template has a colour and a depth (infinite for far away). The candidate camera is moved until the
frame, sampled where those pixels project to, agrees with them: robust Gauss–Newton from coarse to fine, with brightness
and contrast left free. Source: Lucas and Kanade, 1981; Baker and Matthews, "Lucas-Kanade 20 Years On", 2004 (forward
additive); inverse depth as in Engel et al., "Direct Sparse Odometry", 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras
from cinescene.cameras.projection import camera_directions, pixel_grid
from cinescene.cameras.transforms import invert_rigid, rigid, rotation_about_axis
from cinescene.tensor_types import Bool, Float, Tensor

COARSEST_SIDE_PX = 24
FINEST_WIDTH_PX = 384
MOST_PIXELS = 8_000
STEPS_A_LEVEL = 20
SMALLEST_STEP = 1e-5
TUKEY_WIDTHS = 4.685
LEAST_SHARE_SEEN = 0.15
NEAR_SHARE = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceView:
    """What a known place looks like from ``camera`` (one, perspective), and how far away it is.

    ``depth`` is z-depth in the world's unit; infinite for what only turning moves (sky, panoramas); NaN, zero or
    negative where the picture shows nothing known.
    """

    image: Float[Tensor, "3 h w"]
    depth: Float[Tensor, "h w"]
    camera: Cameras


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """``world_from_camera`` of the frame; ``correlation`` of luminance over the pixels that both show (−1 to 1).

    ``seen`` is the share of the template's pixels that the frame shows. ``positions_known`` is False for templates with
    nothing at a finite distance, which turning alone aligns.
    """

    world_from_camera: Float[Tensor, "4 4"]
    correlation: float
    seen: float
    positions_known: bool


def align_frame(
    frame: Float[Tensor, "3 h w"],
    view: PlaceView,
    start: Cameras,
    background: Bool[Tensor, "h w"] | None = None,
    levels: slice = slice(None),
) -> Alignment:
    """The camera of ``frame``, sought near ``start`` (one camera, which also gives the frame's lens).

    ``background`` is False where the frame shows a subject. ``levels`` picks levels of the pyramid, coarse first.
    """
    finite = torch.isfinite(view.depth) & (view.depth > 0)
    positions_known = bool(finite.float().mean() > NEAR_SHARE)
    candidate = start.to(dtype=torch.float64).camera_from_world @ view.camera.to(dtype=torch.float64).world_from_camera
    sizes = _pyramid(frame.shape[-1], frame.shape[-2])[levels]
    correlation, seen = -1.0, 0.0
    for width, height in sizes:
        problem = _Problem.at_size(frame, view, start, background, (width, height))
        for _ in range(STEPS_A_LEVEL):
            step = problem.step(candidate, positions_known)
            if step is None:
                break
            candidate = _moved(candidate, step)
            if float(step.abs().max()) < SMALLEST_STEP:
                break
        correlation, seen = problem.agreement(candidate)
    world = view.camera.to(dtype=torch.float64).world_from_camera @ invert_rigid(candidate)
    return Alignment(world_from_camera=world, correlation=correlation, seen=seen, positions_known=positions_known)


def _pyramid(width: int, height: int) -> list[tuple[int, int]]:
    """Sizes, coarse to fine, by halves, the finest not much wider than `FINEST_WIDTH_PX`."""
    scale = min(1.0, FINEST_WIDTH_PX / width)
    sizes = []
    while min(width, height) * scale >= COARSEST_SIDE_PX:
        sizes.append((max(2, round(width * scale)), max(2, round(height * scale))))
        scale /= 2
    return sizes[::-1] or [(width, height)]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Problem:
    """One level: template rays (z = 1), inverse depths and luminances; the frame with its slopes; its lens."""

    rays: Float[Tensor, "n 3"]
    inverse_depth: Float[Tensor, "n"]
    wanted: Float[Tensor, "n"]
    maps: Float[Tensor, "4 h w"]
    intrinsics: Float[Tensor, "3 3"]

    @classmethod
    def at_size(
        cls, frame: Tensor, view: PlaceView, start: Cameras, background: Tensor | None, size: tuple[int, int]
    ) -> _Problem:
        width, height = size
        camera = view.camera.to(dtype=torch.float64).resized(width, height)
        template, seen = _luminance(view.image, size), _luminance(frame, size)
        depth = F.interpolate(view.depth[None, None].double(), size=(height, width), mode="nearest-exact")[0, 0]
        usable = ((depth > 0) & ~torch.isnan(depth)).flatten().nonzero()[:, 0]
        usable = usable[:: -(-len(usable) // MOST_PIXELS) or 1]
        rays = camera_directions(camera, pixel_grid(width, height, torch.float64).reshape(-1, 2))
        kept = torch.ones(1, 1, height, width, dtype=torch.float64)
        if background is not None:
            kept = F.interpolate(background[None, None].double(), size=(height, width), mode="area")
        slope_u, slope_v = torch.gradient(seen)[1], torch.gradient(seen)[0]
        return cls(
            rays=rays[usable],
            inverse_depth=1 / depth.flatten()[usable],
            wanted=template.flatten()[usable],
            maps=torch.stack([seen, slope_u, slope_v, (kept[0, 0] > 0.99).double()]),
            intrinsics=start.to(dtype=torch.float64).resized(width, height).intrinsics_px,
        )

    def _sampled(self, candidate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points in the candidate camera, the frame's maps there (n, 4), and which points it shows."""
        points = self.rays @ candidate[:3, :3].T + self.inverse_depth[:, None] * candidate[:3, 3]
        ahead = points[:, 2] > 1e-6
        pixels = (points / points[:, 2:].clamp_min(1e-6)) @ self.intrinsics.T
        height, width = self.maps.shape[-2:]
        grid = torch.stack([2 * pixels[:, 0] / width - 1, 2 * pixels[:, 1] / height - 1], dim=-1)
        values = F.grid_sample(self.maps[None], grid[None, None], mode="bilinear", align_corners=False)[0, :, 0].T
        inside = ((pixels[:, 0] > 0.5) & (pixels[:, 0] < width - 0.5)) & (
            (pixels[:, 1] > 0.5) & (pixels[:, 1] < height - 0.5)
        )
        return points, values, ahead & inside & (values[:, 3] > 0.99)

    def step(self, candidate: Tensor, with_translation: bool) -> Tensor | None:
        """The robust Gauss–Newton step (turn, shift) in the candidate camera, or None where nothing determines it."""
        points, values, shown = self._sampled(candidate)
        if float(shown.double().mean()) < LEAST_SHARE_SEEN:
            return None
        points, rho, wanted = points[shown], self.inverse_depth[shown], self.wanted[shown]
        seen, slopes = values[shown, 0], values[shown, 1:3]
        gain, offset, weight = _brightness(seen, wanted)
        residual = gain * seen + offset - wanted
        x, y, z = points.unbind(-1)
        fx, skew, fy = self.intrinsics[0, 0], self.intrinsics[0, 1], self.intrinsics[1, 1]
        along_u, along_v = slopes[:, 0] * fx, slopes[:, 0] * skew + slopes[:, 1] * fy
        by_point = torch.stack([along_u / z, along_v / z, -(along_u * x + along_v * y) / z.square()], dim=-1) * gain
        jacobian = torch.linalg.cross(points, by_point)
        if with_translation:
            jacobian = torch.cat([jacobian, rho[:, None] * by_point], dim=-1)
        normal = jacobian.T @ (weight[:, None] * jacobian)
        damping = 1e-4 * torch.diag(normal.diagonal().clamp_min(1e-12))
        try:
            step = -torch.linalg.solve(normal + damping, jacobian.T @ (weight * residual))
        except torch.linalg.LinAlgError:
            return None
        return F.pad(step, (0, 6 - len(step))) if bool(torch.isfinite(step).all()) else None

    def agreement(self, candidate: Tensor) -> tuple[float, float]:
        """Correlation of luminances, and the share of template pixels that the frame shows."""
        _, values, shown = self._sampled(candidate)
        share = float(shown.double().mean()) if len(shown) else 0.0
        if int(shown.sum()) < 16:
            return -1.0, share
        pair = torch.stack([values[shown, 0], self.wanted[shown]])
        pair = pair - pair.mean(1, keepdim=True)
        lengths = pair.norm(dim=1)
        if float(lengths.min()) < 1e-6:
            return -1.0, share
        return float(pair[0] @ pair[1] / lengths.prod()), share


def _brightness(seen: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gain and offset that bring the frame to the template, and Tukey's weight of every pixel."""
    weight = torch.ones_like(seen)
    gain, offset = torch.ones((), dtype=seen.dtype), torch.zeros((), dtype=seen.dtype)
    for _ in range(3):
        total = weight.sum().clamp_min(1e-9)
        middle, target = (weight * seen).sum() / total, (weight * wanted).sum() / total
        spread = (weight * (seen - middle).square()).sum().clamp_min(1e-9)
        gain = ((weight * (seen - middle) * (wanted - target)).sum() / spread).clamp(0.5, 2.0)
        offset = target - gain * middle
        residual = (gain * seen + offset - wanted).abs()
        width = TUKEY_WIDTHS * (1.4826 * residual.median()).clamp_min(2e-3)
        weight = (1 - (residual / width).clamp(max=1).square()).square()
    return gain, offset, weight


def _luminance(image: Tensor, size: tuple[int, int]) -> Float[Tensor, "h w"]:
    luma = (image.double() * image.new_tensor([0.2126, 0.7152, 0.0722]).double()[:, None, None]).sum(0)[None, None]
    scaled = F.interpolate(luma, size=(size[1], size[0]), mode="bilinear", antialias=True, align_corners=False)
    return F.avg_pool2d(F.pad(scaled, (1, 1, 1, 1), mode="replicate"), 3, 1)[0, 0]


def _moved(candidate: Float[Tensor, "4 4"], step: Float[Tensor, "6"]) -> Float[Tensor, "4 4"]:
    angle = step[:3].norm()
    turn = rotation_about_axis(step[:3], angle) if float(angle) > 1e-12 else torch.eye(3, dtype=step.dtype)
    return rigid(turn, step[3:]) @ candidate
