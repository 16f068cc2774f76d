"""The house: imports go down only, and nobody but the WebUI host knows the WebUI."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "lib_lora_neg"
WEBUI = {"modules", "modules_forge", "networks", "network", "launch", "backend", "ldm_patched"}
COMFY = {"comfy", "comfy_api", "folder_paths", "nodes", "server", "aiohttp", "latent_preview"}
DIFFUSERS = {"accelerate", "diffusers", "huggingface_hub", "peft", "transformers"}

# A room may import the rooms below it, and of other packages those named here.
FLOORS: dict[str, tuple[float, set[str]]] = {
    "regular": (-1, set()),
    "telling": (-1, set()),
    "whole": (-1, set()),
    "sentences": (-1, set()),
    "prompts": (0, set()),
    "infotext": (0, set()),
    "png": (0, set()),
    "loras": (0, {"numpy"}),
    "metadata": (1, {"PIL"}),
    "library": (1, {"httpx"}),
    "policy": (1, set()),
    "guidance": (2, {"torch"}),
    "branches": (2, {"torch"}),
    "export": (2, set()),
    "scan": (2, {"filelock", "numpy", "scipy", "skimage", "PIL", "matplotlib", "jinja2"}),
    "hosts": (3, {"*"}),
    "ui": (4, {"gradio", "PIL"}),
    "api": (4, {"fastapi", "starlette"}),
    "console": (4, set()),
    "page": (5, {"gradio", "starlette", "PIL"}),
    "cli": (6, set()),
    "samples": (5, {"numpy"}),
    "__main__": (7, set()),
}


def modules() -> list[Path]:
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, as absolute names, wherever in it the statement stands."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    room = path.relative_to(ROOT / PACKAGE).with_suffix("").parts[0]
    if room == "__init__":
        return
    assert room in FLOORS, f"give the room {room} a floor"
    floor, others = FLOORS[room]
    for name in imports(path):
        top = name.split(".")[0]
        if top == PACKAGE:
            target = room_of(name)
            # Names of the package itself (`__version__`) belong to no room.
            known = target in FLOORS and target != room
            assert not known or FLOORS[target][0] < floor, f"{room} imports {name}, not below it"
        elif top not in sys.stdlib_module_names:
            assert top in others or "*" in others, f"{room} imports {top}"
            in_host = path.is_relative_to(ROOT / PACKAGE / "hosts" / "webui")
            assert top not in WEBUI or in_host, f"{path} imports the WebUI's {top}"
            in_comfy = path.is_relative_to(ROOT / PACKAGE / "hosts" / "comfy")
            assert top not in COMFY or in_comfy, f"{path} imports ComfyUI's {top}"
            in_diffusers = path.is_relative_to(ROOT / PACKAGE / "hosts" / "diffusers")
            assert top not in DIFFUSERS or in_diffusers, f"{path} imports {top}"


PROGRAM = """
import sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "gradio", "modules", "fastapi"}:
            raise AssertionError(f"{name} was imported")
sys.meta_path.insert(0, Forbidden())
"""


@pytest.mark.parametrize(
    "statement",
    [
        "import lib_lora_neg.prompts, lib_lora_neg.loras, lib_lora_neg.policy",
        "import lib_lora_neg.library.catalog",
        "from lib_lora_neg.cli import main; main(['samples', '--folder', sys.argv[1]])",
    ],
)
def test_ground_floors_and_command_line_run_without_torch_and_gradio(
    statement: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + statement, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr


PAGE = ROOT / "docs" / "architecture.md"
CALLED = {"PIL": "Pillow", "jinja2": "Jinja2", "scipy": "SciPy", "skimage": "scikit-image"}
"""What people call the packages whose import has another name."""


def rooms_of_the_page() -> dict[str, tuple[float, str]]:
    """Return the floor of each room, and what else it imports, as the page on the house says."""
    found: dict[str, tuple[float, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or not cells[1].startswith("`"):
            continue
        for name in re.findall(r"`([^`]+)`", cells[1]):
            if cells[0] != "top" and "/" not in name.rstrip("/"):
                floor = float(cells[0].replace("−", "-"))
                found[name.rstrip("/").removesuffix(".py")] = (floor, cells[3])
    return found


def test_the_page_on_the_house_has_the_same_floors() -> None:
    told = rooms_of_the_page()
    assert set(told) | {"__main__"} == set(FLOORS)
    for room, (floor, others) in told.items():
        assert floor == FLOORS[room][0], room
        for package in FLOORS[room][1] - {"*"}:
            assert CALLED.get(package, package) in others, f"{room}: {package}"


def test_a_room_imports_all_that_it_may() -> None:
    """What no module of a room needs is not granted to it."""
    used: dict[str, set[str]] = {}
    for path in modules():
        room = path.relative_to(ROOT / PACKAGE).with_suffix("").parts[0]
        used.setdefault(room, set()).update(name.split(".")[0] for name in imports(path))
    for room, (_, others) in FLOORS.items():
        assert others - {"*"} <= used[room], room


WORKING = {("policy", "Context")}
"""Classes of the rooms that decide which are no values: they collect while a plan is made."""


@pytest.mark.parametrize("room", ["prompts", "loras", "policy"])
def test_what_decides_works_on_values_that_nobody_can_change(room: str) -> None:
    changeable = set()
    for path in sorted((ROOT / PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                if any(m.startswith("dataclass") and "frozen=True" not in m for m in marks):
                    changeable.add((room, node.name))
    assert changeable <= WORKING
