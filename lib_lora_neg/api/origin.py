"""The page a request comes from, as its browser says: against other sites and DNS rebinding."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

MAX_AUTHORITY = 300
"""Characters: a DNS name has 253 at most, a port five."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^\s:/?#@\\\[\]]{1,255})(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://([^\s/?#]{1,300})", re.IGNORECASE)

OWN_PAGE = frozenset({"same-origin", "none"})
"""What ``Sec-Fetch-Site`` says of the page itself, and of an address that a person typed."""

FOREIGN = "this request comes from a page of another site ({site})"


class Authority(NamedTuple):
    """A host as ``Host`` and ``Origin`` name it.

    Attributes:
        host: in lower case, without the brackets of IPv6 and without a final dot.
        port: ``None`` where none is given.
    """

    host: str
    port: int | None


def read_authority(text: str) -> Authority | None:
    """Return the parts of ``name:port``; ``None`` for what is no such thing."""
    found = _AUTHORITY.fullmatch(text) if len(text) <= MAX_AUTHORITY else None
    if found is None:
        return None
    host = found[1].strip("[]").lower()
    port = int(found[2]) if found[2] else None
    if (port is not None and port > 65535) or not host.rstrip("."):
        return None
    return Authority(host.removesuffix("."), port)


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return ``host`` as an IP address; ``None`` for a name. A mapped IPv4 address is that one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def foreign_site(
    headers: Mapping[str, str],
    trusted: Callable[[str], bool] = lambda host: False,
    forwarded: bool = False,
) -> str | None:
    """Return the other site that a request comes from; ``None`` if it comes from our own page.

    A program that is no browser sends none of these headers, and is let through. A browser sends
    them whatever the page wants: ``Sec-Fetch-Site`` to HTTPS and to this machine, ``Origin`` with
    everything but plain loading.

    Args:
        headers: of the request, names in any case (starlette's) or lower case.
        trusted: whether a host name of another origin may ask, too.
        forwarded: heed ``X-Forwarded-Host``, by which a reverse proxy tells the name it was
            asked by. A page of another site cannot send it: that takes a preflight request.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "").strip().lower()
    if origin is None:
        loading = headers.get("sec-fetch-mode", "").strip().lower() == "navigate"
        return site if site and site not in OWN_PAGE and not loading else None
    if site == "same-origin":
        # The browser has compared them, before any proxy gave the request another host.
        return None
    found = _ORIGIN.fullmatch(origin.strip()) if len(origin) <= MAX_AUTHORITY else None
    asked = read_authority(found[2]) if found is not None else None
    if found is None or asked is None:
        return origin[:MAX_AUTHORITY] or "null"
    scheme = found[1].lower()
    names = [headers.get("host", "")]
    if forwarded:
        names.append(headers.get("x-forwarded-host", "").partition(",")[0].strip())
    own = [read_authority(name) for name in names]
    if any(name is not None and _full(name, scheme) == _full(asked, scheme) for name in own):
        return None
    return None if trusted(asked.host) else origin


def _full(name: Authority, scheme: str) -> Authority:
    return name if name.port is not None else Authority(name.host, DEFAULT_PORTS[scheme])
