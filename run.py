"""Runs this project on a fresh machine with nothing but Python: ``demo`` or ``test``.

Makes ``.venv`` from the pinned files in ``requirements/`` and keeps it until they change; what an
interrupted installation has finished is kept. Standard library only, no POSIX-only calls; arguments
after the command are passed on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.installing import pip_install

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
OLDEST, NEWEST = (3, 10), (3, 13)
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
OWN_SOURCES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
SCRIPTS = (
    "frontend",
    "tests/javascript",
    "lib_lora_neg/page/assets",
    "lib_lora_neg/hosts/comfy/web",
)
SIZES = {"demo": (300, 1500), "test": (110, 500), "page-gradio6": (350, 1600)}
"""What an installation fetches and takes on disk, in megabytes: measured in November 2026 on Linux,
Python 3.11, with torch's build without CUDA."""

USAGE = """usage: python run.py demo [arguments of lora-neg serve]
       python run.py test [--all] [arguments of pytest]

demo   opens a page in the browser that makes guarded pictures with the model that --model names
       (a checkpoint file, or a folder in the diffusers layout), else with the clone's own small one
test   format, lint, types, the tests, and those of the scripts where Node.js is there; says what it
       left out and why. --all installs what the demo needs, too, and runs those tests as well
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
        print("\nrun.py: interrupted; the same command goes on", file=sys.stderr)
        return 130


def demo(arguments: list[str]) -> int:
    """Serve the page; what it writes goes to ``.demo``."""
    python = str(environment("demo"))
    return call([python, "-m", "lib_lora_neg", "serve", "--output", ".demo", *arguments])


def test(arguments: list[str]) -> int:
    """Run every check, all of them even when one fails, and say at the end which failed."""
    everything = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    python = str(environment("test"))
    if everything:
        environment("page-gradio6")
    left_out: dict[str, str] = {}
    checks = {
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "ruff check": [python, "-m", "ruff", "check", "."],
        "mypy": [python, "-m", "mypy"],
        "eslint": eslint_command(left_out),
        "node --test": node_test_command(left_out),
        "pytest": [python, "-m", "pytest", *arguments],
    }
    failed = []
    for name, command in checks.items():
        if command:
            print(f"── {name}", flush=True)
            began = time.monotonic()
            if call(command):
                failed.append(name)
            print(f"   {name}: {time.monotonic() - began:.0f} s", flush=True)
    for name, why in left_out.items():
        print(f"left out: {name}, {why}", flush=True)
    if not everything:
        print("python run.py test --all also runs what needs torch, gradio and a browser")
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

    The stamp in ``.venv`` says for which Python it was made, and for which requirements it is
    complete; an interrupted installation goes on in the same ``.venv``.
    """
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = read_stamp()
    if stamp.get("python") != sys.version or not python.exists():
        make_venv()
        stamp = {"python": sys.version}
        write_stamp(stamp)
    wanted = requirements_hash(ROOT / "requirements" / f"{name}.txt")
    if stamp.get(name) != wanted:
        install(name, str(python))
        stamp[name] = wanted
        write_stamp(stamp)
    return python


def install(name: str, python: str) -> None:
    """Install ``requirements/<name>.txt``, and tell what that takes and how far it is."""
    say(f"installing requirements/{name}.txt into {VENV.name}; later starts need none of this")
    if name in SIZES:
        fetched, on_disk = SIZES[name]
        say(f"  about {fetched} MB to fetch, {on_disk / 1000:.1f} GB on disk")
    torch = torch_of(ROOT / "requirements" / f"{name}.txt")
    if torch and wants_small_torch():
        say(f"first {torch} without CUDA, from {CPU_TORCH}")
        # Where that cannot be reached, the usual sources have another build of it.
        quick = ["--retries", "0", "--timeout", "20", "--index-url", CPU_TORCH]
        if pip_install(python, [*quick, torch], ROOT, say, optional=True):
            say("  not reachable; it comes from the usual sources, with CUDA: several GB")
    elif torch:
        # By itself, so that it is kept if the rest is interrupted: it is more than half of all.
        pip_install(python, [torch], ROOT, say, optional=True)
    if pip_install(python, ["-r", f"requirements/{name}.txt"], ROOT, say):
        raise SetupError(
            "pip could not install the requirements (its own words are above).\n"
            "The same command goes on with what is still missing. Without a network connection,\n"
            "or behind a proxy that pip does not know of, nothing can be downloaded;\n"
            "PIP_INDEX_URL or PIP_FIND_LINKS name another source."
        )


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


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
    say(f"making {VENV.name} with Python {sys.version.split()[0]} …")
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


def write_stamp(stamp: dict[str, str]) -> None:
    """Keep what ``.venv`` was made for."""
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def requirements_hash(path: Path) -> str:
    """Return a hash of a requirements file and of those it includes with ``-r``."""
    text = path.read_text(encoding="utf-8")
    included = [line[3:].strip() for line in text.splitlines() if line.startswith("-r ")]
    parts = [text, *(requirements_hash(path.parent / name) for name in included)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def eslint_command(left_out: dict[str, str]) -> list[str]:
    """Return the command that lints the scripts; empty where that cannot be, and why."""
    if not (ROOT / "frontend").is_dir():
        return []
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        left_out["eslint"] = "Node.js is not installed"
        return []
    stamp = ROOT / "node_modules" / "installed.txt"
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        if call([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]):
            raise SetupError("npm could not install ESLint and esbuild (its own words are above)")
        stamp.write_text(wanted, encoding="utf-8")
    return [node, str(ROOT / "node_modules/eslint/bin/eslint.js"), *SCRIPTS]


def node_test_command(left_out: dict[str, str]) -> list[str]:
    """Return the command that runs the scripts' own tests; empty where Node.js is not there."""
    node = shutil.which("node")
    if not node:
        left_out["node --test"] = "Node.js is not installed"
    return [node, "--test", "tests/javascript/"] if node else []


def call(command: list[str]) -> int:
    """Run a command in the project's folder, with its own output, and return its status."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console without UTF-8 shows a replacement instead of ending the program.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
