"""What the web side holds for its whole life: put together once by the factory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import current_app, request

from formapp.services import Services

if TYPE_CHECKING:
    from formapp.web.layout.assets import AssetShelf
    from formapp.web.layout.shell import ShellFile
    from formapp.web.rate_limits import RateLimits
    from formapp.web.site import SiteFolder

PREFIX = "/support"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Web:
    """The desk behind the pages; ``origins`` are those whose pages may post, exactly."""

    services: Services
    clock: Clock
    shell: ShellFile
    assets: AssetShelf
    limits: RateLimits
    guide: SiteFolder | None
    origins: frozenset[str]

    @property
    def https(self) -> bool:
        """Whether people reach the desk by https."""
        return self.services.settings.https

    def cookie(self, name: str) -> str:
        """A cookie's full name; on https a prefix makes browsers refuse it from a sibling host."""
        return f"__Host-{name}" if self.https else name


def web() -> Web:
    """The web side of the app that answers this request."""
    desk: Web = current_app.extensions["formapp"]
    return desk


def in_desk() -> bool:
    """Whether this request is for the desk; everything else on this origin is the guide."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def client_network() -> str:
    """Who sends this request, as far as limits tell people apart: an address, of IPv6 the network it is in.

    One machine has a whole network of IPv6 addresses to send from.
    """
    address = request.remote_addr or ""
    found = _address_in(address)
    if found is None:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))


def _address_in(told: str) -> IPv4Address | IPv6Address | None:
    """The address of a machine, without the port that some proxies forward with it; None where it is none."""
    with suppress(ValueError):
        return ip_address(told)
    with suppress(ValueError):
        return ip_address(urlsplit(f"//{told}").hostname or "")
    return None
