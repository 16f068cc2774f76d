"""The digests of a LoRA file that infotexts name it by."""

from __future__ import annotations

import hashlib
import os

from ..loras.reading.header import MAX_HEADER_BYTES
from ..regular import open_regular

_BLOCK = 1 << 20


def digests_of_content(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the SHA-256 of a file, and that of its tensors alone where it is safetensors.

    Civitai writes ten digits of the first (AutoV2) and twelve of the second (AutoV3, as the host).
    Nothing comes back for a file that cannot be read.
    """
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    try:
        with open_regular(path) as file:
            head = file.read(8)
            length = int.from_bytes(head, "little")
            whole.update(head)
            if len(head) == 8 and length <= MAX_HEADER_BYTES:
                whole.update(file.read(length))
            while block := file.read(_BLOCK):
                whole.update(block)
                tensors.update(block)
    except OSError:
        return ()
    return whole.hexdigest(), tensors.hexdigest()
