"""Small checkpoints and LoRAs with random weights, and hosts on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.support.lora_files import XL_PREFIX, make_lora_files
from tests.support import checkpoints

SIZE = {"width": 64, "height": 64, "steps": 4}
"""Of the pictures in these tests."""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``sd1.safetensors``, ``sdxl.safetensors``, tokenizer and LoRAs."""
    folder = tmp_path_factory.mktemp("models")
    vocabulary = checkpoints.make_tokenizer(folder / "tokenizer")
    sd1 = folder / "sd1.safetensors"
    sdxl = folder / "sdxl.safetensors"
    checkpoints.save_checkpoint(sd1, checkpoints.sd1_shapes(vocabulary))
    checkpoints.save_checkpoint(sdxl, checkpoints.sdxl_shapes(vocabulary))
    make_lora_files(sd1, folder / "loras")
    make_lora_files(sdxl, folder / "loras" / "xl", XL_PREFIX)
    return folder


@pytest.fixture(scope="session")
def api() -> Any:
    """Return the host's package; tests skip where the diffusers extra is not installed."""
    return pytest.importorskip(
        "lib_lora_neg.hosts.diffusers", reason="needs the diffusers extra", exc_type=ImportError
    )


@pytest.fixture(scope="session")
def sd1(api: Any, models: Path) -> Iterator[Any]:
    """Return a host on the SD 1 checkpoint."""
    host = api.open_host(models / "sd1.safetensors", [models / "loras"], device="cpu")
    yield host
    host.close()


@pytest.fixture(scope="session")
def sdxl(api: Any, models: Path) -> Iterator[Any]:
    """Return a host on the SDXL checkpoint."""
    host = api.open_host(models / "sdxl.safetensors", [models / "loras"], device="cpu")
    yield host
    host.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the libraries' own use of older numpy pass: it is not ours to mend."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
