"""Silencing the libraries, so that people see the project's own messages alone."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("diffusers", "transformers", "peft")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the libraries' warnings and progress bars; their errors still come through."""
    # First: they set the levels of their loggers when they are imported.
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    libraries = (of_diffusers, of_transformers)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with_bars = [library for library in libraries if library.is_progress_bar_enabled()]
    for library in with_bars:
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for library in with_bars:
            library.enable_progress_bar()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
