"""`panorama_of_photos`: a scene of photos from about one spot becomes a scene of the panorama that they make."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import torch

from cinescene.cameras.transforms import normalize
from cinescene.scene.around.features import LONGEST_PX, features_of
from cinescene.scene.around.links import pair_photos
from cinescene.scene.around.stitch import stitch
from cinescene.scene.around.turn_problem import PhotoTurns
from cinescene.scene.around.turns import find_turns
from cinescene.scene.finding import in_words
from cinescene.scene.opening import panorama_scene
from cinescene.scene.panorama import Panorama
from cinescene.scene.scene import LeftOut, Scene
from cinescene.scene.vggt.cache import TensorCache
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Float, Tensor

HEIGHT_PX = 1024
TURNED_ENOUGH = 0.1
"""Below this share, the photos looked so much one way that their horizontal axes do not tell where up is."""
NEARBY_RAD, SHARP_PX = math.radians(12), 0.8
METHOD = 2
"""Counts changes of what photos become, for the cache."""


def turns_cache() -> TensorCache:
    """Where the turns of photos are kept, in the usual place for caches."""
    return TensorCache(kind="turns")


def panorama_of_photos(scene: Scene, cache: TensorCache | None = None) -> Scene | None:
    """The place around the photographer, from photos taken from about one spot, the start view's heading in its middle.

    The photos are turned to fit each other, levelled by their horizon (most people hold a camera level), and laid on a
    sphere. None where the start view shows nothing that another photo shows too. Photos that do not hang together with
    it are named in ``left_out``; what was found out, and how well it fits, in ``notes``.
    """
    assumed = torch.tensor([view.lens == "assumed" for view in scene.views])
    intrinsics = torch.stack([view.intrinsics_px.double() for view in scene.views])
    turns = _turns(scene, intrinsics, assumed, cache)
    if turns is None:
        return None
    members = list(turns.members)
    intrinsics[:, [0, 1], [0, 1]] *= torch.where(assumed, turns.focal_factor, 1.0)[:, None]
    rotations = levelled(turns.world_from_camera, members.index(scene.start_view))
    pictures = [scene.views[number].load() for number in members]
    image, known = stitch(pictures, intrinsics[members], rotations, HEIGHT_PX)
    panorama = dataclasses.replace(Panorama.from_image(image, scene.name), known=known)
    made = panorama_scene(scene.name, panorama, ViewLayout.paper())
    lost = [view.name for number, view in enumerate(scene.views) if number not in members]
    reason = "shows nothing that could be recognised in the others"
    left_out = (*scene.left_out, *(LeftOut(name=name, reason=reason) for name in lost))
    return dataclasses.replace(made, notes=(*scene.notes, *_notes(turns, lost, assumed)), left_out=left_out)


def surrounded(scene: Scene) -> Scene:
    """Photos whose cameras are not known as the panorama that they make, if they make one; other scenes as they are."""
    if scene.panorama is not None or scene.cameras is not None:
        return scene
    return panorama_of_photos(scene, turns_cache()) or scene


def levelled(rotations: Float[Tensor, "k 3 3"], start: int) -> Float[Tensor, "k 3 3"]:
    """Rotations in a z-up world in which the start photo heads along +y.

    Up is at right angles to the photos' horizontal axes (Brown and Lowe, "Automatic panoramic image stitching using
    invariant features", 2007, section 5), or, where they all look one way, what is up in the pictures.
    """
    upward = -rotations[:, :, 1].mean(0)
    axes = rotations[:, :, 0]
    spread, directions = torch.linalg.eigh(axes.T @ axes / len(axes))
    if float(spread[1]) > TURNED_ENOUGH:
        upward = directions[:, 0] * torch.sign(directions[:, 0] @ upward)
    up = normalize(upward)
    ahead = rotations[start, :, 2]
    forward = normalize(ahead - (ahead @ up) * up)
    return torch.stack([torch.linalg.cross(forward, up), forward, up]) @ rotations


def _turns(scene: Scene, intrinsics: Tensor, assumed: Tensor, cache: TensorCache | None) -> PhotoTurns | None:
    key = hashlib.sha256(f"turns {METHOD} {LONGEST_PX} {scene.content_hash}".encode()).hexdigest()
    kept = cache.read(key) if cache is not None else None
    if kept is not None:
        tensors, facts = kept
        if not facts["members"]:
            return None
        facts["members"] = tuple(facts["members"])
        return PhotoTurns(world_from_camera=tensors["world_from_camera"], **facts)
    features = features_of([view.load for view in scene.views])
    turns = find_turns(pair_photos(features), intrinsics, assumed, scene.start_view)
    if cache is not None:
        found = torch.zeros(0, 3, 3) if turns is None else turns.world_from_camera
        names = ("members", "focal_factor", "parallax_rad", "error_px")
        facts = {"members": []} if turns is None else {name: getattr(turns, name) for name in names}
        cache.write(key, {"world_from_camera": found}, facts)
    return turns


def _notes(turns: PhotoTurns, lost: list[str], assumed: Tensor) -> list[str]:
    notes = [f"{len(turns.members)} photos fit together around one spot; a panorama was made of them"]
    if assumed.any():
        notes[0] += f", their lens found to be {turns.focal_factor:.2f} times as long as assumed"
    if lost:
        notes.append(f"{in_words(lost)}: left out, as nothing in it could be recognised in the other photos")
    if turns.parallax_rad > NEARBY_RAD:
        notes.append("the photos were taken far apart, so that edges near the camera may be doubled or broken")
    if turns.error_px > SHARP_PX:
        notes.append("the photos do not fit well together: take them from one spot, each sharing a third with the next")
    return notes
