"""The optimisers of a run: AdamW for everything, or Muon for the matrices inside blocks and AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn

from cinescene.errors import InputError
from cinescene.training.options import TrainOptions

MUON_MOMENTUM = 0.95


def optimisers(module: nn.Module, options: TrainOptions) -> list[torch.optim.Optimizer]:
    """One or two optimisers that share out the parameters that learn.

    Raises `InputError` where none learn, and for Muon before torch 2.9.
    """
    learning = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    if not learning:
        raise InputError("training: expected at least one parameter that learns")
    if options.optimiser == "muon" and not hasattr(torch.optim, "Muon"):
        raise InputError(f"optimiser muon: needs torch 2.9 or newer, this is {torch.__version__}; use adamw")
    matrices = [p for name, p in learning if options.optimiser == "muon" and _is_hidden_matrix(name, p)]
    chosen = {id(p) for p in matrices}
    rest = [p for _, p in learning if id(p) not in chosen]
    groups = [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
    ]
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=options.learning_rate, betas=(0.9, options.beta2)
        )
    ]
    if matrices:
        made.append(
            torch.optim.Muon(
                matrices,
                lr=options.learning_rate,
                weight_decay=options.weight_decay,
                momentum=MUON_MOMENTUM,
                adjust_lr_fn="match_rms_adamw",
            )
        )
    return made


def _is_hidden_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter maps a block's width to a block's width: not embeddings, heads, kernels or tables."""
    return parameter.ndim == 2 and "blocks." in name
