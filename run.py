"""Runs this project on a fresh machine with nothing but Python: ``demo`` or ``test``.

Makes ``.venv`` from the pinned files in ``requirements/`` and keeps it until they change.
Standard library only, no POSIX-only calls; arguments after the command are passed on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
OLDEST, NEWEST = (3, 10), (3, 13)
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
OWN_SOURCES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
SCRIPTS = ("javascript", "lib_lora_neg/page/assets")
USAGE = """usage: python run.py demo [arguments of lora-neg serve]
       python run.py test [arguments of pytest]

demo   opens a page in the browser that makes guarded pictures with the model that --model names
       (a checkpoint file, or a folder in the diffusers layout), else with the clone's own small one
test   format, lint, types, the tests, and those of the scripts where Node.js is there
"""


class SetupError(Exception):
    """Something outside the project is missing; the text says what to do about it."""


def main(arguments: list[str]) -> int:
    """Run the command and return the exit status: 2 for bad usage, 3 when set-up failed."""
    commands = {"demo": demo, "test": test}
    if not arguments or arguments[0] not in commands:
        wants_help = bool(arguments) and arguments[0] in ("-h", "--help", "help")
        print(USAGE, file=sys.stdout if wants_help else sys.stderr)
        return 0 if wants_help else 2
    try:
        check_python()
        return commands[arguments[0]](arguments[1:])
    except SetupError as problem:
        print(f"run.py: {problem}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


def demo(arguments: list[str]) -> int:
    """Serve the page; what it writes goes to ``.demo``."""
    python = str(environment("demo"))
    return call([python, "-m", "lib_lora_neg", "serve", "--output", ".demo", *arguments])


def test(arguments: list[str]) -> int:
    """Run every check, all of them even when one fails, and say at the end which failed."""
    python = str(environment("test"))
    checks = {
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "ruff check": [python, "-m", "ruff", "check", "."],
        "mypy": [python, "-m", "mypy"],
        "eslint": eslint_command(),
        "node --test": node_test_command(),
        "pytest": [python, "-m", "pytest", *arguments],
    }
    failed = []
    for name, command in checks.items():
        if command:
            print(f"── {name}", flush=True)
            if call(command):
                failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


def check_python() -> None:
    """Refuse a Python that is too old; only mention one that is newer than those tested."""
    version = sys.version_info[:2]
    name = ".".join(map(str, version))
    if version < OLDEST:
        raise SetupError(f"Python {name} is too old: 3.10 to 3.13 are supported ({sys.executable})")
    if version > NEWEST:
        print(f"run.py: Python {name} is newer than those tested (3.10 to 3.13)", file=sys.stderr)


def environment(name: str) -> Path:
    """Return the Python of ``.venv`` with ``requirements/<name>.txt`` installed.

    The stamp in ``.venv`` says for which Python and which requirements it was made; it is
    written after the installation, so an interrupted one is repeated.
    """
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = read_stamp()
    if stamp.get("python") != sys.version or not python.exists():
        make_venv()
        stamp = {"python": sys.version}
    wanted = requirements_hash(ROOT / "requirements" / f"{name}.txt")
    if stamp.get(name) != wanted:
        print(f"installing requirements/{name}.txt into {VENV.name} …", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
        pip += ["--disable-pip-version-check"]
        torch = torch_of(ROOT / "requirements" / f"{name}.txt")
        if torch and wants_small_torch():
            print(f"first {torch} without CUDA, from {CPU_TORCH} …", flush=True)
            # Where that cannot be reached, the usual sources have another build of it.
            call([*pip, "--retries", "0", "--timeout", "20", "--index-url", CPU_TORCH, torch])
        if call([*pip, "-r", f"requirements/{name}.txt"]):
            raise SetupError(
                "pip could not install the requirements (its own words are above).\n"
                "Without a network connection, or behind a proxy that pip does not know of,\n"
                "nothing can be downloaded; PIP_INDEX_URL or PIP_FIND_LINKS name another source."
            )
        stamp[name] = wanted
        STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    return python


def torch_of(path: Path) -> str:
    """Return the torch that a requirements file pins, or one it includes; empty without one."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("torch=="):
            return line.strip()
        if line.startswith("-r ") and (found := torch_of(path.parent / line[3:].strip())):
            return found
    return ""


def wants_small_torch() -> bool:
    """Whether the build without CUDA is to be tried: on Linux PyPI's is for NVIDIA GPUs.

    Not where there is such a GPU, or where the user names other sources of packages.
    """
    if not sys.platform.startswith("linux") or shutil.which("nvidia-smi"):
        return False
    return not any(os.environ.get(name) for name in OWN_SOURCES)


def make_venv() -> None:
    """Make an empty ``.venv`` in place of the one that is there."""
    print(f"making {VENV.name} with Python {sys.version.split()[0]} …", flush=True)
    try:
        import venv

        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(VENV)
    except (ImportError, subprocess.CalledProcessError) as problem:
        raise SetupError(
            f"this Python cannot make virtual environments ({problem}).\n"
            "On Debian and Ubuntu: apt install python3-venv. Elsewhere: install Python from\n"
            "python.org, which brings the modules venv and ensurepip."
        ) from problem
    except OSError as problem:
        raise SetupError(f"cannot make {VENV}: {problem}") from problem


def read_stamp() -> dict[str, str]:
    """Return what ``.venv`` was made for; nothing when that is not known."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def requirements_hash(path: Path) -> str:
    """Return a hash of a requirements file and of those it includes with ``-r``."""
    text = path.read_text(encoding="utf-8")
    included = [line[3:].strip() for line in text.splitlines() if line.startswith("-r ")]
    parts = [text, *(requirements_hash(path.parent / name) for name in included)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def eslint_command() -> list[str]:
    """Return the command that lints ``javascript/``; empty, and said, where that cannot be."""
    if not any((ROOT / "javascript").glob("*.js")):
        return []
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("── eslint: left out, Node.js is not installed", flush=True)
        return []
    stamp = ROOT / "node_modules" / "installed.txt"
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        if call([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]):
            raise SetupError("npm could not install ESLint (its own words are above)")
        stamp.write_text(wanted, encoding="utf-8")
    return [node, str(ROOT / "node_modules/eslint/bin/eslint.js"), *SCRIPTS]


def node_test_command() -> list[str]:
    """Return the command that runs the scripts' own tests; empty where Node.js is not there."""
    node = shutil.which("node")
    return [node, "--test", "tests/javascript/"] if node else []


def call(command: list[str]) -> int:
    """Run a command in the project's folder, with its own output, and return its status."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console without UTF-8 shows a replacement instead of ending the program.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
