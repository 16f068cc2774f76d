"""A text file as a whole: JSON, infotexts, exiftool's output, or one prompt a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

from .infotexts import infotexts_of
from .prompt_lines import recipe_of_line
from .recipe import MetadataError, Recipe, parse_json
from .records import MAX_RECORDS, names_prompt_and_more, recipe_of_record, recipes_of_json

_JSON_START = re.compile(r'\s{0,100}(?:\{\s{0,100}["}]|\[\s{0,100}(?:[\[{"\]]|-?\d))')
# The columns of exiftool, ImageMagick's identify and the like: name, colon, value.
_ROW = re.compile(
    r"[ \t]{0,20}(?:\[[\w ]{1,30}\][ \t]{1,20})?(?:0x[0-9a-f]{2,8}[ \t]{1,9})?"
    r"(?P<name>[A-Za-z][\w \-/.:]{0,60}?)[ \t]{0,60}: ?(?P<value>.*)$"
)
_ROWS_THAT_TELL = frozenset(
    [
        "parameters",
        "usercomment",
        "comment",
        "imagedescription",
        "description",
        "prompt",
        "workflow",
        "invokeaimetadata",
        "sdmetadata",
        "xpcomment",
        "dream",
    ]
)
_EXIFTOOL = re.compile(
    r"^(?:ExifTool Version Number|File Name|SourceFile|MIME Type|Image Size|Bit Depth|"
    r"File Size|Color Type|Directory|File Type)[ \t]*:|^={8} |"
    r"^[ \t]{0,20}(?:\[\w+\][ \t]+)?(?:Parameters|User ?Comment|png:parameters)[ \t]*: ",
    re.MULTILINE | re.IGNORECASE,
)
_OTHER = (
    (
        re.compile(r"\s{0,100}<(?:!doctype html|html|head|body)\b", re.IGNORECASE),
        "a web page (HTML)",
    ),
    (re.compile(r"\A[^\x00]*\x00"), "no text but bytes"),
    (re.compile(r"version https://git-lfs"), "a pointer of Git LFS, not the file itself"),
    (re.compile(r"\s{0,100}<\?xml|\s{0,100}<svg\b"), "XML"),
)


def read_text(text: str) -> Iterator[Recipe | MetadataError]:
    """Yield the recipes of a text; a `MetadataError` for each part of it that is none.

    Raises:
        MetadataError: when the text as a whole is not understood.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise MetadataError("no prompts in this file")
    for pattern, name in _OTHER:
        if pattern.match(text):
            raise MetadataError(f"this is {name}; no prompts can be read from it")
    if _JSON_START.match(text):
        yield from _json(text)
        return
    table = _table(text)
    if table is not None:
        yield from table
        return
    if _EXIFTOOL.search(text):
        told = _from_rows(text)
        if told:
            yield from told
            return
    infotexts = infotexts_of(text)
    if infotexts:
        yield from infotexts
        return
    labelled = _labelled(text)
    if labelled is not None:
        yield labelled
        return
    yield from _lines(text)


_LABEL = re.compile(r"[ \t]{0,8}([A-Za-z][\w \-]{0,30}?)[ \t]{0,8}:(?:[ \t]|$)")
_MOST_LABELLED = 400
"""Lines of a text with a label before each value."""


def _labelled(text: str) -> Recipe | None:
    """Read ``prompt: …``, ``negative: …``, ``cfg: …`` on lines of their own, as notes and YAML."""
    lines = text.strip().split("\n")
    values: dict[str, str] = {}
    last = ""
    for line in lines if len(lines) <= _MOST_LABELLED else ():
        label = _LABEL.match(line)
        if label is not None and label[1] in values:
            return None
        if label is not None:
            last = label[1]
            values[last] = line[label.end() :].strip()
        elif last:
            values[last] = f"{values[last]}\n{line.strip()}"
        else:
            return None
    if not names_prompt_and_more(values):
        return None
    quoted = {key: _unquoted(value.strip()) for key, value in values.items()}
    found = recipe_of_record({key: value for key, value in quoted.items() if value})
    return replace(found, source="text with labels")


def _unquoted(value: str) -> str:
    whole = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if whole else value.removeprefix("|\n").removeprefix(">\n")


def _json(text: str) -> Iterator[Recipe | MetadataError]:
    try:
        yield from recipes_of_json(parse_json(text))
        return
    except MetadataError as problem:
        whole = problem
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(_JSON_START.match(line) for line in lines[:2]):
        raise whole
    for number, line in enumerate(lines[: MAX_RECORDS + 1], 1):
        try:
            yield recipe_of_record(parse_json(line))
        except MetadataError as problem:
            yield MetadataError(f"line {number}: {problem}")


def _table(text: str) -> list[Recipe] | None:
    """Read a table with a header that names a prompt, as the WebUI's ``styles.csv``."""
    header = text.split("\n", 1)[0].strip().lstrip("\ufeff").lower()
    names = [name.strip().strip('"') for name in header.split(",")]
    if (
        "prompt" not in names
        or len(names) < 2
        or not all(n.replace("_", "").isalnum() for n in names)
    ):
        return None
    try:
        rows = csv.DictReader(io.StringIO(text), fieldnames=names)
        found = []
        for number, row in enumerate(rows):
            if number == 0 or not any(row.get(name) for name in ("prompt", "negative_prompt")):
                continue
            given = {key: value for key, value in row.items() if key and value}
            found.append(recipe_of_record(given))
        return found or None
    except csv.Error as problem:
        raise MetadataError(f"the table cannot be read: {problem}") from problem


def _from_rows(text: str) -> list[Recipe]:
    """Return the recipes in the rows of exiftool, one row after the other."""
    found: list[Recipe] = []
    value: list[str] | None = None
    for line in [*text.split("\n"), "End of file: "]:
        row = _ROW.match(line)
        name = re.sub(r"[^a-z:]", "", row["name"].lower()) if row else ""
        plain = name.removeprefix("png:").removeprefix("exif:")
        # Values of several lines go on below their row; parameters look like rows themselves.
        inside = value is not None and not _looks_like_row(line)
        if inside and value is not None:
            value.append(line)
            continue
        if value is not None:
            found += _of_value("\n".join(value))
            value = None
        if row and plain in _ROWS_THAT_TELL:
            value = [row["value"]]
    return found


_OWN_ROW = re.compile(r"[ \t]{0,20}(?:\[[\w ]{1,30}\][ \t]+)?[A-Z][\w \-/.]{0,40}[ \t]{2,}: |={8} ")


def _looks_like_row(line: str) -> bool:
    return line == "End of file: " or _OWN_ROW.match(line) is not None


def _of_value(value: str) -> list[Recipe]:
    text = value.strip()
    if _JSON_START.match(text):
        try:
            return recipes_of_json(parse_json(text))
        except MetadataError:
            return []
    return infotexts_of(text)


def _lines(text: str) -> Iterator[Recipe | MetadataError]:
    found = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        found += 1
        if found > MAX_RECORDS:
            yield MetadataError(f"more than {MAX_RECORDS} prompts")
            return
        try:
            yield recipe_of_line(line.strip())
        except MetadataError as problem:
            yield MetadataError(f"line {number}: {problem}")
