"""Run by the WebUI at its start: says when something here is outside what is supported.

Installs nothing and changes nothing; the extension needs only what every host brings.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

TITLE = "LoRA Negative Guard"
PYTHON = ((3, 10), (3, 13))
# Lowest version that is supported, and the first that is not known to work.
PACKAGES = {
    "gradio": ((3, 41), (5,)),
    "torch": ((2, 1), None),
    "numpy": ((1, 26), (3,)),
    "httpx": ((0, 24), None),
}


def problems(python: tuple[int, ...], versions: dict[str, str | None]) -> list[str]:
    """Return one line for each thing that is missing or outside the supported versions."""
    found = []
    low, high = PYTHON
    if not low <= python[:2] <= high:
        found.append(f"Python {dotted(python[:2])} (supported: {dotted(low)} to {dotted(high)})")
    for name, (oldest, unknown) in PACKAGES.items():
        there = versions.get(name)
        if there is None:
            found.append(f"{name} is not installed")
            continue
        number = numbers(there)
        if number < oldest:
            found.append(f"{name} {there} (supported: from {dotted(oldest)})")
        elif unknown and number >= unknown:
            found.append(f"{name} {there} (supported: below {dotted(unknown)})")
    return found


def numbers(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``2.1.2+cu121`` is ``(2, 1, 2)``."""
    found = []
    for part in text.split("+")[0].split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)


def dotted(version_numbers: tuple[int, ...]) -> str:
    """Return ``3.10`` for ``(3, 10)``."""
    return ".".join(map(str, version_numbers))


def installed(name: str) -> str | None:
    """Return the installed version of a package without importing it, or ``None``."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> None:
    """Print what is not as it should be; nothing when all is well."""
    found = problems(tuple(sys.version_info[:3]), {name: installed(name) for name in PACKAGES})
    if found:
        print(f"{TITLE}: outside what is supported here: {'; '.join(found)}")


if __name__ == "__main__":
    main()
