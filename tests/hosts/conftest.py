"""The WebUI of the scans, on stand-ins."""

from __future__ import annotations

import pytest

from tests.hosts.scan_standins import Webui, install_scan


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch) -> Webui:
    return install_scan(monkeypatch)
