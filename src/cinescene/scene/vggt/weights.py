"""VGGT checkpoints: safetensors files, ours and the public ones, read so that nothing goes unnoticed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from cinescene.aligned import aligned
from cinescene.errors import CheckpointError
from cinescene.files import written_whole
from cinescene.scene.vggt.cache import tensor_hash
from cinescene.scene.vggt.config import VggtConfig
from cinescene.scene.vggt.model import Vggt

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
UNUSED_PARTS = ("track_head.",)
"""Parts of public checkpoints that no `Vggt` has: the point tracker."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What became of a checkpoint's tensors.

    ``loaded`` went into the model; ``left_out`` were deliberately not read (the tracking head; the point head where the
    model has none). There is no third kind: anything else stops the loading.
    """

    source: str
    loaded: tuple[str, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        parts = sorted({name.split(".")[0] for name in self.left_out})
        rest = f"; left out on purpose: {', '.join(parts)} ({len(self.left_out)} tensors)" if parts else ""
        return f"{self.source}: {len(self.loaded)} tensors loaded{rest}"


def load_vggt(
    source: str | Path,
    *,
    point_head: bool = True,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> Vggt:
    """A VGGT in evaluation mode from a safetensors file, a folder with one, or a hub name such as facebook/VGGT-1B.

    Its configuration is read from a ``config.json`` of ours beside the weights, or else from the tensors' shapes (see
    `VggtConfig.from_shapes`). ``point_head=False`` leaves out a point head that the file holds. What was loaded and
    left out is logged; `load_weights` returns it. Raises `CheckpointError`, naming tensors, for anything but a whole
    safetensors file that fits.
    """
    path = weights_path(source)
    config = _stored_config(path) or VggtConfig.from_shapes(tensor_shapes(path), str(path))
    if not point_head:
        config = VggtConfig.from_dict(config.to_dict() | {"point_head": False})
    with torch.device("meta"):
        model = Vggt(config)
    load_weights(model, path, dtype=dtype, device=device)
    return model.eval()


def load_weights(
    model: Vggt, path: str | Path, *, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu"
) -> LoadReport:
    """Reads a safetensors file into a model, which may be on the meta device; its tensors are replaced.

    Raises `CheckpointError` for tensors that are missing, foreign, of another shape or not finite, and for a damaged
    file; the model is then as it was.
    """
    path = Path(path)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = tensor_shapes(path)
    unused = UNUSED_PARTS if model.point_head is not None else (*UNUSED_PARTS, "point_head.")
    left_out = tuple(sorted(name for name in found if name.startswith(unused)))
    _check_names(path, expected, {name: shape for name, shape in found.items() if name not in set(left_out)})
    state = {}
    with _opened(path) as file:
        for name in expected:
            tensor = file.get_tensor(name)
            if not torch.isfinite(tensor).all():
                raise CheckpointError(f"{path}: tensor {name} holds NaN or infinity; get the file anew")
            state[name] = aligned(tensor.to(device=device, dtype=dtype))
    model.load_state_dict(state, assign=True)
    report = LoadReport(source=str(path), loaded=tuple(sorted(expected)), left_out=left_out)
    _log.info("%s", report)
    return report


def save_vggt(model: Vggt, folder: str | Path) -> None:
    """Writes ``model.safetensors`` and ``config.json``, from which `load_vggt` makes the same model."""
    folder = Path(folder)
    tensors = {name: tensor.detach().contiguous().cpu() for name, tensor in model.state_dict().items()}
    with written_whole(folder / WEIGHTS_FILE) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})
    with written_whole(folder / CONFIG_FILE) as temporary:
        temporary.write_text(json.dumps(model.config.to_dict(), indent=2) + "\n")


def weights_hash(model: Vggt) -> str:
    """SHA-256 over the names, types, shapes and bytes of a model's tensors, in hexadecimal."""
    return tensor_hash(model.state_dict())


def weights_path(source: str | Path) -> Path:
    """The safetensors file that ``source`` names: itself, the one in that folder, or the one on the hub.

    The hub is asked only for a name of the form owner/model that is no local path; a copy in its local cache is taken
    without asking. Raises `CheckpointError` that says what to download where nothing is found.
    """
    path = Path(source)
    if path.is_dir():
        path = path / WEIGHTS_FILE
        if not path.is_file():
            raise CheckpointError(f"{path.parent}: expected a folder that holds {WEIGHTS_FILE}")
    if path.is_file():
        return path
    parts = str(source).split("/")
    if len(parts) != 2 or not all(parts) or Path(source).suffix in (".safetensors", ".pt", ".pth", ".bin"):
        raise CheckpointError(f"{source}: no such VGGT checkpoint; expected a .safetensors file or a folder with one")
    return _from_hub(str(source))


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a safetensors file, from its header; `CheckpointError` if it is none."""
    with _opened(path) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def _from_hub(name: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, WEIGHTS_FILE, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise CheckpointError(f"{name}: no such file or folder, and no name of a model on the hub") from error
    try:
        return Path(hf_hub_download(name, WEIGHTS_FILE))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"{name}: no local copy and it cannot be fetched ({type(error).__name__}); download {WEIGHTS_FILE} of this "
            "model elsewhere and give the path of the file"
        ) from error


def _stored_config(weights: Path) -> VggtConfig | None:
    path = weights.parent / CONFIG_FILE
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: expected JSON, but it cannot be read as such ({error})") from error
    return VggtConfig.from_dict(values, str(path)) if isinstance(values, dict) and "format" in values else None


def _opened(path: Path) -> safe_open:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        return safe_open(path, framework="pt")
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error
    except SafetensorError as error:
        if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04", b"\x80\x05"):
            raise CheckpointError(
                f"{path}: this is a pickled checkpoint, which can run code and is never opened; get the model's "
                ".safetensors file instead"
            ) from error
        raise CheckpointError(f"{path}: expected a whole safetensors file, but it is damaged or cut short") from error


def _check_names(path: Path, expected: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> None:
    missing = sorted(expected.keys() - found.keys())
    foreign = sorted(found.keys() - expected.keys())
    wrong = [
        f"{name} {found[name]} instead of {expected[name]}"
        for name in sorted(expected.keys() & found.keys())
        if expected[name] != found[name]
    ]
    problems = [
        f"{len(names)} {what}: {_listed(names)}"
        for what, names in (("missing", missing), ("not of a VGGT", foreign), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise CheckpointError(f"{path}: tensors do not fit this VGGT ({'; '.join(problems)})")


def _listed(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
