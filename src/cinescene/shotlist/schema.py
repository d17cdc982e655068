"""What a shot list may hold, as a JSON schema: checked when a list is read, and for editors that complete names."""

from __future__ import annotations

from typing import Any

_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
_COUNT = {"type": "integer", "minimum": 1}

SHOT_ENTRIES: dict[str, dict[str, Any]] = {
    "prompt": {"type": "string", "minLength": 1, "description": "Who is there and what happens."},
    "camera": {"type": "string", "minLength": 1, "description": "Moves in words, or a camera file beside the list."},
    "scene": {"type": "string", "description": "A name of `scenes`."},
    "negative_prompt": {"type": "string", "description": "What not to show."},
    "seed": {"type": "integer", "minimum": 0, "description": "Seed of the first take; each next take's is one more."},
    "takes": _COUNT | {"maximum": 1000, "description": "How many takes to make."},
    "use": _COUNT | {"description": "The take that goes into the cut."},
    "size": {"type": "string", "pattern": "^[0-9]+x[0-9]+$", "description": "Width and height, such as 672x384."},
    "frames": _COUNT | {"description": "Number of frames: 1 more than a multiple of 4."},
    "fps": _POSITIVE | {"description": "Frames a second."},
    "lens": _POSITIVE | {"description": "Focal length in mm on 36 mm film where the moves state none."},
    "keep_coordinates": {"type": "boolean", "description": "Leave the poses of a camera file where they are."},
    "start_view": {"type": "integer", "minimum": 0, "description": "Scene view that the shot starts from, from 0."},
    "steps": _COUNT | {"description": "Sampling steps."},
    "guidance": {
        "type": "number",
        "minimum": 0,
        "description": "How closely to follow the prompt; 1 is not at all more.",
    },
    "scene_guidance": {"type": "number", "minimum": 0, "description": "How closely to follow the place."},
    "noise_scale": {"type": "number", "minimum": 0, "maximum": 2, "description": "Less than 1 is calmer."},
    "detail": {"type": "number", "minimum": 0, "description": "How far from its previz a shot still takes its detail."},
    "enlarge": {
        "type": "integer",
        "minimum": 1,
        "maximum": 16,
        "description": "The video is so many times as large as what the model makes, with detail from the previz.",
    },
    "previz": {
        "enum": ["auto", "relief", "standin", "vggt", "none"],
        "description": "Geometry that hints at the parallax.",
    },
    "blocking": {
        "type": "string",
        "minLength": 1,
        "description": "Stand-in actors: auto (for whom the prompt names), none, or a blocking file.",
    },
    "camera_height": _POSITIVE | {"description": "Metres from the ground to where the pictures were taken."},
    "dome_radius": _POSITIVE | {"description": "Metres to everything that is not ground, for the stand-in."},
}

_NAME = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9 _-]{0,63}$"}


def shot_list_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of a whole list."""
    shot = {
        "type": "object",
        "properties": {"name": _NAME | {"description": "Names its folder; letters, digits, spaces, - and _."}}
        | SHOT_ENTRIES,
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cinescene shot list",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "model": {"type": "string", "description": "A model of `cinescene models`, a folder, or a hub name."},
            "vggt": {"type": "string", "description": "VGGT checkpoint for models that come without one."},
            "scene": {"type": "string", "description": "The one place of all shots: a panorama or photos."},
            "scenes": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "string"},
                "description": "Several places by name.",
            },
            "defaults": {
                "type": "object",
                "properties": SHOT_ENTRIES,
                "additionalProperties": False,
                "description": "What shots have that do not say otherwise.",
            },
            "shots": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": shot},
        },
        "required": ["shots"],
        "oneOf": [{"required": ["scene"]}, {"required": ["scenes"]}],
        "additionalProperties": False,
    }
