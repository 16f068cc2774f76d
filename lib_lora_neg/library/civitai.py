"""Looking up a LoRA's page on Civitai by its SHA-256. Only ever on the user's own request.

Two requests per file: the version by its hash, then its model, because only the model has the
category tags. Answers are kept; nothing is sent but the hash and the model's number.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import httpx

from ..loras.reading.lenient import as_count, as_mapping
from ..loras.reading.side_facts import SideFacts
from ..loras.reading.side_layouts import read_civitai_version
from ..regular import open_regular, read_regular
from .writing import replace_json

BASE_URL = "https://civitai.com"
"""The only place that is asked."""

INTERVAL = 1.0
"""Seconds between two requests."""

TIMEOUT = 20.0
"""Seconds to wait for an answer."""

MAX_ANSWER_BYTES = 8_000_000
"""A longer answer is not read."""

UNKNOWN_FOR = 7 * 24 * 3600.0
"""Seconds for which "not known there" is believed; a page may appear later."""


class LookupOutcome(str, Enum):
    """How a look-up ended."""

    FOUND = "found"
    UNKNOWN = "unknown"
    """Civitai does not know this file."""
    DISABLED = "disabled"
    """The user did not switch look-ups on: nothing was sent."""
    OFFLINE = "offline"
    """Civitai could not be reached."""
    REFUSED = "refused"
    """Civitai answered, but not with a page: too many requests, a login, a fault of its own."""


@dataclass(frozen=True)
class Lookup:
    """What a look-up brought.

    Attributes:
        outcome: how it ended.
        page: the model version with its model folded in, as Civitai has it; empty without one.
        note: for people.
        cached: nothing was sent, the answer was known.
    """

    outcome: LookupOutcome
    page: dict[str, Any]
    note: str = ""
    cached: bool = False

    @property
    def facts(self) -> SideFacts | None:
        """What the page says, or ``None`` without a page."""
        return read_civitai_version(self.page) if self.page else None


class CivitaiLookup:
    """Asks Civitai about LoRA files, slowly, and remembers the answers.

    Args:
        folder: where answers are kept; made when there is something to keep.
        enabled: whether anything may be sent at all. Off unless the user says otherwise.
        base_url: for tests.
        interval: seconds between two requests.
        transport: for tests.
        sleep: for tests.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        enabled: bool = False,
        base_url: str = BASE_URL,
        interval: float = INTERVAL,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = Path(folder)
        self._enabled = enabled
        self._base_url = base_url
        self._interval = interval
        self._transport = transport
        self._sleep = sleep
        self._last = float("-inf")

    def look_up(self, lora: str | os.PathLike[str]) -> Lookup:
        """Return the page of the LoRA file. Whatever happens on the way is an outcome, no error.

        Raises:
            OSError: the file itself cannot be read.
        """
        if not self._enabled:
            return Lookup(LookupOutcome.DISABLED, {}, "look-ups are switched off")
        digest = sha256_of(lora)
        known = self._known(digest)
        if known is not None:
            return known
        found = self._ask(digest)
        if found.outcome in (LookupOutcome.FOUND, LookupOutcome.UNKNOWN):
            self._keep(digest, found)
        return found

    def _ask(self, digest: str) -> Lookup:
        try:
            # No redirects: the answer has to come from the one host that the user agreed to.
            with httpx.Client(
                base_url=self._base_url,
                timeout=TIMEOUT,
                follow_redirects=False,
                transport=self._transport,
                headers={"User-Agent": "sd-webui-lora-neg"},
            ) as client:
                return self._ask_both(client, digest)
        except httpx.HTTPError as error:
            return Lookup(LookupOutcome.OFFLINE, {}, f"Civitai cannot be reached: {error}")
        except (ValueError, RecursionError) as error:
            return Lookup(LookupOutcome.REFUSED, {}, f"Civitai's answer is not readable: {error}")

    def _ask_both(self, client: httpx.Client, digest: str) -> Lookup:
        status, version = self._get(client, f"/api/v1/model-versions/by-hash/{digest.upper()}")
        if status == 404:
            return Lookup(LookupOutcome.UNKNOWN, {}, "Civitai does not know this file")
        if status != 200:
            return Lookup(LookupOutcome.REFUSED, {}, f"Civitai answered with status {status}")
        number = as_count(version.get("modelId"))
        if number is None:
            return Lookup(LookupOutcome.REFUSED, {}, "Civitai's answer names no model")
        status, model = self._get(client, f"/api/v1/models/{number}")
        if status != 200:
            return Lookup(LookupOutcome.REFUSED, {}, f"Civitai answered with status {status}")
        own = dict(as_mapping(version.get("model")))
        own.update({key: model[key] for key in ("name", "tags", "description") if key in model})
        return Lookup(LookupOutcome.FOUND, {**version, "model": own})

    def _get(self, client: httpx.Client, path: str) -> tuple[int, dict[str, Any]]:
        wait = self._last + self._interval - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        self._last = time.monotonic()
        with client.stream("GET", path) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ValueError("it is too long")
        if response.status_code != 200:
            return response.status_code, {}
        answer = json.loads(body)
        if not isinstance(answer, dict):
            raise ValueError("it is no object")
        return 200, answer

    def _known(self, digest: str) -> Lookup | None:
        try:
            record = json.loads(read_regular(self._folder / f"{digest}.json"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        page = record.get("page")
        if isinstance(page, dict) and page:
            return Lookup(LookupOutcome.FOUND, page, cached=True)
        age = time.time() - float(record.get("time") or 0.0)
        if 0 <= age < UNKNOWN_FOR:
            return Lookup(LookupOutcome.UNKNOWN, {}, "Civitai did not know this file", cached=True)
        return None

    def _keep(self, digest: str, found: Lookup) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            record = {"time": time.time(), "page": found.page}
            replace_json(self._folder / f"{digest}.json", record)
        except OSError:
            # An answer that cannot be kept is asked for again.
            return


def save_page(lora: str | os.PathLike[str], found: Lookup) -> bool:
    """Put a found page beside the LoRA as ``<name>.civitai.info``, unless one is there.

    Returns:
        Whether it was written.

    Raises:
        OSError: the folder does not take it.
    """
    target = Path(f"{Path(lora).with_suffix('')}.civitai.info")
    if not found.page or target.exists():
        return False
    replace_json(target, found.page)
    return True


def sha256_of(lora: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a whole file, as lower-case digits.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with open_regular(lora) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
