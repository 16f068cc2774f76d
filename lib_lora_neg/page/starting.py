"""The server: gradio's page with our scripts and answers, in a thread of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware

from ..scan.jobs import ScanJobs
from ..ui.library.answers import library_answers
from ..ui.panel.answers import page_answers
from ..ui.scan.answers import scan_answers
from ..ui.scan.files import scan_files
from ..ui.scan.tab import scan_tab
from .build import TABS, PageParts, build_page, theme
from .host import InputDefaults, PageHost
from .memory import Memory
from .names import names_of
from .options import LOOPBACK, ServeError, ServeOptions, Site, choose_port
from .outputs import Outputs
from .panel_host import LibraryNames, PagePanelHost
from .running import JobRegistry
from .web import (
    Answers,
    Assets,
    AssetsMissingError,
    OwnNamesOnly,
    add_routes,
    extension_folder,
)

STOP_SECONDS = 2.0
"""How long a scan gets to end its step when the page closes."""


class RunningServer:
    """A page that is being served."""

    def __init__(
        self, port: int, host: PageHost, registry: JobRegistry, jobs: ScanJobs | None
    ) -> None:
        self.port = port
        self._host = host
        self._registry = registry
        self._jobs = jobs

    @property
    def url(self) -> str:
        """Where the page is, for this machine."""
        return f"http://{LOOPBACK}:{self.port}/"

    def end(self) -> None:
        """Interrupt what runs and close the host's files; visitors are not waited for."""
        self._registry.interrupt_all()
        if self._jobs is not None:
            # A picture that is finished is kept; the scan goes on from there.
            self._jobs.close(STOP_SECONDS)
        self._host.close()


def start(site: Site, options: ServeOptions) -> RunningServer:
    """Build the page and start its server.

    Raises:
        ServeError: it cannot be started.
    """
    try:
        assets = Assets(extension_folder())
    except (AssetsMissingError, OSError) as problem:
        raise ServeError(str(problem)) from problem
    registry, outputs = JobRegistry(), Outputs(options.output)
    parts = PageParts(
        site.host,
        PagePanelHost(site.host, Memory(options.output / ".lora-neg" / "page.json")),
        outputs,
        registry,
        site.model,
        site.guide,
        site.defaults or InputDefaults(),
        [scan_tab] if site.scan is not None else [],
    )
    port = choose_port(options.address, options.port)
    _need_temporary_folder()
    app = _launch(build_page(parts), port, options, outputs, assets)
    names = LibraryNames(site.host.library)
    answers = Answers(
        page_answers(site.host.preview, names, lasting=True, notice=parts.panel_host),
        library_answers(site.host.library),
    )
    jobs = None
    if site.scan is not None:
        host = site.scan(options.output / "scans")
        jobs = ScanJobs(host, host.scans_folder)
        answers = Answers(answers.page, answers.library, scan_answers(host, jobs), scan_files(host))
    add_routes(app, assets, answers)
    return RunningServer(port, site.host, registry, jobs)


def _need_temporary_folder() -> None:
    """Say early that gradio could not keep what visitors upload.

    Raises:
        ServeError: no file can be written there.
    """
    named = os.environ.get("GRADIO_TEMP_DIR")
    try:
        folder = Path(named) if named else Path(tempfile.gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        where = named or problem.filename or "the folder for temporary files"
        raise ServeError(
            f"{where} cannot be written: {problem.strerror or problem}; set GRADIO_TEMP_DIR to a "
            "folder that can"
        ) from problem


def _in_one_line(problem: Exception) -> str:
    words = " ".join(str(problem).split()) or type(problem).__name__
    if isinstance(problem, PermissionError) and problem.filename:
        return f"{problem.filename} cannot be written: {problem.strerror}"
    return words if len(words) <= 300 else f"{words[:300]} …"


def _launch(page: Any, port: int, options: ServeOptions, outputs: Outputs, assets: Assets) -> Any:
    """Start gradio's server and return its application."""
    guarded = Middleware(
        OwnNamesOnly, names=names_of(options.address, options.listen, options.allowed)
    )
    try:
        app, *_ = page.launch(
            server_name=options.address,
            server_port=port,
            auth=list(options.accounts.items()) or None,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            inbrowser=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            app_kwargs={"middleware": [guarded]},
            theme=theme(),
            head=assets.head(),
            allowed_paths=[str(outputs.of_tab(tab).resolve()) for tab in TABS],
        )
    except Exception as problem:  # gradio passes on whatever went wrong below it
        raise ServeError(f"the server cannot be started: {_in_one_line(problem)}") from problem
    # gradio puts its own in front, which answer some requests by themselves: ours comes first.
    app.user_middleware.remove(guarded)
    app.user_middleware.insert(0, guarded)
    app.middleware_stack = app.build_middleware_stack()
    return app
