"""Stages, actors and cameras as the files that Blender's process reads: JSON, arrays without pickles, PNG textures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32
from PIL import Image

from cinescene.cameras.camera import Cameras
from cinescene.errors import GeometryError
from cinescene.sets.mesh import Material, Mesh, Stage
from cinescene.sets.srgb import linear_from_srgb

LARGEST_SKY_PX = 4096
LIGHT_SIZE_PX = (64, 32)
BRIGHTEST_SHARE = 4e-4
"""Of the sky, that is not counted as its light: the sun, which is a light of its own."""
SAME_PLACE_M = 1e-5
REFLECTANCE_SHARE = 0.16
"""Reflectance at normal incidence for a highlight strength of 1. Our highlights show lamps only and are drawn stronger
than real ones; Blender's reflect all of the place."""


class MaterialFiles:
    """Writes each material object once into a folder and names it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, tuple[str, Material]] = {}

    def described(self, meshes: Sequence[Mesh]) -> tuple[list[str], dict[str, dict[str, Any]]]:
        """The names of the meshes' materials, and descriptions of those that were not described before."""
        names, fresh = [], {}
        for material in (mesh.material for mesh in meshes):
            if id(material) not in self._known:
                name = f"material{len(self._known):04d}"
                self._known[id(material)] = (name, material)
                fresh[name] = self._look(name, material)
            names.append(self._known[id(material)][0])
        return names, fresh

    def _look(self, name: str, material: Material) -> dict[str, Any]:
        texture = None
        if max(material.albedo.shape[:2]) > 1:
            texture = f"{name}.png"
            Image.fromarray(material.albedo).save(self._folder / texture, compress_level=1)
        return {
            "texture": texture,
            "colour": linear_from_srgb(material.albedo[0, 0] / 255).tolist(),
            "emission": max(float(material.emission), 0.0),
            "roughness": roughness_of(material.shininess),
            "refraction": refraction_of(material.specular),
        }


def roughness_of(shininess: float) -> float:
    """Roughness of a GGX lobe as wide as Blinn–Phong's of an exponent n: √α with α² = 2 / (n + 2).

    Source: Walter et al., "Microfacet models for refraction through rough surfaces", 2007, section 5.2; Burley,
    "Physically based shading at Disney", 2012, for α = roughness².
    """
    return float((2.0 / (max(shininess, 1.0) + 2.0)) ** 0.25)


def refraction_of(specular: float) -> float:
    """Index of refraction whose reflectance at normal incidence belongs to a highlight strength (Fresnel)."""
    root = float(np.sqrt(REFLECTANCE_SHARE * np.clip(specular, 0.0, 1.0)))
    return (1 + root) / (1 - root)


def write_stage(folder: Path, stage: Stage, files: MaterialFiles) -> dict[str, Any]:
    """Writes a stage's arrays, textures and skies into ``folder``; the document that names them."""
    meshes = [mesh for mesh in stage.meshes if len(mesh.triangles)]
    np.save(folder / "sky.npy", sky_picture(stage.sky.radiance), allow_pickle=False)
    np.save(folder / "light.npy", sky_light(stage), allow_pickle=False)
    sun = None if stage.sun is None else {"direction": stage.sun.direction, "colour": stage.sun.colour}
    return {
        **write_meshes(folder, "stage.npz", meshes, files),
        "sun": sun,
        "lamps": [{"position": x.position, "colour": x.colour, "radius_m": x.radius_m} for x in stage.lamps],
        "sky": "sky.npy",
        "light": "light.npy",
    }


def write_meshes(folder: Path, name: str, meshes: Sequence[Mesh], files: MaterialFiles) -> dict[str, Any]:
    """Writes meshes into one file of arrays; the part of a document that names it and what is new in it."""
    names, materials = files.described(meshes)
    arrays: dict[str, Any] = {}
    for number, mesh in enumerate(meshes):
        kept, two_sided = sheets(mesh)
        arrays[f"{number}.positions"] = mesh.positions
        arrays[f"{number}.normals"] = mesh.normals
        arrays[f"{number}.uvs"] = mesh.uvs / np.float32(mesh.material.metres_per_tile)
        arrays[f"{number}.triangles"] = mesh.triangles[kept]
        arrays[f"{number}.two_sided"] = two_sided[kept]
    np.savez(folder / name, **arrays)
    return {"arrays": name, "meshes": names, "materials": materials}


def sheets(mesh: Mesh) -> tuple[Bool[np.ndarray, "m"], Bool[np.ndarray, "m"]]:
    """Which triangles to keep, and which of those have two sides.

    Leaves and shades are made of triangles back to back in one place. A ray that passes the back of one would pass the
    front of the other, too: one is kept and seen from both sides.
    """
    corners = np.round(mesh.positions[mesh.triangles] / SAME_PLACE_M).astype(np.int64)
    order = np.lexsort(np.moveaxis(corners, 2, 0), axis=1)
    places = np.take_along_axis(corners, order[..., None], 1).reshape(-1, 9)
    _, first, group, count = np.unique(places, axis=0, return_index=True, return_inverse=True, return_counts=True)
    kept = np.zeros(len(places), dtype=bool)
    kept[first] = True
    return kept, count[group.reshape(-1)] > 1


def camera_values(camera: Cameras, near_m: float) -> dict[str, Any]:
    """One camera in JSON values. Raises `GeometryError` for several, or for one with skew, which Blender has not."""
    if camera.batch_shape:
        raise GeometryError(f"render: expected one camera, got cameras of shape {tuple(camera.batch_shape)}")
    if camera.projection == "perspective" and float(camera.intrinsics_px[0, 1]) != 0:
        raise GeometryError("render: expected a camera without skew, which Blender's cameras do not have")
    return {
        "projection": camera.projection,
        "world_from_camera": camera.world_from_camera.tolist(),
        "intrinsics_px": camera.intrinsics_px.tolist(),
        "size_px": camera.image_size_px.tolist(),
        "near_m": near_m,
    }


def sky_picture(radiance: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h2 w2 3"]:
    """The sky as the camera sees it, finite and no larger than need be."""
    step = -(-radiance.shape[1] // LARGEST_SKY_PX)
    picture = np.nan_to_num(radiance, posinf=65504.0).clip(0.0, 65504.0)
    return np.ascontiguousarray(picture[::step, ::step], dtype=np.float32)


def sky_light(stage: Stage) -> Float32[np.ndarray, "h w 3"]:
    """The sky as it lights the set: without the sun, coarse, and as strong from above and below as the set's ambient.

    A white matt plate that faces up receives ``ambient_up`` from it, one that faces down ``ambient_down``.
    """
    picture = sky_picture(stage.sky.radiance)
    picture = np.minimum(picture, np.quantile(picture.reshape(-1, 3), 1 - BRIGHTEST_SHARE, axis=0))
    width, height = LIGHT_SIZE_PX
    channels = [
        np.asarray(Image.fromarray(np.ascontiguousarray(picture[..., c])).resize((width, height), Image.Resampling.BOX))
        for c in range(3)
    ]
    coarse = np.maximum(np.stack(channels, axis=-1), 1e-4)
    sine = np.sin((0.5 - (np.arange(height) + 0.5) / height) * np.pi)
    weight = 2 * np.abs(sine) * np.sqrt(1 - sine**2) * np.pi / height / width
    light = np.empty_like(coarse)
    for rows, wanted in ((slice(0, height // 2), stage.ambient_up), (slice(height // 2, height), stage.ambient_down)):
        found = (coarse[rows] * weight[rows, None, None]).sum((0, 1))
        light[rows] = coarse[rows] * (np.asarray(wanted) / found)
    return light.astype(np.float32)


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Writes a document of the exchange."""
    path.write_text(json.dumps(document), encoding="utf-8")
