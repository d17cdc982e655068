"""Reliefs kept on disk, so that a panorama's next shot needs none estimated."""

from __future__ import annotations

import hashlib
import json

from cinescene.scene.panorama import Panorama
from cinescene.scene.relief import TURNS, Relief, ReliefNet
from cinescene.scene.vggt.cache import TensorCache, tensor_hash

METHOD = 1
"""Counts changes of how a network's answers become a relief."""


def relief_cache() -> TensorCache:
    """Where reliefs are kept, in the usual place for caches."""
    return TensorCache(kind="relief")


def relief_around(panorama: Panorama, net: ReliefNet, cache: TensorCache | None) -> Relief:
    """What the network says of a panorama: from the cache where picture and weights are the same, or estimated."""
    if cache is None:
        return net.estimate(panorama)
    facts = {
        "method": [METHOD, TURNS],
        "config": net.config.to_dict(),
        "weights": tensor_hash(net.state_dict()),
        "panorama": tensor_hash({"image": panorama.image}),
    }
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    kept = cache.read(key)
    if kept is not None:
        return Relief(**kept[0])
    relief = net.estimate(panorama)
    cache.write(key, vars(relief), facts)
    return relief
