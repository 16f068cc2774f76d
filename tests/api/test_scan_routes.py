"""The scan tab's routes over HTTP, on whichever FastAPI is installed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="FastAPI comes with the hosts")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from fastapi import FastAPI  # noqa: E402
from PIL import Image  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from lib_lora_neg.api.page import MAX_PAGE_BODY  # noqa: E402
from lib_lora_neg.api.scan_routes import add_scan_routes  # noqa: E402
from lib_lora_neg.scan.jobs import ScanJobs  # noqa: E402
from lib_lora_neg.ui.scan.answers import scan_answers  # noqa: E402
from lib_lora_neg.ui.scan.files import scan_files  # noqa: E402
from tests.support.cards import card  # noqa: E402
from tests.support.library import MemoryLibrary  # noqa: E402
from tests.support.scanning import MemoryScanHost  # noqa: E402

PAGE = "/lora-neg/page"
FORM = {
    "lora": "ink",
    "weights": "-1, 0",
    "prompts": [{"text": "a cat", "subject": True}],
    "seeds": "1",
    "width": 64,
    "height": 64,
}
FILES = ("scan-picture", "scan-heat", "scan-curves", "scan-report", "scan-json")


class Login:
    """What gradio's application tells of its login."""

    def __init__(self, app: FastAPI) -> None:
        app.auth = object()  # type: ignore[attr-defined]
        app.tokens = {"good": "user"}  # type: ignore[attr-defined]


def routes(folder: Path) -> tuple[FastAPI, ScanJobs]:
    host = MemoryScanHost(MemoryLibrary(card("ink", "style")), folder)
    jobs = ScanJobs(host, host.scans_folder)
    app = FastAPI()
    add_scan_routes(app, scan_answers(host, jobs), scan_files(host))
    return app, jobs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    app, jobs = routes(tmp_path_factory.mktemp("scans"))
    page = TestClient(app)
    started = page.post(f"{PAGE}/scan-start", json=FORM)
    assert started.status_code == 200
    jobs.wait(60)
    yield page, started.json()["job"]["scan"]
    jobs.close()


def test_a_scan_is_started_and_its_files_are_handed_out(made: tuple[TestClient, str]) -> None:
    page, scan = made
    assert page.post(f"{PAGE}/scan-state", json={}).json()["job"]["state"] == "done"
    query = {"scan": scan, "cell": "w-1.0000_p00_s1", "side": "96"}
    picture = page.get(f"{PAGE}/scan-picture", params=query)
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).size == (64, 64)
    assert "max-age" in picture.headers["cache-control"]
    report = page.get(f"{PAGE}/scan-report", params={"scan": scan})
    assert report.headers["content-disposition"] == f"attachment; filename*=UTF-8''{scan}.html"
    assert report.headers["cache-control"] == "no-store"
    assert "sandbox" in report.headers["content-security-policy"]
    assert report.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("scan", ["", "nobody", "../../etc", "%2e%2e", "a/b"])
def test_what_is_not_there_is_a_typed_404(
    made: tuple[TestClient, str], file: str, scan: str
) -> None:
    found = made[0].get(f"{PAGE}/{file}", params={"scan": scan, "cell": "w0.0000_p00_s1"})
    assert found.status_code == 404
    assert found.json()["error"]["code"] == "not_found"
    assert found.json()["error"]["message"] == "This scan is not there any more."


def test_a_form_at_fault_is_told_by_its_field(made: tuple[TestClient, str]) -> None:
    answer = made[0].post(f"{PAGE}/scan-start", json={**FORM, "seeds": "x"})
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "bad_request",
        "message": "'x' is no seed; a scan needs fixed ones, 0 or more.",
        "field": "seeds",
    }


def test_bodies_are_bounded(made: tuple[TestClient, str]) -> None:
    body: dict[str, Any] = {**FORM, "negative_prompt": "x" * MAX_PAGE_BODY}
    assert made[0].post(f"{PAGE}/scan-plan", json=body).status_code == 413


def test_nothing_is_open_to_whom_the_page_is_not(tmp_path: Path) -> None:
    app, _ = routes(tmp_path)
    Login(app)
    page = TestClient(app)
    for name in ("scan-overview", "scan-start", "scan-delete", "scan-save", "scan-history"):
        refused = page.post(f"{PAGE}/{name}", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "not_logged_in")
    for name in FILES:
        assert page.get(f"{PAGE}/{name}").status_code == 401
    page.cookies.set("access-token", "good")
    assert page.post(f"{PAGE}/scan-overview", json={}).status_code == 200
    assert page.get(f"{PAGE}/scan-json").status_code == 404
