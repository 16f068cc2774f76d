"""Arguments that several commands of `lora-neg` have in common."""

from __future__ import annotations

import argparse
from pathlib import Path

_Group = argparse.ArgumentParser | argparse._ArgumentGroup


def add_lora_folders(group: _Group, *, required: bool = False) -> None:
    """Add ``--lora-dir``; without any the value is an empty list."""
    group.add_argument(
        "--lora-dir",
        action="append",
        # With a default of its own argparse would take the option as given.
        default=None if required else [],
        type=Path,
        required=required,
        metavar="DIR",
        help="folder of LoRA files, searched with its sub-folders; repeat for more",
    )


def add_embeddings(group: _Group, help_text: str) -> None:
    """Add ``--embedding``, which takes several names at once and may be repeated."""
    group.add_argument(
        "--embedding", action="extend", nargs="+", default=[], metavar="NAME", help=help_text
    )


def add_device(group: _Group) -> None:
    """Add ``--device``."""
    group.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:1, mps (default: the best there is)"
    )
