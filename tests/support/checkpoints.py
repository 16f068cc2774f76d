"""Checkpoints with random weights: the tensors' names and the structure of real ones, any width.

Widths are in channels; a real SD 1.5 has ``Unet(320, (1, 2, 4, 4), (1, 1, 1, 0), 768)``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]


@dataclass(frozen=True)
class Unet:
    """A unet of Stable Diffusion.

    Attributes:
        width: channels of the first level.
        factors: channels of each level, in widths.
        depths: transformer layers of each level; 0 for a level without attention.
        context: width of the text.
        linear: whether a transformer's projections are linear layers (SD 2, SDXL).
        vector: width of the pooled text and the sizes; 0 where there is none.
    """

    width: int
    factors: tuple[int, ...]
    depths: tuple[int, ...]
    context: int
    linear: bool = False
    vector: int = 0

    def shapes(self) -> Named:
        """Yield the tensors, without prefix."""
        width, inner = self.width, self.width * 4
        yield from _linear("time_embed.0", inner, width)
        yield from _linear("time_embed.2", inner, inner)
        if self.vector:
            yield from _linear("label_emb.0.0", inner, self.vector)
            yield from _linear("label_emb.0.2", inner, inner)
        yield from _conv("input_blocks.0.0", width, 4, 3)
        channels, skips, index = width, [width], 1
        for level, (factor, depth) in enumerate(zip(self.factors, self.depths, strict=True)):
            for _ in range(2):
                out = width * factor
                yield from self._block(f"input_blocks.{index}", channels, out, depth)
                channels, index = out, index + 1
                skips.append(out)
            if level < len(self.factors) - 1:
                yield from _conv(f"input_blocks.{index}.0.op", channels, channels, 3)
                skips.append(channels)
                index += 1
        yield from self._resnet("middle_block.0", channels, channels)
        yield from self._transformer("middle_block.1", channels, self.depths[-1] or 1)
        yield from self._resnet("middle_block.2", channels, channels)
        index = 0
        for level in reversed(range(len(self.factors))):
            for place in range(3):
                out, block = width * self.factors[level], f"output_blocks.{index}"
                yield from self._block(block, channels + skips.pop(), out, self.depths[level])
                channels, index = out, index + 1
                if place == 2 and level:
                    up = f"{block}.{2 if self.depths[level] else 1}.conv"
                    yield from _conv(up, channels, channels, 3)
        yield from _norm("out.0", channels)
        yield from _conv("out.2", 4, channels, 3)

    def _block(self, name: str, size_in: int, out: int, depth: int) -> Named:
        yield from self._resnet(f"{name}.0", size_in, out)
        if depth:
            yield from self._transformer(f"{name}.1", out, depth)

    def _resnet(self, name: str, size_in: int, out: int) -> Named:
        yield from _norm(f"{name}.in_layers.0", size_in)
        yield from _conv(f"{name}.in_layers.2", out, size_in, 3)
        yield from _linear(f"{name}.emb_layers.1", out, self.width * 4)
        yield from _norm(f"{name}.out_layers.0", out)
        yield from _conv(f"{name}.out_layers.3", out, out, 3)
        if size_in != out:
            yield from _conv(f"{name}.skip_connection", out, size_in, 1)

    def _transformer(self, name: str, size: int, depth: int) -> Named:
        projection = _linear if self.linear else (lambda n, o, i: _conv(n, o, i, 1))
        yield from _norm(f"{name}.norm", size)
        yield from projection(f"{name}.proj_in", size, size)
        for layer in range(depth):
            block = f"{name}.transformer_blocks.{layer}"
            for number, text in ((1, size), (2, self.context)):
                attention = f"{block}.attn{number}"
                yield f"{attention}.to_q.weight", (size, size)
                yield f"{attention}.to_k.weight", (size, text)
                yield f"{attention}.to_v.weight", (size, text)
                yield from _linear(f"{attention}.to_out.0", size, size)
            yield from _linear(f"{block}.ff.net.0.proj", size * 8, size)
            yield from _linear(f"{block}.ff.net.2", size, size * 4)
            for number in (1, 2, 3):
                yield from _norm(f"{block}.norm{number}", size)
        yield from projection(f"{name}.proj_out", size, size)


def vae_shapes(width: int, factors: tuple[int, ...], latents: int = 4) -> Named:
    """Yield the tensors of a VAE, without prefix."""
    top = width * factors[-1]
    yield from _conv("encoder.conv_in", width, 3, 3)
    channels = width
    for level, factor in enumerate(factors):
        yield from _vae_resnet(f"encoder.down.{level}.block.0", channels, width * factor)
        channels = width * factor
        if level < len(factors) - 1:
            yield from _conv(f"encoder.down.{level}.downsample.conv", channels, channels, 3)
    for side in ("encoder", "decoder"):
        yield from _vae_resnet(f"{side}.mid.block_1", top, top)
        yield from _norm(f"{side}.mid.attn_1.norm", top)
        for part in ("q", "k", "v", "proj_out"):
            yield from _conv(f"{side}.mid.attn_1.{part}", top, top, 1)
        yield from _vae_resnet(f"{side}.mid.block_2", top, top)
    yield from _norm("encoder.norm_out", top)
    yield from _conv("encoder.conv_out", 2 * latents, top, 3)
    yield from _conv("quant_conv", 2 * latents, 2 * latents, 1)
    yield from _conv("post_quant_conv", latents, latents, 1)
    yield from _conv("decoder.conv_in", top, latents, 3)
    for level in reversed(range(len(factors))):
        for block in range(2):
            out = width * factors[level]
            yield from _vae_resnet(f"decoder.up.{level}.block.{block}", channels, out)
            channels = out
        if level:
            yield from _conv(f"decoder.up.{level}.upsample.conv", channels, channels, 3)
    yield from _norm("decoder.norm_out", channels)
    yield from _conv("decoder.conv_out", 3, channels, 3)


def _vae_resnet(name: str, size_in: int, out: int) -> Named:
    yield from _norm(f"{name}.norm1", size_in)
    yield from _conv(f"{name}.conv1", out, size_in, 3)
    yield from _norm(f"{name}.norm2", out)
    yield from _conv(f"{name}.conv2", out, out, 3)
    if size_in != out:
        yield from _conv(f"{name}.nin_shortcut", out, size_in, 1)


def clip_shapes(width: int, layers: int, vocabulary: int) -> Named:
    """Yield the tensors of a CLIP text encoder, as SD 1 and the first one of SDXL have it."""
    yield "text_model.embeddings.token_embedding.weight", (vocabulary, width)
    yield "text_model.embeddings.position_embedding.weight", (77, width)
    for layer in range(layers):
        name = f"text_model.encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _linear(f"{name}.self_attn.{part}", width, width)
        yield from _linear(f"{name}.mlp.fc1", 4 * width, width)
        yield from _linear(f"{name}.mlp.fc2", width, 4 * width)
        yield from _norm(f"{name}.layer_norm1", width)
        yield from _norm(f"{name}.layer_norm2", width)
    yield from _norm("text_model.final_layer_norm", width)


def open_clip_shapes(width: int, layers: int, vocabulary: int) -> Named:
    """Yield the tensors of an OpenCLIP text encoder, as the second one of SDXL has it."""
    yield "token_embedding.weight", (vocabulary, width)
    yield "positional_embedding", (77, width)
    yield "text_projection", (width, width)
    for layer in range(layers):
        name = f"transformer.resblocks.{layer}"
        yield f"{name}.attn.in_proj_weight", (3 * width, width)
        yield f"{name}.attn.in_proj_bias", (3 * width,)
        yield from _linear(f"{name}.attn.out_proj", width, width)
        yield from _linear(f"{name}.mlp.c_fc", 4 * width, width)
        yield from _linear(f"{name}.mlp.c_proj", width, 4 * width)
        yield from _norm(f"{name}.ln_1", width)
        yield from _norm(f"{name}.ln_2", width)
    yield from _norm("ln_final", width)


@dataclass(frozen=True)
class Flux:
    """FLUX.1, with a pooled text and guidance as inputs.

    Attributes:
        heads: of 128 channels each; the real one has 24.
        text: width of the text; 4096 in the real one.
        pooled: width of the pooled text; 768 in the real one.
        depth: double and single blocks, 19 and 38 in the real one.
    """

    heads: int = 1
    text: int = 128
    pooled: int = 96
    depth: tuple[int, int] = (19, 38)

    def shapes(self) -> Named:
        """Yield the tensors, without prefix."""
        width = self.heads * 128
        yield from _linear("img_in", width, 64)
        yield from _linear("txt_in", width, self.text)
        for name, size in (("time_in", 256), ("vector_in", self.pooled), ("guidance_in", 256)):
            yield from _linear(f"{name}.in_layer", width, size)
            yield from _linear(f"{name}.out_layer", width, width)
        for block in range(self.depth[0]):
            for stream in ("img", "txt"):
                name = f"double_blocks.{block}.{stream}"
                yield from _linear(f"{name}_mod.lin", 6 * width, width)
                yield from _linear(f"{name}_attn.qkv", 3 * width, width)
                yield from _linear(f"{name}_attn.proj", width, width)
                yield from _qk_norm(f"{name}_attn.norm")
                yield from _linear(f"{name}_mlp.0", 4 * width, width)
                yield from _linear(f"{name}_mlp.2", width, 4 * width)
        for block in range(self.depth[1]):
            name = f"single_blocks.{block}"
            yield from _linear(f"{name}.linear1", 7 * width, width)
            yield from _linear(f"{name}.linear2", width, 5 * width)
            yield from _linear(f"{name}.modulation.lin", 3 * width, width)
            yield from _qk_norm(f"{name}.norm")
        yield from _linear("final_layer.linear", 64, width)
        yield from _linear("final_layer.adaLN_modulation.1", 2 * width, width)


def _qk_norm(name: str) -> Named:
    yield f"{name}.query_norm.scale", (128,)
    yield f"{name}.key_norm.scale", (128,)


def t5_shapes(heads: int, layers: int, vocabulary: int) -> Named:
    """Yield the tensors of a T5 encoder with heads of 64, as FLUX.1 has it."""
    width = heads * 64
    yield "shared.weight", (vocabulary, width)
    for layer in range(layers):
        name = f"encoder.block.{layer}"
        for part in ("q", "k", "v"):
            yield f"{name}.layer.0.SelfAttention.{part}.weight", (width, width)
        yield f"{name}.layer.0.SelfAttention.o.weight", (width, width)
        if layer == 0:
            yield f"{name}.layer.0.SelfAttention.relative_attention_bias.weight", (32, heads)
        yield f"{name}.layer.0.layer_norm.weight", (width,)
        for part in ("wi_0", "wi_1"):
            yield f"{name}.layer.1.DenseReluDense.{part}.weight", (2 * width, width)
        yield f"{name}.layer.1.DenseReluDense.wo.weight", (width, 2 * width)
        yield f"{name}.layer.1.layer_norm.weight", (width,)
    yield "encoder.final_layer_norm.weight", (width,)


def flux_shapes(clip: int = 49408, t5: int = 32128) -> dict[str, Shape]:
    """Return a FLUX.1 dev of small width with the real numbers of blocks, with all its parts.

    Args:
        clip: size of CLIP's vocabulary.
        t5: of T5's.
    """
    vae = {
        name: shape for name, shape in vae_shapes(32, (1, 1, 2, 2), 16) if "quant_conv" not in name
    }
    return {
        **prefixed("model.diffusion_model.", Flux().shapes()),
        **prefixed("vae.", vae.items()),
        **prefixed("text_encoders.clip_l.transformer.", clip_shapes(96, 2, clip)),
        **prefixed("text_encoders.t5xxl.transformer.", t5_shapes(2, 2, t5)),
    }


def _linear(name: str, out: int, size_in: int) -> Named:
    yield f"{name}.weight", (out, size_in)
    yield f"{name}.bias", (out,)


def _conv(name: str, out: int, size_in: int, size: int) -> Named:
    yield f"{name}.weight", (out, size_in, size, size)
    yield f"{name}.bias", (out,)


def _norm(name: str, size: int) -> Named:
    yield f"{name}.weight", (size,)
    yield f"{name}.bias", (size,)


def prefixed(prefix: str, shapes: Iterable[tuple[str, Shape]]) -> dict[str, Shape]:
    """Return the shapes by their names in a checkpoint."""
    return {prefix + name: shape for name, shape in shapes}


def sd1_shapes(vocabulary: int) -> dict[str, Shape]:
    """Return a small SD 1: four levels, attention on three, one text encoder."""
    return {
        **prefixed("model.diffusion_model.", Unet(32, (1, 2, 2, 2), (1, 1, 1, 0), 64).shapes()),
        **prefixed("first_stage_model.", vae_shapes(32, (1, 1, 2, 2))),
        **prefixed("cond_stage_model.transformer.", clip_shapes(64, 2, vocabulary)),
    }


def sdxl_shapes(vocabulary: int) -> dict[str, Shape]:
    """Return a small SDXL: three levels, deeper transformers below, two text encoders."""
    unet = Unet(64, (1, 1, 2), (0, 1, 2), 192, linear=True, vector=128 + 6 * 32)
    return {
        **prefixed("model.diffusion_model.", unet.shapes()),
        **prefixed("first_stage_model.", vae_shapes(32, (1, 1, 2, 2))),
        **prefixed("conditioner.embedders.0.transformer.", clip_shapes(64, 2, vocabulary)),
        **prefixed("conditioner.embedders.1.model.", open_clip_shapes(128, 2, vocabulary)),
    }


def random_tensors(shapes: Mapping[str, Shape]) -> dict[str, np.ndarray]:
    """Return weights that keep a signal's size about the same, in half precision."""
    return {name: _random(name, shape) for name, shape in shapes.items()}


def _random(name: str, shape: Shape) -> np.ndarray:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) == 1:
        start = 1.0 if name.endswith((".weight", ".scale")) else 0.0
        return (start + random.normal(0.0, 0.02, shape)).astype(np.float16)
    spread = 0.3 if "embedding" in name else float(np.prod(shape[1:])) ** -0.5
    return random.normal(0.0, spread, shape).astype(np.float16)


def save_checkpoint(path: Path, shapes: Mapping[str, Shape]) -> Path:
    """Write a checkpoint with random weights."""
    save_file(random_tensors(shapes), path)
    return path


def make_tokenizer(folder: Path) -> int:
    """Write a tokenizer of CLIP's kind with few merges; return the size of its vocabulary."""
    letters = [chr(code) for code in range(33, 127)]
    names = [*letters, *(f"{letter}</w>" for letter in letters)]
    names += ["ca", "cat</w>", "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {name: number for number, name in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nc a\nca t</w>\n", encoding="utf-8")
    return len(names)
