"""Serving the page until Ctrl + C."""

from __future__ import annotations

import os
import platform
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from .options import ServeOptions, Site, be_quiet


def has_browser() -> bool:
    """Whether there is a screen to open a browser on; a text browser would take the terminal."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def serve(site: Site, options: ServeOptions, say: Callable[[str], None]) -> NoReturn:
    """Serve the page until Ctrl + C, and end the process with it.

    Raises:
        ServeError: it cannot be started.
    """
    be_quiet()
    # Imported when the libraries below have been told to be quiet.
    from .starting import start

    running = start(site, options)
    say(f"The page is at {running.url}")
    if options.listen:
        say(f"Other machines reach it on port {running.port} of this one.")
        if not options.accounts:
            say("Anybody who reaches it may use it: --auth USER:PASSWORD asks for a password.")
    say("Ctrl + C ends it.")
    if options.browser and has_browser():
        webbrowser.open(running.url)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    # Not by the usual way out, which waits for every visitor and every step that is under way.
    with suppress(KeyboardInterrupt):
        running.end()
        say("Ended.")
    os._exit(0)
