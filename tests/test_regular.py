"""Only regular files are opened, and every room opens foreign files through one helper."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_lora_neg.regular import (
    IrregularFileError,
    check_regular,
    open_lock,
    open_regular,
    read_regular,
)
from tests.support.odd_files import ODD

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lib_lora_neg"

posix = pytest.mark.skipif(sys.platform == "win32", reason="no such things in its folders")


@posix
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_regular_file_is_refused_by_its_kind(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd"
    ODD[kind](path)
    for read in (open_regular, read_regular, check_regular):
        with pytest.raises(IrregularFileError) as caught:
            read(path)
        assert kind in str(caught.value.strerror)
        assert caught.value.filename == str(path)


@posix
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder"])
def test_a_lock_is_a_regular_file(tmp_path: Path, kind: str) -> None:
    ODD[kind](tmp_path / "lock")
    with pytest.raises(OSError, match=r".+"):
        open_lock(tmp_path / "lock")


def test_a_lock_is_made_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    open_lock(tmp_path / "lock").close()
    (tmp_path / "lock").write_bytes(b"kept")
    open_lock(tmp_path / "lock").close()
    assert (tmp_path / "lock").read_bytes() == b"kept"
    check_regular(tmp_path / "lock")
    check_regular(tmp_path / "missing")


@posix
def test_a_link_to_a_regular_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"text")
    (tmp_path / "link").symlink_to("real")
    assert read_regular(tmp_path / "link") == b"text"


def test_bytes_are_read_as_they_are_and_to_the_limit(tmp_path: Path) -> None:
    content = b"a\r\n\x1a\x00b"
    (tmp_path / "file").write_bytes(content)
    assert read_regular(tmp_path / "file", len(content)) == content
    with pytest.raises(IrregularFileError):
        read_regular(tmp_path / "file", len(content) - 1)


def test_what_is_missing_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing")
    with pytest.raises(OSError, match="name of a file"):
        read_regular("a\0b")


@pytest.mark.skipif(not hasattr(os, "O_NONBLOCK"), reason="no pipes in its folders")
def test_a_file_that_becomes_a_pipe_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    really_open = os.open

    def swapped(name: Path, flags: int) -> int:
        name.unlink()
        os.mkfifo(name)
        return really_open(name, flags)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(IrregularFileError):
        open_regular(path)


# What opens a file without the helper, by module and function. Each writes, or reads what lies in
# the package itself.
ALLOWED = {
    ("regular.py", "open_regular"),
    ("regular.py", "open_lock"),
    ("telling.py", "be_silent"),  # the null device
    ("whole.py", "write_whole"),  # makes a new file, exclusively
    ("page/outputs.py", "save"),
    ("page/web.py", "_joined"),  # the package's own scripts
    ("hosts/diffusers/weights.py", "read_tensors"),  # after its header was read through the helper
}

NAMES = {"open", "read_bytes", "read_text", "safe_open", "load_file", "memmap"}


def opened(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls that open a file by its path, with the function in which they stand."""

    def walk(node: ast.AST, function: str) -> Iterator[tuple[str, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.Call) and opens(child):
                yield function, child
            yield from walk(child, child.name if named else function)

    yield from walk(tree, "")


def opens(call: ast.Call) -> bool:
    target = call.func
    if isinstance(target, ast.Name):
        # `read_text` by its bare name is `png.read_text`, which takes the helper.
        return target.id in NAMES - {"read_text"}
    if not isinstance(target, ast.Attribute) or target.attr not in NAMES:
        return False
    if target.attr != "open":
        return True
    owner = target.value
    if isinstance(owner, ast.Name) and owner.id in {"webbrowser", "turns"}:
        return False  # opens a page, a turn in the host's queue
    if isinstance(owner, ast.Name) and owner.id == "Image":
        # A picture from bytes or from an open file.
        argument = call.args[0]
        from_bytes = isinstance(argument, ast.Call) and ast.unparse(argument.func) == "io.BytesIO"
        return not from_bytes and ast.unparse(argument) != "file"
    return True


def test_every_room_opens_files_through_the_helper() -> None:
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        for function, call in opened(ast.parse(path.read_text(encoding="utf-8"))):
            found.add((module, function))
            assert (module, function) in ALLOWED, (
                f"{module}:{call.lineno}: {ast.unparse(call)[:80]} opens whatever lies there; "
                "take regular.open_regular or regular.read_regular"
            )
    assert found == ALLOWED, f"no longer there: {ALLOWED - found}"
