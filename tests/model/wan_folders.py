"""Tiny random Wan checkpoints, written by diffusers' own pipeline in the layout of the published ones."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

WORDS = ["a", "woman", "man", "dog", "walks", "in", "the", "red", "coat", "street", "slowly", "blurry", "#"]


def tokenizer() -> T5TokenizerFast:
    """A unigram tokenizer like UMT5's, with a handful of words."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [("▁" + w, -2.0) for w in WORDS]
    vocabulary += [(letter, -6.0) for letter in "▁abcdefghijklmnopqrstuvwxyz.,'"]
    core = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", extra_ids=0)


def text_encoder() -> UMT5EncoderModel:
    config = UMT5Config(vocab_size=48, d_model=32, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    return UMT5EncoderModel(config).eval()


def autoencoder(kind: str) -> AutoencoderKLWan:
    if kind == "2.2 TI2V":
        return AutoencoderKLWan(
            base_dim=4,
            decoder_base_dim=8,
            z_dim=48,
            dim_mult=[1, 2, 4, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            is_residual=True,
            in_channels=12,
            out_channels=12,
            patch_size=2,
            scale_factor_spatial=16,
            latents_mean=[0.1] * 48,
            latents_std=[0.9] * 48,
        ).eval()
    return AutoencoderKLWan(base_dim=4, z_dim=16, num_res_blocks=1).eval()


def transformer(channels: int) -> WanTransformer3DModel:
    return WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=channels,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
    ).eval()


def write_wan(folder: Path, kind: str = "2.1 T2V", seed: int = 0) -> WanPipeline:
    """Saves a pipeline of one of the kinds ``2.1 T2V``, ``2.2 14B`` (two transformers) and ``2.2 TI2V``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        channels = 48 if kind == "2.2 TI2V" else 16
        options: dict[str, Any] = {}
        if kind == "2.2 14B":
            options = {"transformer_2": transformer(channels), "boundary_ratio": 0.875}
        pipeline = WanPipeline(
            tokenizer=tokenizer(),
            text_encoder=text_encoder(),
            vae=autoencoder(kind),
            scheduler=UniPCMultistepScheduler(
                prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
            ),
            transformer=transformer(channels),
            expand_timesteps=kind == "2.2 TI2V",
            **options,
        )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return pipeline
