"""A scan with a verdict in a real ComfyUI, saved from the node, and obeyed by the other hosts.

``COMFY_ROOT`` is ComfyUI's folder, ``COMFY_PYTHON`` its Python. The lab's world is loaded by
ComfyUI's own classes (`lab_world`), so that this takes a minute and no checkpoint.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.library import Catalog
from lib_lora_neg.loras.card import RangeSource
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GenerationRequest, PromptSet, plan

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
NEEDED = ("COMFY_ROOT", "COMFY_PYTHON")
LORA = "inkwash_style"

missing = [name for name in NEEDED if not os.environ.get(name)]
pytestmark = pytest.mark.skipif(
    bool(missing), reason=f"no ComfyUI to test in: set {', '.join(missing)}"
)


@pytest.fixture(scope="module")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    for file in (REPOSITORY / "lab" / "loras").glob(f"{LORA}.*"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def found(loras: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    output = tmp_path_factory.mktemp("scan") / "out.json"
    root, python = (os.environ[name] for name in NEEDED)
    command = [python, HERE / "inside_scan.py", root, REPOSITORY, loras]
    done = subprocess.run(
        [*command, f"{LORA}.safetensors", output],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read: dict[str, Any] = json.loads(output.read_text())
    return read


def test_the_range_is_saved_when_asked_for_and_only_then(found: dict[str, Any]) -> None:
    assert found["untouched"]
    assert "saved" not in found["only shown"]
    assert "saved to the LoRA" in found["verdict"]
    assert found["floor"] < -0.7  # beyond that of its type and training data


def test_the_pictures_are_pictures(found: dict[str, Any]) -> None:
    assert found["grid"][0] == 1
    assert found["grid"][3] == 3
    assert found["curves"][3] == 3
    assert found["colours"] > 0.05


def test_the_loader_obeys_it_at_once(found: dict[str, Any]) -> None:
    before, after = found["before"], found["after"]
    assert "model -0.7, clip -0.7" in before[0]
    assert "model -0.75, clip -0.75" in after[0]
    assert f"model {found['floor']:g}, clip {found['floor']:g}" in after[1]


def test_so_does_whoever_else_reads_the_lora(loras: Path, found: dict[str, Any]) -> None:
    catalog = Catalog([loras])
    card = catalog.get(LORA)
    assert card is not None
    (measured,) = [x for x in card.ranges if x.source is RangeSource.MEASURED]
    assert measured.floor == pytest.approx(found["floor"])
    asked = PromptSet((f"a circle <lora:{LORA}:-0.75>",), ("",), 3.0)
    made = plan(GenerationRequest(asked, family=ModelFamily.SD1), catalog)
    assert made.first.prompts == asked.prompts
