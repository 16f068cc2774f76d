"""Keeps the libraries' chatter away from people who see only our words."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("diffusers", "transformers", "peft")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the libraries' warnings and progress bars; their errors still come through."""
    # First: it sets the level of its logger when it is imported.
    from transformers.utils import logging as library

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    had_bars = library.is_progress_bar_enabled()
    library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if had_bars:
            library.enable_progress_bar()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
