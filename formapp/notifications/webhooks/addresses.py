"""Where a webhook may go: an http or https URL whose every address is public, or allowed by the operator.

The name is resolved once for each message; what was checked here is what the request then connects to.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

from formapp.errors import UseCaseError
from formapp.mail_address import ascii_host

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# Host and port in, the addresses as text out; raises OSError where there is none.
Resolve = Callable[[str, int], Sequence[str]]

URL_LENGTH = 2000
_DEFAULT_PORTS = {"http": 80, "https": 443}
# IANA's special-purpose registry, https://www.iana.org/assignments/iana-ipv4-special-registry. Our own list,
# because ``ipaddress`` of Python 3.11 disagrees with it in places.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # this machine
        "168.63.129.16/32",  # the host of machines in Azure, inside a public range
        "169.254.0.0/16",  # link-local; clouds keep their credentials here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Only this block is given out for the public IPv6 internet; loopback, mapped, NAT64, local and multicast
# addresses all lie outside. Of what lies inside, these are special or carry an IPv4 address within.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


class AddressRefused(UseCaseError):
    """An address that no webhook goes to; the sentence says why."""

    field = "url"


class NameUnknown(UseCaseError):
    """The name of the address can't be found now; later it may."""

    field = "url"


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL in the parts that a request needs. ``path`` is ASCII, with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """The parts of a URL that a webhook may go to, by its shape alone. Raises AddressRefused."""
    if len(url) > URL_LENGTH or any(character.isspace() or not character.isprintable() for character in url):
        raise AddressRefused(f"The address must be one line of at most {URL_LENGTH} characters, without spaces")
    not_one = f"{url} is not a web address. Write it as in https://hooks.example/support"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused(not_one) from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise AddressRefused("The address must begin with https:// or http://")
    if "@" in parts.netloc:
        raise AddressRefused("The address must hold no user name and password; the signature proves who sent it")
    try:
        port, host = parts.port, _ascii_host(parts.hostname or "")
    except ValueError:
        raise AddressRefused(not_one) from None
    if not host or port == 0 or "\\" in url:
        raise AddressRefused(not_one)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    )
    return Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


def _ascii_host(host: str) -> str:
    """A host name as it is asked for and named in headers. Raises ValueError."""
    if "%" in host:  # a network interface of this machine
        raise ValueError(host)
    if ":" in host:
        return str(IPv6Address(host))
    # The codec names what no ASCII host may be; another host it would take for somebody else's.
    name = ascii_host(host).encode("idna").decode("ascii").lower()
    if not all(character.isalnum() or character in "-._" for character in name):
        raise ValueError(host)
    return name


def is_allowed(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether a webhook may go to this address: a public one, or one in a network that is allowed by name."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _PUBLIC_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)


def system_addresses(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host, as this machine resolves it. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(
    target: Target, allowed: Iterable[Network], resolve: Resolve, seconds: float
) -> tuple[Address, ...]:
    """The addresses of a target, resolved once within so many seconds; every one may be connected to.

    Raises NameUnknown, or AddressRefused as soon as one of them leads inwards: a name that mixes both
    is a trick, not a mistake.
    """
    allowed = tuple(allowed)
    try:
        found = [ip_address(text) for text in _in_time(resolve, target, seconds)]
    except (OSError, UnicodeError, ValueError):
        raise NameUnknown(f"The name {target.host} can't be found") from None
    if not found:
        raise NameUnknown(f"The name {target.host} can't be found")
    for address in found:
        if not is_allowed(address, allowed):
            leads = "" if str(address) == target.host else f"{target.host} leads to {address}. "
            raise AddressRefused(
                f"{leads}{address} is not a public address. To allow it, name its network in FORMAPP_WEBHOOK_PRIVATE"
            )
    return tuple(found)


def _in_time(resolve: Resolve, target: Target, seconds: float) -> Sequence[str]:
    """Resolve on a thread of its own: the system's resolver takes no limit, and may wait for minutes."""
    found: list[Sequence[str]] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            found.append(resolve(target.host, target.port))
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            failed.append(error)

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError(f"no answer about {target.host}")
    return found[0]
