"""Weights in safetensors files, whole or in numbered shards with an index; nothing pickled is ever opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from cinescene.aligned import aligned
from cinescene.errors import CheckpointError
from cinescene.files import written_whole
from cinescene.tensor_types import Tensor

PICKLED_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
SHARD_BYTES = 5 * 1000**3


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises `CheckpointError` where the file is missing or holds something else."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: missing; this folder is no complete checkpoint") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: expected a JSON file, but it cannot be read as one ({error})") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return values


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder, checked to be whole.

    Follows the index where there are shards. Raises `CheckpointError` for missing, truncated or pickled weights.
    """
    indices = sorted(folder.glob("*.safetensors.index.json"))
    if len(indices) > 1:
        raise CheckpointError(f"{folder}: expected one index of weights, got {', '.join(i.name for i in indices)}")
    if indices:
        names = sorted(set(read_json(indices[0]).get("weight_map", {}).values()))
        files = [folder / name for name in names if Path(name).name == name]
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CheckpointError(_no_weights(folder))
    if not indices and len(files) > 1:
        found = ", ".join(file.name for file in files)
        raise CheckpointError(f"{folder}: expected one safetensors file, or an index beside several; got {found}")
    for file in files:
        check_whole(file)
    return files


def _no_weights(folder: Path) -> str:
    pickled = [p.name for p in sorted(folder.glob("*")) if p.suffix in PICKLED_SUFFIXES]
    if pickled:
        return (
            f"{folder}: holds pickled weights only ({', '.join(pickled)}), which can run any code when opened; "
            "get the safetensors version of this checkpoint"
        )
    return f"{folder}: expected weights in a .safetensors file, found none"


def check_whole(path: Path) -> None:
    """Raises `CheckpointError` unless a safetensors file has a readable header and all the bytes that it announces."""
    if path.suffix != ".safetensors":
        raise CheckpointError(f"{path}: expected a .safetensors file; pickled weights are refused")
    if not path.is_file():
        raise CheckpointError(f"{path}: missing; download this checkpoint again")
    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: this file is truncated or damaged, or no safetensors file ({error}); download it again"
        ) from error


def iterate_tensors(files: list[Path]) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of some safetensors files, one at a time."""
    for path in files:
        check_whole(path)
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - this is no dictionary
                yield name, file.get_tensor(name)


def load_weights(
    module: nn.Module,
    files: list[Path],
    *,
    dtype: torch.dtype | None = None,
    keep_float32: tuple[str, ...] = (),
    aliases: Mapping[str, str] | None = None,
    may_miss: tuple[str, ...] = (),
    ignored: tuple[str, ...] = (),
) -> list[str]:
    """Fills a module, whose parameters may be on the meta device, by name; returns the names that were not given.

    ``dtype`` is what weights become, except those with a part of ``keep_float32`` in their name. ``aliases`` maps names
    to the names of the tensors that they share. Names with one of ``may_miss`` in them keep their values; foreign names
    with one of ``ignored`` in them are passed over. Raises `CheckpointError` that names missing tensors, foreign
    tensors and other shapes.
    """
    wanted, aliases = dict(module.state_dict(keep_vars=True)), aliases or {}
    given: dict[str, Tensor] = {}
    foreign, misshapen = [], []
    for name, tensor in iterate_tensors(files):
        if name not in wanted:
            foreign += [] if any(part in name for part in ignored) else [name]
        elif wanted[name].shape != tensor.shape:
            misshapen.append(f"{name} is {tuple(tensor.shape)}, expected {tuple(wanted[name].shape)}")
        else:
            given[name] = aligned(_converted(name, tensor, dtype, keep_float32))
    where = files[0].parent
    for alias, shared in aliases.items():
        if (alias in given) != (shared in given):
            given[alias] = given[shared] = given.get(alias, given.get(shared))  # type: ignore[assignment]
    _complain(where, "misshapen", misshapen)
    missing = [name for name in wanted if name not in given]
    _complain(where, "missing", [name for name in missing if not any(part in name for part in may_miss)])
    _complain(where, "foreign", foreign)
    module.load_state_dict(given, strict=False, assign=True)
    return missing


def _converted(name: str, tensor: Tensor, dtype: torch.dtype | None, keep_float32: tuple[str, ...]) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    if any(part in name for part in keep_float32):
        return tensor.float()
    return tensor if dtype is None else tensor.to(dtype)


def _complain(where: Path, what: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise CheckpointError(f"{where}: these weights belong to another architecture: {what} tensors {shown}")


def save_weights(module: nn.Module, folder: Path, stem: str = "diffusion_pytorch_model") -> None:
    """Writes a module's weights as diffusers lays them out: one file, or shards of 5 GB and their index."""
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in module.state_dict().items():
        byte_count = tensor.numel() * tensor.element_size()
        if size + byte_count > SHARD_BYTES and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = tensor.detach().cpu().contiguous()
        size += byte_count
    weight_map: dict[str, str] = {}
    for index, shard in enumerate(shards):
        number = f"-{index + 1:05d}-of-{len(shards):05d}" if len(shards) > 1 else ""
        file_name = f"{stem}{number}.safetensors"
        with written_whole(folder / file_name) as temporary:
            save_file(shard, temporary, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(shard, file_name)
    if len(shards) > 1:
        total = sum(t.numel() * t.element_size() for shard in shards for t in shard.values())
        write_json(
            folder / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map}
        )
