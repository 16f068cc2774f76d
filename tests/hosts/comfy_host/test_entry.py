"""The repository's own ``__init__.py``: ComfyUI's way in, and nothing to anybody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
NAMES = {
    "NegGuardPrompts",
    "NegGuardLoraLoader",
    "NegGuardLoraStack",
    "NegGuardLoraCard",
    "NegGuardWeightScan",
}

# As ComfyUI loads a folder of custom_nodes: the module is called by its path.
LOAD = """
import importlib.util, json, sys, types
before = set(sys.modules)
for name in {standins!r}:
    sys.modules[name] = types.ModuleType(name)
path = {folder!r}
name = path.replace(".", "_x_")
spec = importlib.util.spec_from_file_location(name, path + "/__init__.py")
module = importlib.util.module_from_spec(spec)
sys.modules[name] = module
spec.loader.exec_module(module)
new = set(sys.modules) - before
print(json.dumps({{
    "nodes": sorted(getattr(module, "NODE_CLASS_MAPPINGS", {{}})),
    "shown": sorted(getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", {{}})),
    "web": getattr(module, "WEB_DIRECTORY", None),
    "own": sorted(x for x in new if x.split(".")[0] == "lib_lora_neg"),
    "heavy": sorted({{x.split(".")[0] for x in new}} & {{"torch", "gradio", "fastapi"}}),
    "imported": sorted(x for x in new if "lib_lora_neg" in x),
}}))
"""


def loaded(tmp_path: Path, *standins: str) -> dict[str, object]:
    """Load the repository as a pack, from a folder with a dot in its name."""
    folder = tmp_path / "custom.nodes"
    folder.symlink_to(REPOSITORY, target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(standins=standins, folder=str(folder))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("standins", [(), ("modules", "modules.scripts"), ("folder_paths",)])
def test_a_webui_or_anybody_else_gets_nothing_from_it(
    tmp_path: Path, standins: tuple[str, ...]
) -> None:
    found = loaded(tmp_path, *standins)
    assert (found["nodes"], found["web"], found["imported"]) == ([], None, [])


def test_comfyui_gets_the_nodes_and_the_folder_of_its_scripts(tmp_path: Path) -> None:
    found = loaded(tmp_path, "comfy", "folder_paths")
    assert set(found["nodes"]) == NAMES  # type: ignore[call-overload]
    assert found["shown"] == found["nodes"]
    web = REPOSITORY / str(found["web"])
    assert [path.name for path in web.iterdir()] == ["lora_neg.js"]
    # Under ComfyUI's name for it, so that another copy in the process is not mixed up with it.
    assert found["own"] == []
    assert found["imported"]
    assert found["heavy"] == []


def test_no_script_of_a_webui_lies_beside_it() -> None:
    """A WebUI runs what is in ``scripts/`` and ``install.py``, never the folder itself."""
    for path in (*(REPOSITORY / "scripts").glob("*.py"), REPOSITORY / "install.py"):
        assert "NODE_CLASS_MAPPINGS" not in path.read_text(encoding="utf-8")


EXAMPLES = sorted((REPOSITORY / "example_workflows").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_of_known_nodes_and_has_a_picture(path: Path) -> None:
    from lib_lora_neg.export.comfy_nodes import KINDS

    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    kinds = {node["type"] for node in nodes}
    assert kinds & NAMES
    assert kinds <= NAMES | set(KINDS) | {"PreviewImage"}
    # ComfyUI shows the JPEG of the same name in its templates.
    image = pytest.importorskip("PIL.Image")
    with image.open(path.with_suffix(".jpg")) as picture:
        assert picture.format == "JPEG"
        assert picture.width == picture.height
        assert picture.width >= 256


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 5
