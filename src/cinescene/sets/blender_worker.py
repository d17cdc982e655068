"""What Blender's own Python runs: requests in, pictures out. `cinescene.sets.blender_process` starts it.

It is never imported, and sees ``bpy`` (with ``mathutils``), numpy and the standard library only. The folder given on
the command line holds ``stage.json``. After that a request is the name of a JSON file in that folder, one a line on
standard input; an answer is a line on standard output that begins with ``ANSWER`` (Blender writes its own lines between
them). Arrays lie in .npz files without pickles, pictures in OpenEXR. The folder is deleted when standard input ends.
"""

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np

ANSWER = "cinescene-blender:"
OLDEST = (4, 2, 0)
CENTRE_FILTER_PX = 0.01
"""Pixel filter so narrow that a sample lies at its pixel's centre."""
LIT_FROM_WITHIN = 1.0
"""Surfaces that emit more than this stand around a lamp and do not keep its light in."""
OWN_SHADE_M = 0.03
AMBIENT_REACH_M = 2.5
"""What stands further off than this does not keep ambient light from a surface."""
STRONGEST_INDIRECT = 8.0
"""Indirect light of a sample is cut off here: fireflies."""
BOUNCES = 4
TURN_TO_OURS_RAD = math.pi / 2
"""Blender's equirectangular pictures have −x at their centre, ours +y."""


def main() -> None:
    """Answers requests until standard input ends."""
    if bpy.app.version < OLDEST:
        sys.exit(f"Blender {bpy.app.version_string} is too old; expected {'.'.join(map(str, OLDEST))} or newer")
    folder = Path(sys.argv[-1])
    theatre = Theatre(folder, read_json(folder / "stage.json"))
    print(ANSWER, bpy.app.version_string, flush=True)
    for line in sys.stdin:
        theatre.render(read_json(folder / line.strip()))
        print(ANSWER, "done", flush=True)
    shutil.rmtree(folder, ignore_errors=True)


def read_json(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


class Theatre:
    """One stage in Blender, and the actors of the frame that is rendered."""

    def __init__(self, folder: Path, request: dict[str, Any]) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.folder = folder
        self.scene = bpy.context.scene
        self.looks: dict[str, dict[str, Any]] = {}
        self.materials: dict[tuple[str, str], Any] = {}
        self.actors: list[Any] = []
        set_engine(self.scene, request["threads"])
        self.samples = int(request["samples"])
        self.add_meshes(request, "hidden")
        for lamp in request["lamps"]:
            add_lamp(self.scene, lamp)
        if request["sun"] is not None:
            add_sun(self.scene, request["sun"])
        set_world(self.scene, folder / request["sky"], folder / request["light"])
        data = bpy.data.cameras.new("camera")
        self.camera = bpy.data.objects.new("camera", data)
        self.scene.collection.objects.link(self.camera)
        self.scene.camera = self.camera

    def render(self, request: dict[str, Any]) -> None:
        """The pictures of a request: colour, or geometry at pixel centres."""
        for actor in self.actors:
            mesh = actor.data
            bpy.data.objects.remove(actor)
            bpy.data.meshes.remove(mesh)
        self.actors = self.add_meshes(request, "closed")
        for actor in self.actors:
            actor.pass_index = 1
        set_camera(self.scene, self.camera, request["camera"])
        for picture in request["pictures"]:
            set_quality(self.scene, self.samples if picture["what"] == "colour" else 0)
            self.scene.render.filepath = str(self.folder / picture["file"])
            bpy.ops.render.render(write_still=True)

    def add_meshes(self, request: dict[str, Any], back: str) -> list[Any]:
        """Objects for the meshes of a document, and what their backs are: see `seen_from_front`."""
        self.looks |= request["materials"]
        objects = []
        with np.load(self.folder / request["arrays"], allow_pickle=False) as arrays:
            for number, name in enumerate(request["meshes"]):
                parts = ("positions", "normals", "uvs", "triangles", "two_sided")
                mesh = make_mesh(*(arrays[f"{number}.{part}"] for part in parts))
                mesh.materials.append(self.material(name, back))
                mesh.materials.append(self.material(name, "seen"))
                thing = bpy.data.objects.new("mesh", mesh)
                thing.visible_shadow = self.looks[name]["emission"] < LIT_FROM_WITHIN
                self.scene.collection.objects.link(thing)
                objects.append(thing)
        return objects

    def material(self, name: str, back: str) -> Any:
        if (name, back) not in self.materials:
            self.materials[name, back] = make_material(name, self.looks[name], self.folder, back)
        return self.materials[name, back]


# ---- surfaces --------------------------------------------------------------------------------------------------------


def make_mesh(
    positions: np.ndarray, normals: np.ndarray, uvs: np.ndarray, triangles: np.ndarray, two_sided: np.ndarray
) -> Any:
    """A mesh with given normals; ``uvs`` are in tiles, one a vertex. Two-sided triangles have its second material."""
    mesh = bpy.data.meshes.new("mesh")
    corners = np.ascontiguousarray(triangles, dtype=np.int32).ravel()
    mesh.vertices.add(len(positions))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(positions, dtype=np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners)
    mesh.polygons.add(len(triangles))
    mesh.polygons.foreach_set("loop_start", np.arange(0, len(corners), 3, dtype=np.int32))
    layer = mesh.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", np.ascontiguousarray(uvs[corners], dtype=np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(triangles), dtype=bool))
    mesh.polygons.foreach_set("material_index", two_sided.astype(np.int32))
    mesh.normals_split_custom_set_from_vertices(normals.tolist())
    return mesh


def make_material(name: str, look: dict[str, Any], folder: Path, back: str) -> Any:
    """Principled surface with the texture or colour of ours."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.cycles.emission_sampling = "NONE"
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    surface = nodes.new("ShaderNodeBsdfPrincipled")
    surface.inputs["Roughness"].default_value = look["roughness"]
    surface.inputs["IOR"].default_value = look["refraction"]
    colours = [surface.inputs["Base Color"]]
    if look["emission"] > 0:
        colours.append(surface.inputs["Emission Color"])
        path = nodes.new("ShaderNodeLightPath")
        unseen = math_node(nodes, links, "SUBTRACT", 1.0, path.outputs["Is Diffuse Ray"])
        glow = math_node(nodes, links, "MULTIPLY", look["emission"], unseen)
        links.new(glow, surface.inputs["Emission Strength"])
    if look["texture"] is None:
        for colour in colours:
            colour.default_value = (*look["colour"], 1.0)
    else:
        texture = nodes.new("ShaderNodeTexImage")
        texture.image = bpy.data.images.load(str(folder / look["texture"]), check_existing=True)
        for colour in colours:
            links.new(texture.outputs["Color"], colour)
    links.new(seen_from_front(nodes, links, surface, back), nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    return material


def seen_from_front(nodes: Any, links: Any, surface: Any, back: str) -> Any:
    """The surface, transparent where rays meet its back: a ``hidden`` one, for rays from the camera; a ``closed``
    thing's, for any; one that is ``seen``, for none.

    Closed things do not shade themselves from within ``OWN_SHADE_M`` either: linings come through the cloth.
    """
    if back == "seen":
        return surface.outputs[0]
    path, geometry = nodes.new("ShaderNodeLightPath"), nodes.new("ShaderNodeNewGeometry")
    mix, clear = nodes.new("ShaderNodeMixShader"), nodes.new("ShaderNodeBsdfTransparent")
    from_camera = path.outputs["Is Camera Ray"]
    if back == "closed":
        near = math_node(nodes, links, "LESS_THAN", path.outputs["Ray Length"], OWN_SHADE_M)
        inside = math_node(nodes, links, "SUBTRACT", near, from_camera)
        clearness = math_node(nodes, links, "MAXIMUM", geometry.outputs["Backfacing"], inside)
    else:
        clearness = math_node(nodes, links, "MULTIPLY", geometry.outputs["Backfacing"], from_camera)
    links.new(clearness, mix.inputs[0])
    links.new(surface.outputs[0], mix.inputs[1])
    links.new(clear.outputs[0], mix.inputs[2])
    return mix.outputs[0]


def math_node(nodes: Any, links: Any, operation: str, first: Any, second: Any) -> Any:
    """The output of an arithmetic node; operands are numbers or outputs."""
    node = nodes.new("ShaderNodeMath")
    node.operation = operation
    for place, operand in zip(node.inputs, (first, second), strict=False):
        if isinstance(operand, float):
            place.default_value = operand
        else:
            links.new(operand, place)
    return node.outputs[0]


# ---- light -----------------------------------------------------------------------------------------------------------


def add_lamp(scene: Any, lamp: dict[str, Any]) -> None:
    """A lamp that sends back colour / distance² from a white matt plate that faces it."""
    strength = max(lamp["colour"])
    if strength <= 0:
        return
    data = bpy.data.lights.new("lamp", "POINT")
    data.energy = 4 * math.pi**2 * strength
    data.color = [channel / strength for channel in lamp["colour"]]
    data.shadow_soft_size = lamp["radius_m"]
    thing = bpy.data.objects.new("lamp", data)
    thing.location = lamp["position"]
    thing.visible_camera = thing.visible_glossy = False
    scene.collection.objects.link(thing)


def add_sun(scene: Any, sun: dict[str, Any]) -> None:
    """Light of half a degree's width that a white matt plate which faces it sends back as its colour."""
    strength = max(sun["colour"])
    if strength <= 0:
        return
    data = bpy.data.lights.new("sun", "SUN")
    data.energy = math.pi * strength
    data.color = [channel / strength for channel in sun["colour"]]
    data.angle = math.radians(0.53)
    thing = bpy.data.objects.new("sun", data)
    x, y, z = sun["direction"]
    thing.rotation_euler = (0.0, math.atan2(math.hypot(x, y), z), math.atan2(y, x))
    scene.collection.objects.link(thing)


def set_world(scene: Any, sky: Path, light: Path) -> None:
    """The sky as the camera and reflections see it, and as it lights what is matt."""
    world = bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"
    world.light_settings.distance = AMBIENT_REACH_M
    world.light_settings.ao_factor = 1.0
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    place, turn = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    turn.inputs["Rotation"].default_value = (0.0, 0.0, TURN_TO_OURS_RAD)
    links.new(place.outputs["Generated"], turn.inputs["Vector"])
    path, mix = nodes.new("ShaderNodeLightPath"), nodes.new("ShaderNodeMixShader")
    links.new(path.outputs["Is Diffuse Ray"], mix.inputs[0])
    for slot, file in ((1, sky), (2, light)):
        picture, shine = nodes.new("ShaderNodeTexEnvironment"), nodes.new("ShaderNodeBackground")
        picture.image = radiance_picture(file)
        links.new(turn.outputs[0], picture.inputs["Vector"])
        links.new(picture.outputs["Color"], shine.inputs["Color"])
        links.new(shine.outputs[0], mix.inputs[slot])
    links.new(mix.outputs[0], nodes.new("ShaderNodeOutputWorld").inputs["Surface"])


def radiance_picture(file: Path) -> Any:
    """A picture in linear light from a .npy file (height, width, 3), first row on top."""
    radiance = np.load(file, allow_pickle=False)
    height, width = radiance.shape[:2]
    image = bpy.data.images.new(file.stem, width, height, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = radiance[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


# ---- pictures --------------------------------------------------------------------------------------------------------


def set_engine(scene: Any, threads: int) -> None:
    """Cycles on the processor, passes and files."""
    scene.render.engine = "CYCLES"
    scene.render.use_persistent_data = True
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.cycles.device = "CPU"
    scene.cycles.seed = 0
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.sample_clamp_indirect = STRONGEST_INDIRECT
    scene.cycles.use_fast_gi = True
    scene.cycles.fast_gi_method = "REPLACE"
    scene.cycles.ao_bounces_render = 1
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    settings = scene.render.image_settings
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth, settings.exr_codec = "32", "NONE"
    if hasattr(settings, "use_exr_interleave"):
        settings.use_exr_interleave = True
    layer = scene.view_layers[0]
    layer.use_pass_z = layer.use_pass_object_index = True
    layer.pass_alpha_threshold = 0.5


def set_quality(scene: Any, samples: int) -> None:
    """Light with that many samples a pixel; or none, but passes at pixel centres."""
    scene.cycles.samples = max(samples, 1)
    scene.cycles.max_bounces = BOUNCES if samples else 0
    scene.cycles.transparent_max_bounces = 64
    scene.cycles.use_denoising = samples > 0
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.filter_width = 1.5 if samples else CENTRE_FILTER_PX


def set_camera(scene: Any, camera: Any, request: dict[str, Any]) -> None:
    """A camera in our terms: OpenCV pose, intrinsics in pixels; or a full panorama."""
    scene.render.resolution_x, scene.render.resolution_y = request["size_px"]
    scene.render.resolution_percentage = 100
    pose = np.array(request["world_from_camera"]) @ np.diag([1.0, -1.0, -1.0, 1.0])
    camera.matrix_world = mathutils.Matrix(pose.tolist())
    data = camera.data
    data.clip_start, data.clip_end = request["near_m"], 1e5
    data.shift_x = data.shift_y = 0.0
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    if request["projection"] == "equirectangular":
        data.type = "PANO"
        settings = data if hasattr(data, "panorama_type") else data.cycles
        settings.panorama_type = "EQUIRECTANGULAR"
        return
    (fx, _, cx), (_, fy, cy), _ = request["intrinsics_px"]
    width, height = request["size_px"]
    stretch = fx / fy
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(1.0, 1 / stretch), max(1.0, stretch)
    data.type = "PERSP"
    data.sensor_fit = "HORIZONTAL"
    data.sensor_width = 36.0
    data.lens = 36.0 * fx / width
    data.shift_x, data.shift_y = 0.5 - cx / width, stretch * (cy - height / 2) / width


if __name__ == "__main__":
    main()
