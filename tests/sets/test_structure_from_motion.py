"""Somebody else's eyes: structure from motion, told nothing of lens or path, finds the cameras of rendered clips.

pycolmap reads PNG files, extracts, matches and maps by itself; only the camera model's name is given. What pictures
alone leave open is one similarity: its rotation is the mean of the cameras' own, its scale and shift are least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from cinescene.evaluation.path_alignment import path_length
from cinescene.sets.description import KINDS, SetDescription
from cinescene.sets.generate import generate_set
from cinescene.sets.renderer import Renderer
from cinescene.sets.shot_rules import ShotRules
from cinescene.sets.shots import PlannedShot, plan_shot
from cinescene.sets.stage import build_stage, free_space

WIDTH, HEIGHT, FRAMES = 672, 384, 41
LEAST_TRAVEL_M = 1.5
"""Clips that travel less have too little parallax for a reconstruction without hints."""

TEXTURED = (1, 3, 5, 6, 12, 19)
"""A warehouse, a crossing, a gallery, a cloister, a dining room and an avenue; other sets: docs/sets_measured.md."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", TEXTURED)
def test_the_path_is_found_without_hints(
    seed: int, shared_renderer: Callable[..., Renderer], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    pycolmap = pytest.importorskip("pycolmap", reason="needs cinescene[eval]")
    pycolmap.logging.minloglevel = pycolmap.logging.FATAL.value
    description = generate_set(seed, KINDS[seed % len(KINDS)])
    one = shared_renderer(WIDTH, HEIGHT)
    one.load(build_stage(description))
    shot = travelling_shot(description, seed)
    cameras = shot.track().cameras()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(FRAMES):
        colour = one.render(cameras[index]).colour.movedim(0, -1).numpy()
        Image.fromarray(np.ascontiguousarray(colour)).save(pictures / f"{index:05d}.png", compress_level=1)

    found = reconstructed(pycolmap, pictures, tmp_path)
    assert sorted(found) == list(range(FRAMES))
    turns_deg, shifts_m = differences(
        np.stack([found[index] for index in range(FRAMES)]), cameras.world_from_camera.numpy()
    )
    share = shifts_m.mean() / path_length(cameras.world_from_camera)
    record_property("rotation_deg", f"mean {turns_deg.mean():.4f}, largest {turns_deg.max():.4f}")
    record_property("position", f"mean {100 * share:.3f} % of the path")
    print(
        f"{description.flavour}, {shot.kind}, {path_length(cameras.world_from_camera):.1f} m, "
        f"{shot.view_change_deg:.0f}° of turn: rotation {turns_deg.mean():.3f}° (largest {turns_deg.max():.3f}°), "
        f"position {100 * share:.3f} % of the path"
    )
    assert turns_deg.mean() < 0.1
    assert share < 0.005


def travelling_shot(description: SetDescription, seed: int) -> PlannedShot:
    rules = ShotRules(
        frames=FRAMES, frame_rate=8.0, width_px=WIDTH, height_px=HEIGHT, kinds=("arc", "spline"), lens_mm=(18.0, 35.0)
    )
    space = free_space(description)
    for index in range(40):
        shot = plan_shot(description, rules, seed, index, space=space)
        lens = shot.track().cameras().intrinsics_px[:, 0, 0]
        if path_length(shot.track().world_from_camera) >= LEAST_TRAVEL_M and bool((lens == lens[0]).all()):
            return shot
    raise AssertionError("no shot of this set travels")


def reconstructed(pycolmap: Any, pictures: Path, folder: Path) -> dict[int, np.ndarray]:
    """World-from-camera matrices of the frames in the largest model, in its own world."""
    database, models = folder / "database.db", folder / "models"
    models.mkdir()
    pycolmap.set_random_seed(0)
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "SIMPLE_PINHOLE"
    extraction, matching = pycolmap.FeatureExtractionOptions(), pycolmap.FeatureMatchingOptions()
    extraction.use_gpu = matching.use_gpu = False
    extraction.num_threads = matching.num_threads = 1
    pycolmap.extract_features(
        database, pictures, camera_mode=pycolmap.CameraMode.SINGLE, reader_options=reader, extraction_options=extraction
    )
    pycolmap.match_exhaustive(database, matching_options=matching)
    pipeline = pycolmap.IncrementalPipelineOptions()
    pipeline.num_threads = 1
    made = pycolmap.incremental_mapping(database, pictures, models, options=pipeline)
    assert made, "no reconstruction"
    largest = max(made.values(), key=lambda model: model.num_reg_images())
    return {
        int(Path(image.name).stem): np.linalg.inv(np.vstack([image.cam_from_world().matrix(), [0, 0, 0, 1]]))
        for image in largest.images.values()
        if image.has_pose
    }


def differences(found: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angles (degrees) and distances (metres) between two paths after the similarity that aligns them."""
    turn = Rotation.from_matrix(true[:, :3, :3] @ found[:, :3, :3].transpose(0, 2, 1)).mean().as_matrix()
    angles = Rotation.from_matrix((turn @ found[:, :3, :3]).transpose(0, 2, 1) @ true[:, :3, :3]).magnitude()
    places, wanted = (p - p.mean(0) for p in (found[:, :3, 3] @ turn.T, true[:, :3, 3]))
    scale = (places * wanted).sum() / (places**2).sum()
    return np.degrees(angles), np.linalg.norm(scale * places - wanted, axis=1)
