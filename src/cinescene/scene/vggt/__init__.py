"""VGGT: photos of a place to cameras, depth and the tokens that condition a video.

Source: Wang et al., "VGGT: Visual Geometry Grounded Transformer", CVPR 2025. One set of classes for every size: the
shipped nano, the public ``facebook/VGGT-1B``, and what is trained here.
"""

from cinescene.scene.vggt.cache import TensorCache, default_cache_folder
from cinescene.scene.vggt.camera_head import cameras_from_encoding, encoding_from_cameras
from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.encode import EncodeOptions, SceneEncoding, encode_scene, encoding_cache
from cinescene.scene.vggt.inputs import FittedViews, fit_images
from cinescene.scene.vggt.model import Vggt, VggtOutput
from cinescene.scene.vggt.weights import LoadReport, load_vggt, load_weights, save_vggt, weights_hash

__all__ = [
    "EncodeOptions",
    "FittedViews",
    "LoadReport",
    "SceneEncoding",
    "TensorCache",
    "Vggt",
    "VggtConfig",
    "VggtOutput",
    "cameras_from_encoding",
    "default_cache_folder",
    "encode_scene",
    "encoding_cache",
    "encoding_from_cameras",
    "fit_images",
    "load_vggt",
    "load_weights",
    "save_vggt",
    "weights_hash",
]
