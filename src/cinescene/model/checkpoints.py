"""Model folders in the diffusers layout: reading Wan's published ones and ours, writing ours.

A folder holds ``model_index.json`` and one subfolder a part: ``transformer/`` (and ``transformer_2/``, Wan 2.2's expert
for low noise), ``vae/``, ``text_encoder/``, ``tokenizer/``, ``scheduler/``, and in ours ``vggt/`` and ``relief/``. All
weights are safetensors.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from cinescene.errors import CheckpointError, InputError
from cinescene.model.autoencoder import CLASSES, Autoencoder
from cinescene.model.config import FORMAT_VERSION, BackboneConfig, TransformerConfig
from cinescene.model.defaults import ShotDefaults
from cinescene.model.text_encoder import TextEncoder
from cinescene.model.trainable import NEW_MODULES, SCENE_MODULES
from cinescene.model.transformer import CineSceneTransformer
from cinescene.model.weight_files import (
    iterate_tensors,
    load_weights,
    read_json,
    save_weights,
    weight_files,
    write_json,
)
from cinescene.scene.relief import ReliefNet, load_relief_net, save_relief_net
from cinescene.scene.vggt.model import Vggt
from cinescene.scene.vggt.weights import load_vggt, save_vggt

KEPT_IN_FLOAT32 = ("time_embedder", "scale_shift_table", "norm1", "norm2", "norm3")
"""Parts of a Wan transformer that stay in 32 bits when the rest is loaded in 16 (diffusers' own list)."""


WAN_TEXT_TOKENS = 512
"""Length to which Wan pads its prompts."""

SCHEDULERS = ("UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler")


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelParts:
    """What a pipeline is made of.

    ``low_noise_transformer`` takes over from ``transformer`` at times below ``boundary`` (Wan 2.2 14B); both are None
    where one network serves all times. ``scheduler`` is a diffusers scheduler. ``vggt`` encodes the scene's geometry,
    ``relief`` estimates how far away everything around a panorama is.
    ``untrained`` says that some of the weights are random, which everything made with them is marked with.
    """

    transformer: CineSceneTransformer
    autoencoder: Autoencoder
    text_encoder: TextEncoder
    scheduler: Any
    low_noise_transformer: CineSceneTransformer | None = None
    boundary: float | None = None
    vggt: Vggt | None = None
    relief: ReliefNet | None = None
    defaults: ShotDefaults = field(default_factory=ShotDefaults)
    untrained: bool = False

    def __post_init__(self) -> None:
        backbone = self.transformer.config.backbone
        for what, got, expected in (
            ("text encoder", self.text_encoder.dim, backbone.text_dim),
            ("autoencoder", self.autoencoder.latent_channels, backbone.in_channels),
            (
                "autoencoder's frames a latent",
                self.autoencoder.temporal_factor,
                self.transformer.config.frames_per_latent,
            ),
        ):
            if got != expected:
                raise CheckpointError(
                    f"{what}: this transformer expects {expected}, got {got}; they do not belong together"
                )
        if self.low_noise_transformer is not None and self.boundary is None:
            raise CheckpointError("model: a second transformer needs the time at which it takes over (boundary_ratio)")


# ---- reading --------------------------------------------------------------------------------------------------------


def load_parts(
    source: str | Path, *, dtype: torch.dtype = torch.float32, vggt: str | Path | None = None, **wan_options: Any
) -> ModelParts:
    """All parts of a model folder, ours or Wan's, from a local folder or the hub (``owner/name``).

    ``wan_options`` are fields of `TransformerConfig` for a Wan folder, which states none of them, and ``seed`` for the
    new modules. ``vggt`` names a VGGT checkpoint to use. The autoencoder is loaded in 32 bits, as Wan's pipelines do.
    Raises `CheckpointError` for anything that does not fit.
    """
    folder = resolve(source)
    index = read_json(folder / "model_index.json")
    kind = index.get("_class_name")
    if kind not in ("CineScenePipeline", "WanPipeline"):
        raise CheckpointError(f"{folder}: expected a CineScene or Wan text-to-video model, got {kind}")
    if kind == "CineScenePipeline" and wan_options:
        raise CheckpointError(f"{folder}: this model's configuration is fixed; leave out {', '.join(wan_options)}")
    geometry = folder / "vggt" if vggt is None and (folder / "vggt").is_dir() else vggt
    encoder = load_vggt(geometry, point_head=False) if geometry is not None else None
    if encoder is not None and kind == "WanPipeline":
        wan_options.setdefault("geometry_dim", 2 * encoder.config.width)
    second = (folder / "transformer_2").is_dir() and index.get("transformer_2", [None])[0] is not None
    boundary = index.get("boundary_ratio")
    return ModelParts(
        transformer=load_transformer(folder / "transformer", dtype=dtype, **wan_options),
        low_noise_transformer=load_transformer(folder / "transformer_2", dtype=dtype, **wan_options)
        if second
        else None,
        boundary=float(boundary) if second and boundary is not None else None,
        autoencoder=load_autoencoder(folder / "vae"),
        text_encoder=load_text_encoder(folder, index, dtype=dtype),
        scheduler=load_scheduler(folder / "scheduler"),
        vggt=encoder,
        relief=load_relief_net(folder / "relief") if (folder / "relief").is_dir() else None,
        defaults=ShotDefaults.from_dict(index["shot_defaults"]) if "shot_defaults" in index else ShotDefaults(),
        untrained=bool(index.get("untrained", kind == "WanPipeline")),
    )


def load_transformer(
    folder: Path, *, dtype: torch.dtype = torch.float32, seed: int = 0, **wan_options: Any
) -> CineSceneTransformer:
    """A transformer of ours, or Wan's with our new modules at their start values (random ones from ``seed``)."""
    values = read_json(folder / "config.json")
    if values.get("_class_name") == "CineSceneTransformer":
        config, from_wan = TransformerConfig.from_dict(values), False
    else:
        backbone = BackboneConfig.from_diffusers(values)
        config, from_wan = _configured(TransformerConfig(backbone=backbone), wan_options), True
    files = weight_files(folder)
    model = CineSceneTransformer.from_seed(config, seed, empty_backbone=True)
    missing = load_weights(
        model,
        files,
        dtype=dtype,
        keep_float32=KEPT_IN_FLOAT32,
        may_miss=NEW_MODULES if from_wan else (),
        ignored=("norm_added_q",),
    )
    parameters = dict(model.named_parameters())
    for name in missing:
        parameters[name].data = parameters[name].data.to(dtype)
    return model.eval()


def load_autoencoder(folder: Path, *, dtype: torch.dtype = torch.float32) -> Autoencoder:
    """An ``AutoencoderKLWan`` or `PatchAutoencoder` of any size."""
    values = read_json(folder / "config.json")
    if values.get("_class_name") not in CLASSES:
        expected = " or ".join(CLASSES)
        raise CheckpointError(f"{folder}: expected an {expected} configuration, got {values.get('_class_name')}")
    files = weight_files(folder)
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        autoencoder = Autoencoder.from_config(values)
    load_weights(autoencoder.wan, files, dtype=dtype)
    return autoencoder.eval()


def load_text_encoder(folder: Path, index: Mapping[str, Any], *, dtype: torch.dtype = torch.float32) -> TextEncoder:
    """The text encoder that a model index names: MiniLM from its package, or UMT5 from the folder."""
    library, kind = [*index.get("text_encoder", ()), None, None][:2]
    if (library, kind) == ("cinescene", "minilm"):
        return TextEncoder.minilm()
    if kind != "UMT5EncoderModel":
        raise CheckpointError(f"{folder}: expected a UMT5EncoderModel as text encoder, got {kind}")
    from accelerate import init_empty_weights
    from transformers import AutoTokenizer, UMT5Config, UMT5EncoderModel

    values = read_json(folder / "text_encoder" / "config.json")
    if values.get("model_type") != "umt5":
        raise CheckpointError(
            f"{folder / 'text_encoder'}: expected a umt5 configuration, got {values.get('model_type')}"
        )
    files = weight_files(folder / "text_encoder")
    with init_empty_weights(include_buffers=False):
        model = UMT5EncoderModel(UMT5Config(**values))
    load_weights(model, files, dtype=dtype, aliases={"encoder.embed_tokens.weight": "shared.weight"})
    model.tie_weights()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        raise CheckpointError(f"{folder / 'tokenizer'}: this tokenizer cannot be read ({error})") from error
    return TextEncoder("umt5", model.eval(), tokenizer, max_tokens=WAN_TEXT_TOKENS)


def load_scheduler(folder: Path) -> Any:
    """The diffusers scheduler of a folder; only flow-matching ones fit."""
    values = read_json(folder / "scheduler_config.json")
    kind = values.get("_class_name")
    if kind not in SCHEDULERS:
        raise CheckpointError(f"{folder}: expected one of the schedulers {', '.join(SCHEDULERS)}, got {kind}")
    if kind == "UniPCMultistepScheduler" and values.get("prediction_type") != "flow_prediction":
        raise CheckpointError(
            f"{folder}: expected a scheduler for flow prediction, got {values.get('prediction_type')}"
        )
    import diffusers

    return getattr(diffusers, kind).from_config({k: v for k, v in values.items() if not k.startswith("_")})


def load_backbone(model: CineSceneTransformer, folder: str | Path) -> None:
    """Fills a transformer from the one of a CineScene model folder, but for how scene and camera enter.

    Those modules keep their values, and so does what belongs to a previz input of another form: models that differ in
    them begin alike. Raises `CheckpointError` where anything else does not fit.
    """
    files = weight_files(resolve(folder) / "transformer")
    wanted = model.state_dict()
    given = {
        name: tensor.to(wanted[name].dtype)
        for name, tensor in iterate_tensors(files)
        if name in wanted and tensor.shape == wanted[name].shape and not any(part in name for part in SCENE_MODULES)
    }
    left = [name for name in wanted if name not in given and not any(part in name for part in NEW_MODULES)]
    if left:
        raise CheckpointError(f"{folder}: expected the backbone of this model, lacks {', '.join(left[:5])}")
    model.load_state_dict(given, strict=False)


def _configured(config: TransformerConfig, options: Mapping[str, Any]) -> TransformerConfig:
    known = {f.name for f in dataclasses.fields(TransformerConfig)} - {"backbone"}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"model options: expected some of {', '.join(sorted(known))}; got {', '.join(unknown)}")
    return dataclasses.replace(config, **options)


# ---- writing --------------------------------------------------------------------------------------------------------


def save_parts(parts: ModelParts, folder: str | Path) -> None:
    """Writes a model folder, whole or not at all; a model that is there already is replaced.

    Raises `InputError` where the folder holds something else than a model.
    """
    folder = Path(folder)
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / "model_index.json").is_file())
    ):
        raise InputError(f"{folder}: expected a new folder or one that holds a model; choose another place")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        fresh = Path(name) / "model"
        _write_parts(parts, fresh)
        if folder.exists():
            folder.rename(Path(name) / "replaced")
        shutil.move(fresh, folder)


def _write_parts(parts: ModelParts, folder: Path) -> None:
    index: dict[str, Any] = {
        "_class_name": "CineScenePipeline",
        "format_version": FORMAT_VERSION,
        "transformer": ["cinescene", "CineSceneTransformer"],
        "transformer_2": ["cinescene", "CineSceneTransformer"] if parts.low_noise_transformer else [None, None],
        "boundary_ratio": parts.boundary,
        "vae": _library_and_class(parts.autoencoder.wan),
        "scheduler": ["diffusers", type(parts.scheduler).__name__],
        "vggt": ["cinescene", "Vggt"] if parts.vggt is not None else [None, None],
        "relief": ["cinescene", "ReliefNet"] if parts.relief is not None else [None, None],
        "shot_defaults": dataclasses.asdict(parts.defaults),
        "untrained": parts.untrained,
    }
    for name, transformer in (("transformer", parts.transformer), ("transformer_2", parts.low_noise_transformer)):
        if transformer is not None:
            save_weights(transformer, folder / name)
            write_json(folder / name / "config.json", transformer.config.to_dict())
    save_weights(parts.autoencoder.wan, folder / "vae")
    write_json(folder / "vae" / "config.json", parts.autoencoder.config)
    parts.scheduler.save_pretrained(folder / "scheduler")
    if parts.vggt is not None:
        save_vggt(parts.vggt, folder / "vggt")
    if parts.relief is not None:
        save_relief_net(parts.relief, folder / "relief")
    if parts.text_encoder.kind == "minilm":
        index["text_encoder"] = ["cinescene", "minilm"]
    else:
        index["text_encoder"] = ["transformers", "UMT5EncoderModel"]
        index["tokenizer"] = ["transformers", type(parts.text_encoder.tokenizer).__name__]
        encoder: Any = parts.text_encoder.model
        encoder.save_pretrained(folder / "text_encoder")
        parts.text_encoder.tokenizer.save_pretrained(folder / "tokenizer")
    write_json(folder / "model_index.json", index)


def _library_and_class(module: Any) -> list[str]:
    return [type(module).__module__.split(".")[0], type(module).__name__]


# ---- finding --------------------------------------------------------------------------------------------------------


def resolve(source: str | Path) -> Path:
    """The local folder of a model: the one named, or a copy from the hub for a name like ``owner/model``.

    A complete copy in the hub's local cache is taken without asking the network. Raises `CheckpointError` that says
    what to download, and where to put it, if there is none and the hub cannot be reached.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise CheckpointError(f"{path}: expected a folder that holds a model, but this is a file")
    name = str(source)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise CheckpointError(f"{name}: no such folder, and no name of a model on the hub (owner/model)")
    return _local_copy(name) or _downloaded(name)


def _local_copy(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if _complete(folder) else None


def _complete(folder: Path) -> bool:
    """Whether a snapshot holds its index and the weights of every part."""
    try:
        index = read_json(folder / "model_index.json")
        parts = [k for k in ("transformer", "transformer_2", "vae") if (index.get(k) or [None])[0] is not None]
        return all(weight_files(folder / part) for part in parts)
    except CheckpointError:
        return False


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    patterns = ["model_index.json", "*/*.json", "*/*.safetensors", "tokenizer/*"]
    reason = "some of its files are missing"
    try:
        folder = Path(snapshot_download(name, allow_patterns=patterns))
        if _complete(folder):
            return folder
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = type(error).__name__
    short = name.split("/")[1]
    raise CheckpointError(
        f"{name}: no complete local copy, and it cannot be downloaded ({reason}). On a machine with network run: "
        f"hf download {name} --local-dir {short}; bring that folder here and give its path instead of the name"
    )
