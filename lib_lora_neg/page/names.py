"""The names by which this server may be asked.

A foreign name that leads to this machine (DNS rebinding) makes another site's page the same
origin as ours, and nothing else stands between the two. A name that is ours cannot be had by
somebody else: those of this machine, and those that the user says are ours.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..api.origin import foreign_site, ip_address, read_authority

ANY = "*"
PRIVATE_SUFFIXES = ("local", "localdomain", "lan", "home", "home.arpa", "internal", "intranet")
"""What networks at home and at work put behind a machine's name; nobody can register these."""

MISDIRECTED, FORBIDDEN = 421, 403
_NAME = re.compile(r"(\*\.)?[^\s:/?#@\\\[\]*]{1,253}")


@dataclass(frozen=True)
class ServerNames:
    """The names that belong to this server.

    Attributes:
        bound: the address it is bound to.
        listen: reachable from other machines, so by this machine's own name and addresses.
        allowed: names that the user gave, in lower case; ``*.name`` means those below it, ``*``
            any name at all.
        machine: this machine's name; empty if it has none.
    """

    bound: str
    listen: bool = False
    allowed: frozenset[str] = frozenset()
    machine: str = ""

    def belongs(self, host: str) -> bool:
        """Return whether ``host``, in lower case and without port, is one of them."""
        if host == "localhost" or host == self.bound or self.was_given(host):
            return True
        address = ip_address(host)
        if address is not None:
            # An address is no name: nobody can make it lead elsewhere.
            return self.listen or address.is_loopback
        return self.listen and self._is_machine(host)

    def was_given(self, host: str) -> bool:
        """Return whether the user said that ``host`` is ours."""
        return ANY in self.allowed or self.may_ask(host)

    def may_ask(self, host: str) -> bool:
        """Return whether pages under ``host`` are ours, even if a proxy asks by another name."""
        if host in self.allowed:
            return True
        below = (name[1:] for name in self.allowed if name.startswith("*."))
        return any(host.endswith(end) and len(host) > len(end) for end in below)

    def refusal(self, headers: Sequence[tuple[str, str]]) -> tuple[int, str] | None:
        """Return status and sentence for a request that is not answered; ``None`` if it is.

        ``headers`` are pairs of name, in lower case, and value.
        """
        named = [value for name, value in headers if name == "host"]
        asked = read_authority(named[0]) if len(named) == 1 else None
        if asked is None or not self.belongs(asked.host):
            shown = _shown(named[0]) if named else "no name"
            return MISDIRECTED, (
                f"This server is not known by this name: {shown}. If it is meant to be, "
                "start it with --allowed-host NAME."
            )
        if sum(name == "origin" for name, _ in headers) > 1:
            return FORBIDDEN, "Refused: this request names more than one origin."
        site = foreign_site(dict(headers), self.may_ask)
        if site is not None:
            return FORBIDDEN, (
                f"Refused: this request comes from a page of another site ({_shown(site)}). If "
                "that is this page behind a proxy, start the server with --allowed-host NAME."
            )
        return None

    def _is_machine(self, host: str) -> bool:
        if not self.machine:
            return False
        first, _, rest = host.partition(".")
        return host == self.machine or (
            first == self.machine.partition(".")[0] and rest in PRIVATE_SUFFIXES
        )


def read_allowed(texts: Iterable[str]) -> frozenset[str]:
    """Understand ``--allowed-host``: names, with or without scheme and port, commas between.

    Raises:
        ValueError: the text is none; the message names it.
    """
    names = set()
    for part in (part.strip() for text in texts for part in text.split(",")):
        bare = re.sub(r"\Ahttps?://", "", part.lower()).rstrip("/")
        authority = read_authority(f"[{bare}]" if ":" in bare and ip_address(bare) else bare)
        host = authority.host if authority is not None else ""
        if not (host == ANY or ip_address(host) is not None or _NAME.fullmatch(host)):
            raise ValueError(
                f"--allowed-host must be a name such as guard.example.org, not {part!r}"
            )
        names.add(host)
    return frozenset(names)


def names_of(bound: str, listen: bool, allowed: frozenset[str]) -> ServerNames:
    """Return the names of a server on this machine."""
    return ServerNames(bound, listen, allowed, socket.gethostname().lower().removesuffix("."))


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= 80 else f"{plain[:80]} …"
