"""Pictures that are really written: each format, each place for a text, each encoding."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.metadata import MetadataError, NamedLora, is_picture, read_picture
from lib_lora_neg.metadata.pictures import user_comment
from tests.pictures import chunk, png

Image = pytest.importorskip("PIL.Image")

PROMPT = "a lighthouse, 水彩 <lora:sty:-0.9>"
INFOTEXT = f"{PROMPT}\nNegative prompt: lowres\nSteps: 20, Sampler: Euler, CFG scale: 9, Seed: 1"
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a harbor", "clip": ["1", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {"positive": ["2", 0], "negative": ["2", 0], "cfg": 8.0, "model": ["1", 0]},
    },
}
ENCODINGS = {
    "UNICODE, big end first": b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
    "UNICODE, little end first": b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
    "UNICODE with a mark": b"UNICODE\0" + INFOTEXT.encode("utf-16"),
    "UNICODE that is UTF-8": b"UNICODE\0" + INFOTEXT.encode(),
    "ASCII that is UTF-8": b"ASCII\0\0\0" + INFOTEXT.encode(),
    "nothing said": bytes(8) + INFOTEXT.encode(),
    "no prefix": INFOTEXT.encode(),
    "ended by zeros": b"ASCII\0\0\0" + INFOTEXT.encode() + bytes(3),
}
FORMATS = {"JPEG": ".jpg", "WEBP": ".webp", "AVIF": ".avif"}


def written(path: Path, kind: str, tags: dict[int, Any], inner: bool = True) -> Path:
    exif = Image.Exif()
    exif.update({0x8769: tags} if inner else tags)
    try:
        Image.new("RGB", (8, 8)).save(path, kind, exif=exif.tobytes())
    except (KeyError, OSError):
        pytest.skip(f"this Pillow writes no {kind}")
    return path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("comment", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_user_comments(tmp_path: Path, kind: str, comment: bytes) -> None:
    # The suffix says nothing: the content does.
    path = written(tmp_path / "a.bin", kind, {0x9286: comment})
    assert is_picture(path)
    [recipe] = read_picture(path)
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == (PROMPT, "lowres", 9.0)


@pytest.mark.parametrize("text", ["plain ascii", "水彩画, oil", "żółć, naïve", "Иллюстрация, oil"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_the_order_of_bytes_is_told_by_the_text(text: str, order: str) -> None:
    data = b"UNICODE\0" + (text * 3).encode(f"utf-16-{order}")
    assert user_comment(data, order) == text * 3


def test_a_comment_in_japanese_encoding() -> None:
    assert user_comment(b"JIS\0\0\0\0\0" + "水彩".encode("iso2022_jp")) == "水彩"


@pytest.mark.parametrize("tag", [0x010E, 0x9C9C])
def test_other_tags(tmp_path: Path, tag: int) -> None:
    value = INFOTEXT.encode("utf-16-le") if tag == 0x9C9C else INFOTEXT.encode()
    [recipe] = read_picture(written(tmp_path / "a.jpg", "JPEG", {tag: value}, inner=False))
    assert recipe.prompt == PROMPT


def test_a_jpeg_comment(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, comment=INFOTEXT.encode())
    [recipe] = read_picture(path)
    assert recipe.prompt == PROMPT


def test_comfyui_keeps_its_workflow_in_make_and_model(tmp_path: Path) -> None:
    tags = {0x010F: "workflow:{}", 0x0110: f"prompt:{json.dumps(GRAPH)}"}
    [recipe] = read_picture(written(tmp_path / "a.webp", "WEBP", tags, inner=False))
    assert (recipe.source, recipe.prompt, recipe.cfg_scale) == ("ComfyUI", "a harbor", 8.0)


def test_a_camera_is_no_workflow(tmp_path: Path) -> None:
    tags = {0x010F: "Canon", 0x0110: "EOS: 5D"}
    with pytest.raises(MetadataError, match="no generation parameters"):
        read_picture(written(tmp_path / "a.jpg", "JPEG", tags, inner=False))


def test_swarmui_in_exif(tmp_path: Path) -> None:
    record = {"sui_image_params": {"prompt": "a", "cfgscale": 7, "loras": ["s"],
              "loraweights": ["-1"]}}  # fmt: skip
    comment = b"UNICODE\0" + json.dumps(record).encode("utf-16-le")
    [recipe] = read_picture(written(tmp_path / "a.jpg", "JPEG", {0x9286: comment}))
    assert (recipe.source, recipe.loras) == ("SwarmUI", (NamedLora("s", -1.0),))


def picture(path: Path, **texts: str) -> Path:
    chunks = [
        chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + value.encode())
        for key, value in texts.items()
    ]
    path.write_bytes(png(*chunks))
    return path


@pytest.mark.parametrize(
    ("texts", "source"),
    [
        ({"parameters": INFOTEXT}, "infotext"),
        ({"parameters": json.dumps({"sui_image_params": {"prompt": "a"}})}, "SwarmUI"),
        ({"prompt": json.dumps(GRAPH), "workflow": '{"nodes": [], "links": []}'}, "ComfyUI"),
        ({"invokeai_metadata": json.dumps({"app_version": "5", "positive_prompt": "a"})},
         "InvokeAI"),
        ({"Software": "NovelAI", "Description": "a",
          "Comment": json.dumps({"prompt": "a", "uc": "b", "request_type": "x"})}, "NovelAI"),
        ({"fooocus_scheme": "fooocus", "parameters": json.dumps(
            {"prompt": "a", "guidance_scale": 4, "base_model": "x"})}, "Fooocus"),
    ],
)  # fmt: skip
def test_png_texts(tmp_path: Path, texts: dict[str, str], source: str) -> None:
    [recipe] = read_picture(picture(tmp_path / "a.png", **texts))
    assert recipe.source == source


def test_an_infotext_beside_a_workflow_gets_its_loras(tmp_path: Path) -> None:
    graph = {
        **GRAPH,
        "3": {**GRAPH["3"], "inputs": {**GRAPH["3"]["inputs"], "model": ["4", 0]}},  # type: ignore[dict-item]
        "4": {
            "class_type": "LoraLoader",
            "inputs": {"lora_name": "ink.safetensors", "strength_model": -0.9,
                       "strength_clip": 0.5, "model": ["1", 0], "clip": ["1", 1]},
        },
    }  # fmt: skip
    texts = {"parameters": INFOTEXT, "prompt": json.dumps(graph)}
    [recipe] = read_picture(picture(tmp_path / "a.png", **texts))
    assert recipe.prompt == PROMPT
    assert recipe.loras == (NamedLora("ink", -0.9, 0.5),)


def test_exif_in_a_png(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9286: b"UNICODE\0" + INFOTEXT.encode("utf-16-be")}
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", exif=exif.tobytes())
    [recipe] = read_picture(tmp_path / "a.png")
    assert recipe.prompt == PROMPT


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "no generation parameters"),
        ({"Software": "Photoshop"}, "Photoshop"),
        ({"Dream": '"a" -s 50'}, "InvokeAI"),
        ({"prompt": '{"1": {"class_type": "SaveImage", "inputs": {}}}'}, "SaveImage"),
        ({"parameters": '{"prompt": '}, "JSON"),
        ({"XML:com.adobe.xmp": "<x/>"}, "XMP"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, texts: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        read_picture(picture(tmp_path / "a.png", **texts))


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_pictures(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path / "a", kind, {0x9286: b"ASCII\0\0\0" + INFOTEXT.encode()})
    whole = path.read_bytes()
    for length in (20, 40, len(whole) // 2):
        path.write_bytes(whole[:length])
        try:
            read_picture(path)
        except MetadataError:
            continue


@pytest.mark.parametrize("data", [b"\0\0\0\x20ftypheic", b"\0\0\0\x20ftypisom", b"BM" + bytes(20)])
def test_formats_that_are_not_read_are_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert is_picture(path)
    with pytest.raises(MetadataError, match="not read"):
        read_picture(path)


def test_without_pillow_png_is_read_and_others_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.jpg", "JPEG", {0x9286: INFOTEXT.encode()})
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "PIL" or name.startswith("PIL."):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    [recipe] = read_picture(picture(tmp_path / "a.png", parameters=INFOTEXT))
    assert recipe.prompt == PROMPT
    with pytest.raises(MetadataError, match="pip install pillow"):
        read_picture(path)


def test_a_huge_picture_is_not_decoded(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("1", (20_000, 12_000)).save(data, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data.getvalue())
    with pytest.raises(MetadataError, match="no generation parameters"):
        read_picture(path)
