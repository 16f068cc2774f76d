"""What the documents say of themselves: the version, and links that lead somewhere."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from lib_lora_neg import __version__

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^()\s]{1,300})\)")
HEADING = re.compile(r"^#{1,4} (.{1,200})$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    made = set()
    for heading in HEADING.findall(page.read_text(encoding="utf-8")):
        kept = (c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        made.add("".join(kept).replace(" ", "-"))
    return made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    left = [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file():
                left.append(target)
    assert set(PAGES) <= seen


def test_every_picture_is_shown() -> None:
    texts = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs" / "images").rglob("*.png"):
        assert picture.name in texts, picture.name


def test_the_version_is_the_same_everywhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"/badge/version-{__version__}-" in readme
    [newest, *_] = re.findall(r"^## \[(\d[^\]]{0,20})\] - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)
    assert newest == __version__
    assert 'version = { attr = "lib_lora_neg.__version__" }' in (ROOT / "pyproject.toml").read_text(
        encoding="utf-8"
    )
