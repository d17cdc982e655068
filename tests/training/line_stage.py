"""The smallest stage: a line fitted to noisy points. Also a script that trains it, for tests with several processes."""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cinescene.training.engine import Trainer
from cinescene.training.options import TrainOptions


class LineObjective(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(3, 1)
        with torch.no_grad():
            self.line.weight.copy_(torch.tensor([[0.3, -0.2, 0.1]]))
            self.line.bias.zero_()

    def forward(self, batch: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        x, y = batch
        loss = (self.line(x) - y).square().mean()
        return loss, {"mean_error": float((self.line(x) - y).detach().abs().mean())}


class LineStage:
    """y = 2 a − b + 0.5 c + 1 + noise; positions in ``poisoned`` have no finite target."""

    name = "line"

    def __init__(self, poisoned: range = range(0)) -> None:
        self.objective = LineObjective()
        self.facts: dict[str, Any] = {"model": "line"}
        self.poisoned = poisoned
        self.seen: list[int] = []

    def __len__(self) -> int:
        return 32

    def sample(self, index: int, position: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen.append(index)
        x = torch.randn(3, generator=torch.Generator().manual_seed(index))
        y = x @ torch.tensor([2.0, -1.0, 0.5]) + 1 + 0.01 * torch.randn((), generator=generator)
        return x, torch.full((1,), torch.nan) if position in self.poisoned else y[None]

    def collate(self, samples: list[Any]) -> Any:
        return tuple(torch.stack(column) for column in zip(*samples, strict=True))

    def move(self, batch: Any, device: torch.device) -> Any:
        return tuple(part.to(device) for part in batch)

    def validate(self, folder: Path) -> dict[str, float]:
        target = torch.tensor([[2.0, -1.0, 0.5]])
        return {"distance": float((self.objective.line.weight.detach() - target).norm())}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "line.txt").write_text(repr(self.objective.line.weight.tolist()))


def options(**changes: Any) -> TrainOptions:
    values: dict[str, Any] = {
        "steps": 12,
        "batch_size": 4,
        "learning_rate": 0.05,
        "warmup_steps": 2,
        "precision": "fp32",
        "checkpoint_every": 4,
        "validate_every": 0,
        "log_every": 1,
        "ema_decay": 0.9,
    }
    return TrainOptions(**(values | changes))


if __name__ == "__main__":
    Trainer(LineStage(), options(batch_size=int(sys.argv[2])), Path(sys.argv[1]), device="cpu").run()
