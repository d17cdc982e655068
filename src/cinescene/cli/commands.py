"""The list of commands; a command that is itself a table is a group (``cinescene path convert``)."""

from collections.abc import Callable
from typing import Any

from cinescene.cli import (
    ablate,
    evaluate,
    generate,
    models,
    path_convert,
    path_plot,
    preview,
    scene,
    serve,
    sets,
    shoot,
    studio,
    train,
)

Command = Callable[..., Any]

COMMANDS: dict[str, Command] = {
    "preview": preview.preview,
    "generate": generate.generate,
    "shoot": shoot.shoot,
    "studio": studio.studio,
    "serve": serve.serve,
    "evaluate": evaluate.evaluate,
    "ablate": ablate.ablate,
    "models": models.models,
}

GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "scene": ("Pictures of a place.", {"inspect": scene.inspect}),
    "path": ("Camera paths and camera files.", {"convert": path_convert.convert, "plot": path_plot.plot}),
    "sets": (
        "Scene-decoupled data: the same shots with and without their subjects.",
        {"render": sets.render, "verify": sets.verify, "show": sets.show, "export": sets.export},
    ),
    "train": (
        "Every stage of training, and tuning to one's own places.",
        {
            "nano": train.nano,
            "vae": train.vae,
            "vggt": train.vggt,
            "relief": train.relief,
            "t2v": train.t2v,
            "scene": train.scene,
            "finetune": train.finetune,
        },
    ),
}
"""Group name -> (what it is about, its commands)."""
