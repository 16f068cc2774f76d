"""JSON, pictures as PNG and latents, as bytes of files."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..regular import read_regular
from .ports import LatentArray, Pixels

_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_STEM = 48


def safe_stem(name: str) -> str:
    """Return a name as part of a file name on every system: ASCII, no separators, bounded."""
    return _UNSAFE.sub("_", name).strip("._")[:_LONGEST_STEM] or "lora"


def digest_of(data: bytes) -> str:
    """Return the hash that says whether a file is as it was written."""
    return hashlib.sha256(data).hexdigest()


def to_json(value: Mapping[str, Any]) -> bytes:
    """Return JSON as UTF-8; raises `ValueError` for numbers that JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object; ``None`` when the file is missing, damaged or holds none."""
    try:
        value = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encode_png(pixels: Pixels, text: Mapping[str, str] | None = None) -> bytes:
    """Return a PNG, packed for speed; ``text`` becomes text chunks, as the WebUI reads them."""
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    out = io.BytesIO()
    # Level 1: pictures with grain hardly pack any better, and level 6 takes five times as long.
    Image.fromarray(pixels).save(out, "PNG", compress_level=1, pnginfo=info)
    return out.getvalue()


def decode_png(data: bytes) -> Pixels:
    """Return the pixels of a PNG as height × width × 3.

    Raises:
        OSError: when it is damaged.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def png_text(data: bytes, key: str = "parameters") -> str:
    """Return a text chunk of a PNG; empty when it has none.

    Raises:
        OSError: when it is damaged.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        text = image.info.get(key, "")
    return text if isinstance(text, str) else ""


def encode_latent(latent: LatentArray) -> bytes:
    """Return an ``.npy`` file in half precision, which is what the model computed in."""
    out = io.BytesIO()
    np.save(out, latent.astype(np.float16), allow_pickle=False)
    return out.getvalue()


def decode_latent(data: bytes) -> LatentArray:
    """Return a latent that `encode_latent` wrote; raises `ValueError` when it is damaged."""
    array: LatentArray = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
    return array
