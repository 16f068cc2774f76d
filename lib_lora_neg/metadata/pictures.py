"""Pictures: the texts that tools keep in PNG chunks and in EXIF, and what they say."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..infotext import is_infotext
from ..png import SIGNATURE, PngError, read_texts
from ..regular import open_regular, read_regular
from .infotexts import infotexts_of
from .recipe import MetadataError, Recipe, parse_json
from .records import recipes_of_json

MAX_PICTURE_BYTES = 256 * 1024 * 1024
"""Largest JPEG, WebP or AVIF that is opened; of a PNG only its texts are read."""

_HEADS: tuple[tuple[str, int, bytes], ...] = (
    ("PNG", 0, SIGNATURE),
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("WebP", 8, b"WEBP"),
    ("AVIF", 4, b"ftypavif"),
    ("AVIF", 4, b"ftypavis"),
    ("GIF", 0, b"GIF8"),
    ("TIFF", 0, b"II*\x00"),
    ("TIFF", 0, b"MM\x00*"),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("JPEG XL", 4, b"JXL \r\n\x87\n"),
    ("HEIC", 4, b"ftypheic"),
    ("HEIC", 4, b"ftypmif1"),
    ("MP4", 4, b"ftyp"),
    ("BMP", 0, b"BM"),
)
_READ = {"JPEG": "JPEG", "WebP": "WEBP", "AVIF": "AVIF", "GIF": "GIF", "TIFF": "TIFF"}

# In the order in which they are asked: a tool's own record before what it wrote for others.
_KEYS = (
    *("invokeai_metadata", "sd-metadata", "parameters", "generation_data", "prompt", "workflow"),
    *("usercomment", "comment", "imagedescription", "description", "xpcomment", "dream"),
)
_NAMED = (
    ("Dream", "InvokeAI 1 (a command line in 'Dream')"),
    ("invokeai_graph", "InvokeAI (a graph without metadata)"),
    ("XML:com.adobe.xmp", "a tool that writes XMP (Draw Things, Midjourney or an editor)"),
    ("xmp", "a tool that writes XMP (Draw Things, Midjourney or an editor)"),
    ("Software", ""),
)


def picture_kind(path: Path) -> str:
    """Return the name of a picture's format by its first bytes; empty where it is no picture."""
    with open_regular(path) as file:
        head = file.read(16)
    return next((n for n, at, mark in _HEADS if head[at : at + len(mark)] == mark), "")


def is_picture(path: Path) -> bool:
    """Whether a file begins as a picture or film does."""
    return picture_kind(path) != ""


def read_picture(path: Path) -> list[Recipe]:
    """Return the recipes of a picture, usually one.

    Raises:
        MetadataError: it cannot be read, or says nothing that is understood; the text says what
            was found, or what to install.
        OSError: the file cannot be opened.
    """
    return _recipes(_texts(path))


def picture_infotext(path: Path) -> str:
    """Return the infotext in a picture as A1111 wrote it; empty where there is none.

    Raises:
        MetadataError: the picture cannot be read.
        OSError: the file cannot be opened.
    """
    lower = {key.lower(): text for key, text in _texts(path).items()}
    found = (lower.get(key, "").strip().strip("\0") for key in _KEYS)
    return next((text for text in found if is_infotext(text)), "")


def _texts(path: Path) -> dict[str, str]:
    kind = picture_kind(path)
    if kind == "PNG":
        try:
            texts, exif = read_texts(path, _KEYS)
        except PngError as problem:
            raise MetadataError(str(problem).removeprefix(f"{path}: ")) from problem
        if exif is not None and not _tells(texts):
            texts.update(_of_exif_bytes(exif))
        return texts
    if kind in _READ:
        return _texts_by_pillow(read_regular(path, MAX_PICTURE_BYTES), kind)
    if not kind:
        raise MetadataError("this is no picture")
    raise MetadataError(f"{kind} files are not read; PNG, JPEG, WebP and AVIF are")


def _tells(texts: Mapping[str, str]) -> bool:
    lower = {key.lower() for key in texts}
    return any(key in lower for key in _KEYS)


def _recipes(texts: Mapping[str, str]) -> list[Recipe]:
    lower = {key.lower(): text for key, text in texts.items()}
    faults: list[str] = []
    for key in _KEYS:
        text = lower.get(key, "").strip().strip("\0")
        if not text:
            continue
        try:
            found = _recipes_of(text, key)
        except MetadataError as problem:
            faults.append(f"{key}: {problem}")
            continue
        if found:
            return _completed(found, key, lower)
    raise MetadataError(_refusal(texts, faults))


def _recipes_of(text: str, key: str) -> list[Recipe]:
    # ComfyUI puts the keyword in front where a format has no keywords (EXIF).
    for word in ("prompt:", "workflow:"):
        if text[: len(word)].lower() == word and text[len(word) :].lstrip().startswith("{"):
            text = text[len(word) :].lstrip()
    if text.startswith(("{", "[")):
        try:
            return recipes_of_json(parse_json(text))
        except MetadataError:
            if text.startswith("{"):
                raise
    found = infotexts_of(text)
    if not found and key == "parameters":
        # The host writes the bare prompt where infotexts are switched off but for it.
        return [Recipe(source="infotext", prompt=text, has_parameters=False)]
    return found


def _completed(found: list[Recipe], key: str, texts: Mapping[str, str]) -> list[Recipe]:
    """Return what was found, with a word about a workflow that stands beside an infotext."""
    graph = texts.get("prompt", "")
    if key != "parameters" or not graph.lstrip().startswith("{") or len(found) != 1:
        return found
    try:
        workflow = recipes_of_json(parse_json(graph))
    except MetadataError:
        return found
    first = found[0]
    known = first.prompt.lower()
    more = tuple(
        lora
        for lora in dict.fromkeys(lora for recipe in workflow for lora in recipe.loras)
        if f"<lora:{lora.name.lower()}:" not in known and lora not in first.loras
    )
    return [replace(first, loras=(*first.loras, *more))]


def _refusal(texts: Mapping[str, str], faults: list[str]) -> str:
    if faults:
        return f"its generation parameters are not understood: {'; '.join(faults[:3])}"
    for key, name in _NAMED:
        if key in texts:
            by = name or texts[key][:60]
            return f"no generation parameters that are understood; the picture is by {by}"
    if texts:
        keys = ", ".join(sorted(texts)[:8])
        return f"no generation parameters in this picture; it has the texts {keys}"
    return "no generation parameters in this picture"


def _texts_by_pillow(data: bytes, kind: str) -> dict[str, str]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as problem:
        raise MetadataError(
            f"{kind} pictures are read with Pillow, which is not installed: pip install pillow"
        ) from problem
    try:
        with warnings.catch_warnings():
            # Of a huge picture only the header is read.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[_READ[kind]]) as picture:
                info: Mapping[Any, Any] = dict(picture.info)
                texts = dict(_of_exif(picture.getexif()))
    except (UnidentifiedImageError, KeyError) as problem:
        raise MetadataError(_cannot(kind)) from problem
    except Exception as problem:  # Pillow's decoders raise what they like
        raise MetadataError(f"the {kind} picture is damaged: {problem}") from problem
    for key, value in info.items():
        text = _decoded(value) if isinstance(value, bytes) else value
        if isinstance(key, str) and isinstance(text, str) and key != "exif":
            texts.setdefault(key, text)
    return texts


def _cannot(kind: str) -> str:
    if kind == "AVIF":
        return (
            "this Pillow cannot read AVIF pictures, or the file is damaged: Pillow 11.3 reads "
            "them (pip install -U pillow), older ones with pillow-avif-plugin"
        )
    return f"the {kind} picture is damaged"


_TAGS = {
    0x9286: "usercomment",
    0x010E: "imagedescription",
    0x010F: "prompt",
    0x0110: "workflow",
    0x9C9C: "xpcomment",
    0x0131: "Software",
}
_EXIF_FOLDER = 0x8769


def _of_exif_bytes(data: bytes) -> dict[str, str]:
    """Return the texts of a PNG's EXIF; none where Pillow is not there or it is damaged."""
    try:
        from PIL import Image

        exif = Image.Exif()
        exif.load(data if data.startswith(b"Exif\0\0") else b"Exif\0\0" + data)
        return dict(_of_exif(exif))
    except Exception:  # as if it were not there: PNG has texts of its own
        return {}


def _of_exif(exif: Any) -> Iterator[tuple[str, str]]:
    folders = [exif, exif.get_ifd(_EXIF_FOLDER)]
    for folder in folders:
        for tag, value in folder.items():
            name = _TAGS.get(tag)
            text = _text_of_tag(tag, value, getattr(exif, "endian", ">")) if name else ""
            if not name or not text.strip():
                continue
            # ComfyUI keeps a JSON in the camera's make and model; a camera's name is none.
            if name in ("prompt", "workflow"):
                word, colon, rest = text.partition(":")
                if not colon or not rest.lstrip().startswith("{"):
                    continue
                name = word.strip().lower()
                text = rest.lstrip()
            yield name, text


def _text_of_tag(tag: int, value: Any, endian: str) -> str:
    if isinstance(value, tuple) and all(isinstance(v, int) and 0 <= v < 256 for v in value):
        value = bytes(value)
    if isinstance(value, str):
        # Pillow reads ASCII tags as Latin-1; what tools write there is UTF-8.
        text = value
        try:
            value = text.encode("latin-1")
        except UnicodeEncodeError:
            return text.rstrip("\0")
    if not isinstance(value, bytes):
        return ""
    if tag == 0x9C9C:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return user_comment(value, "le" if endian == "<" else "be")


def user_comment(value: bytes, order: str = "be") -> str:
    """Return the text of an EXIF user comment: eight bytes say its encoding, if anything does.

    Tools disagree about the order of bytes in UTF-16: what gives more plain letters is taken.
    """
    head, body = value[:8], value[8:]
    if head == b"UNICODE\0":
        return _utf16(body, order)
    if head == b"ASCII\0\0\0":
        return _decoded(body)
    if head == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", "replace").rstrip("\0")
    if head == b"\0" * 8:
        return _decoded(body)
    return _decoded(value)


def _utf16(body: bytes, order: str) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace").rstrip("\0")
    even, odd = body[0:2000:2], body[1:2000:2]
    if even.count(0) != odd.count(0):
        order = "be" if even.count(0) > odd.count(0) else "le"
    elif _plain(body, "be") != _plain(body, "le"):
        order = "be" if _plain(body, "be") > _plain(body, "le") else "le"
    if not even.count(0) and not odd.count(0) and _is_utf8(body):
        return body.decode("utf-8").rstrip("\0")
    return body.decode(f"utf-16-{order}", "replace").rstrip("\0")


def _plain(body: bytes, order: str) -> int:
    return sum(c.isalnum() for c in body[:2000].decode(f"utf-16-{order}", "replace"))


def _is_utf8(body: bytes) -> bool:
    try:
        text = body.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\n\r\t" for c in text)


def _decoded(body: bytes) -> str:
    if b"\0" in body[:64] and len(body) > 2 and body.rstrip(b"\0").count(0) > len(body) // 4:
        return _utf16(body, "le")
    try:
        return body.decode("utf-8").rstrip("\0")
    except UnicodeDecodeError:
        return body.decode("latin-1").rstrip("\0")
