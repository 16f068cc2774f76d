"""An update while the WebUI runs: files are replaced, the UI reloaded, the new version guards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.conftest import prepared_server, root_of_webui
from tests.host.support.client import OFF, Webui, assert_same
from tests.host.support.lora_files import STYLE
from tests.host.support.server import GUARD_FOLDER, PROBE, PROBE_FOLDER, REPOSITORY, Server

pytestmark = pytest.mark.slow

NEEDED = ("lib_lora_neg", "scripts", "javascript", "localizations", "style.css", "metadata.ini")
KEY, NEW_KEY = "LoRA Neg changes", "LoRA Neg edits"
ASKED = f"a cat <lora:{STYLE}:-0.9>"


@pytest.fixture
def copied(
    server: Server | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Webui, Path]]:
    """A WebUI with a copy of the extension, which may be changed; the WebUI that runs rests."""
    root = root_of_webui()
    if server is None or root is None:
        pytest.skip("needs WEBUI_ROOT, to start a WebUI with an extension that may be changed")
    folder = tmp_path_factory.mktemp("update")
    extension = folder / "extension"
    for name in NEEDED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, extension / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, extension / name)
    running = prepared_server(root, folder, {GUARD_FOLDER: extension, PROBE_FOLDER: PROBE})
    try:
        running.start()
        client = Webui(running.url)
        yield client, extension
        client.close()
    finally:
        running.stop()


def replace_everywhere(folder: Path, old: str, new: str) -> None:
    """Write files as an update does: new ones in their places."""
    found = 0
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if old in text:
            fresh = file.with_suffix(".new")
            fresh.write_text(text.replace(old, new), encoding="utf-8")
            fresh.replace(file)
            found += 1
    assert found


def test_after_an_update_and_a_reload_the_new_version_alone_is_there(
    copied: tuple[Webui, Path],
) -> None:
    webui, extension = copied
    before = webui.txt2img(ASKED, "blurry", cfg_scale=9)
    assert KEY in before.own_keys

    replace_everywhere(extension / "lib_lora_neg", f'"{KEY}"', f'"{NEW_KEY}"')
    between = webui.txt2img(ASKED, "blurry", cfg_scale=9)
    webui.reload_ui()
    after = webui.txt2img(ASKED, "blurry", cfg_scale=9)

    assert between.infotext == before.infotext
    assert after.infotext == before.infotext.replace(KEY, NEW_KEY)
    for picture in (between, after):
        assert_same(before, picture)
    assert_same(after, webui.txt2img(after.prompt, "blurry", cfg_scale=6, guard=OFF))
    assert webui.probe()["hook_depth"] == 1
