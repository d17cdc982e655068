"""Camera poses by structure from motion, with pycolmap: the way for clips of places that nobody measured.

SIFT features, sequential matching and incremental or global mapping (Schönberger and Frahm, 2016; Pan et al., GLOMAP,
2024), with the wanted lens kept fixed. The world and unit are its own.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from cinescene.cameras import Cameras
from cinescene.cameras.transforms import invert_rigid
from cinescene.errors import InputError
from cinescene.evaluation.poses.estimate import PoseEstimate, unposed_estimate
from cinescene.scene.around.features import load_pycolmap
from cinescene.tensor_types import Bool, Tensor, UInt8

FEWEST_POSED = 3


@dataclass(frozen=True, kw_only=True)
class ColmapOptions:
    """``mapper`` builds the reconstruction; ``overlap`` is how many following frames each one is matched with."""

    mapper: Literal["incremental", "global"] = "incremental"
    overlap: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mapper not in ("incremental", "global"):
            raise InputError(f"colmap: expected the mapper 'incremental' or 'global', got {self.mapper!r}")
        if self.overlap < 1:
            raise InputError(f"colmap: expected an overlap of at least 1 frame, got {self.overlap}")


@dataclass(frozen=True, kw_only=True)
class ColmapPoses:
    """The pose estimator of pycolmap; see `PoseEstimator`."""

    options: ColmapOptions = ColmapOptions()

    def __call__(
        self, frames: UInt8[Tensor, "t 3 h w"], wanted: Cameras, background: Bool[Tensor, "t h w"] | None = None
    ) -> PoseEstimate:
        pycolmap = load_pycolmap()
        method = f"pycolmap {pycolmap.__version__}, {self.options.mapper} mapping, lens known"
        if len(frames) < FEWEST_POSED:
            return unposed_estimate(len(frames), "own", method, f"structure from motion needs {FEWEST_POSED} frames")
        with tempfile.TemporaryDirectory(prefix="cinescene-colmap-") as folder:
            models = _reconstruct(pycolmap, Path(folder), frames, wanted, background, self.options)
        return _estimate(models, len(frames), method)


def _reconstruct(
    pycolmap: Any,
    folder: Path,
    frames: Tensor,
    wanted: Cameras,
    background: Tensor | None,
    options: ColmapOptions,
) -> list[Any]:
    """All reconstructions found, the largest first; empty where pycolmap finds none.

    The same frames give the same result: pictures are numbered before threads share them, every random sample is drawn
    from the seed, and matching and mapping keep to one thread, since the order of a sum decides a bundle adjustment's
    last digits and those which pair of frames it starts from.
    """
    database, pictures, masks = folder / "database.db", folder / "pictures", folder / "masks"
    _write_pictures(pictures, masks, frames, background)
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "PINHOLE"
    reader.camera_params = ",".join(f"{value:.9g}" for value in _lens(wanted))
    if background is not None:
        reader.mask_path = str(masks)
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.num_threads = torch.get_num_threads()
    extraction.use_gpu = False
    single = pycolmap.CameraMode.SINGLE
    pycolmap.Database.open(str(database)).close()
    pycolmap.import_images(database, pictures, camera_mode=single, options=reader)
    pycolmap.extract_features(
        database, pictures, camera_mode=single, reader_options=reader, extraction_options=extraction
    )
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = 1
    matching.use_gpu = False
    pairing = pycolmap.SequentialPairingOptions()
    pairing.overlap = options.overlap
    pairing.quadratic_overlap = True
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = options.seed
    pycolmap.match_sequential(
        database, matching_options=matching, pairing_options=pairing, verification_options=verification
    )
    models = _map(pycolmap, database, pictures, folder / "models", options)
    return sorted(models.values(), key=lambda model: -model.num_reg_images())


def _map(pycolmap: Any, database: Path, pictures: Path, out: Path, options: ColmapOptions) -> dict[int, Any]:
    out.mkdir()
    try:
        if options.mapper == "global":
            glomap = pycolmap.GlobalPipelineOptions()
            glomap.num_threads = glomap.mapper.num_threads = 1
            glomap.random_seed = glomap.mapper.random_seed = options.seed
            return dict(pycolmap.global_mapping(database, pictures, out, options=glomap))
        pipeline = pycolmap.IncrementalPipelineOptions()
        pipeline.num_threads = pipeline.mapper.num_threads = 1
        pipeline.random_seed = pipeline.mapper.random_seed = pipeline.triangulation.random_seed = options.seed
        pipeline.min_model_size = FEWEST_POSED
        pipeline.ba_refine_focal_length = False
        pipeline.ba_refine_principal_point = False
        pipeline.ba_refine_extra_params = False
        found: dict[int, Any] = pycolmap.incremental_mapping(database, pictures, out, options=pipeline)
    except (RuntimeError, ValueError):
        return {}
    return found


def _write_pictures(pictures: Path, masks: Path, frames: Tensor, background: Tensor | None) -> None:
    pictures.mkdir()
    masks.mkdir()
    for index, frame in enumerate(frames):
        name = f"{index:05d}.png"
        Image.fromarray(np.ascontiguousarray(frame.movedim(0, -1).numpy())).save(pictures / name, compress_level=1)
        if background is not None:
            mask = background[index].numpy().astype(np.uint8) * 255
            Image.fromarray(mask).save(masks / f"{name}.png", compress_level=1)


def _lens(wanted: Cameras) -> list[float]:
    """fx, fy, cx, cy: of the first frame; COLMAP's pixel centres lie at +0.5 too."""
    intrinsics = wanted.intrinsics_px[0]
    return [float(intrinsics[index]) for index in ((0, 0), (1, 1), (0, 2), (1, 2))]


def _estimate(models: list[Any], count: int, method: str) -> PoseEstimate:
    if not models or models[0].num_reg_images() < FEWEST_POSED:
        return unposed_estimate(
            count, "own", method, "no reconstruction: too little texture, too little travel, or frames that disagree"
        )
    poses, posed = torch.eye(4, dtype=torch.float64).repeat(count, 1, 1), torch.zeros(count, dtype=torch.bool)
    for image in models[0].images.values():
        if not image.has_pose:
            continue
        index = int(Path(image.name).stem)
        camera_from_world = torch.eye(4, dtype=torch.float64)
        camera_from_world[:3] = torch.from_numpy(np.array(image.cam_from_world().matrix()))
        poses[index], posed[index] = invert_rigid(camera_from_world), True
    parts = f"; {len(models)} reconstructions do not connect, the largest is used" if len(models) > 1 else ""
    error_px = models[0].compute_mean_reprojection_error()
    notes = (f"{int(posed.sum())} of {count} frames posed, reprojection error {error_px:.2g} px{parts}",)
    return PoseEstimate(world_from_camera=poses, posed=posed, world="own", method=method, notes=notes)
