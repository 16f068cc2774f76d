"""The WebUI on stand-ins, as a generation, a scan and a plot meet it."""

from __future__ import annotations

import pytest

from tests.hosts.plot_standins import Plot, install_plot
from tests.hosts.scan_standins import Webui, install_scan
from tests.hosts.standins import Host, install


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch) -> Webui:
    return install_scan(monkeypatch)


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch) -> Plot:
    return install_plot(monkeypatch)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return install(monkeypatch)
