"""Where a webhook may go: never inwards, however the address is written."""

from __future__ import annotations

import threading
from ipaddress import ip_address, ip_network

import pytest

from formapp.errors import UseCaseError
from formapp.notifications.webhooks.addresses import (
    AddressRefused,
    NameUnknown,
    Target,
    checked_addresses,
    is_allowed,
    parse,
)
from formapp.notifications.webhooks.endpoints import add_endpoint, endpoints
from formapp.services import Services
from tests.builders import NOW
from tests.webhooks.build import Answers

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0"]
PUBLIC += ["11.0.0.0", "169.253.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
INWARD = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_told(address: str) -> None:
    assert is_allowed(ip_address(address))


@pytest.mark.parametrize("address", INWARD)
def test_an_inward_address_is_refused_unless_its_network_is_allowed(address: str) -> None:
    bare = ip_address(address.partition("%")[0])
    assert not is_allowed(ip_address(address))
    assert not is_allowed(ip_address(address), [ip_network("10.9.9.0/24"), ip_network("fd09::/64")])
    assert is_allowed(bare, [ip_network(f"{bare}/{bare.max_prefixlen}")])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST:8000/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
    ],
)
def test_an_inward_address_is_refused_in_every_spelling(sqlite_services: Services, url: str) -> None:
    with pytest.raises(AddressRefused, match="is not a public address"):
        add_endpoint(sqlite_services, url, NOW)
    assert endpoints(sqlite_services) == ()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://hooks.example/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("hooks.example/x", "must begin with https://"),
        ("", "must begin with https://"),
        ("https://ada:secret@hooks.example/", "no user name and password"),
        ("https://ada@hooks.example/", "no user name and password"),
        ("https://ada:secret@hooks..example/", "no user name and password"),
        ("https:///path", "is not a web address"),
        ("https://hooks.example:0/", "is not a web address"),
        ("https://hooks.example:99999/", "is not a web address"),
        ("https://hooks..example/", "is not a web address"),
        ("https://[::1", "is not a web address"),
        ("https://[fe80::1%25eth0]/", "is not a web address"),
        ("https://hooks.example\\@127.0.0.1/", "no user name and password"),
        ("https://hooks.example\\x", "is not a web address"),
        ("https://hooks.example/a b", "without spaces"),
        ("https://hooks.example/\r\nX-Evil: 1", "without spaces"),
        ("https://hooks.example/\0", "without spaces"),
        ("https://hooks.example/" + "x" * 2000, "at most 2000 characters"),
    ],
)
def test_what_is_no_web_address_gets_a_plain_sentence(sqlite_services: Services, url: str, words: str) -> None:
    with pytest.raises(UseCaseError) as refused:
        add_endpoint(sqlite_services, url, NOW, resolve=Answers(["8.8.8.8"]))
    assert words in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.field == "url"


def test_an_address_is_taken_apart_as_the_request_needs_it() -> None:
    assert parse("https://Hooks.Example/a?b=c#d") == Target("https", "hooks.example", 443, "/a?b=c")
    assert parse("http://bücher.example:8080/ä?ö=ü").path == "/%C3%A4?%C3%B6=%C3%BC"
    assert parse("http://bücher.example:8080").host_header == "xn--bcher-kva.example:8080"
    # "fass.example" would be somebody else's.
    assert parse("https://Faß.example/").host == "xn--fa-hia.example"
    assert parse("http://[2606:4700::1]:80/%41/%2F").host_header == "[2606:4700::1]"
    assert parse("http://[2606:4700::1]:80/%41/%2F").path == "/%41/%2F"


def test_one_inward_address_among_public_ones_is_enough_to_refuse() -> None:
    target = parse("https://hooks.example/")
    for mixed in (["8.8.8.8", "10.0.0.1"], ["2606:4700::1", "8.8.8.8", "::ffff:10.0.0.1"]):
        with pytest.raises(AddressRefused, match=r"hooks\.example leads to"):
            checked_addresses(target, (), Answers(mixed), 1)
    found = checked_addresses(target, [ip_network("10.0.0.0/30")], Answers(["8.8.8.8", "10.0.0.1"]), 1)
    assert [str(address) for address in found] == ["8.8.8.8", "10.0.0.1"]


def test_a_name_that_is_not_found_in_time_is_unknown() -> None:
    never = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        never.wait(10)
        return ["8.8.8.8"]

    with pytest.raises(NameUnknown, match=r"hooks\.example can't be found"):
        checked_addresses(parse("https://hooks.example/"), (), slow, 0.05)
    never.set()
    with pytest.raises(NameUnknown):
        checked_addresses(parse("https://hooks.example/"), (), Answers([]), 1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"events": ["ticket.opened"]}, "There is no event ticket.opened; known are ticket.created"),
        ({"project": "nowhere"}, "There is no project nowhere"),
    ],
)
def test_an_unknown_event_or_project_gets_a_plain_sentence(
    sqlite_services: Services, more: dict[str, str], words: str
) -> None:
    with pytest.raises(UseCaseError) as refused:
        add_endpoint(sqlite_services, "https://hooks.example/", NOW, resolve=Answers(["8.8.8.8"]), **more)  # type: ignore[arg-type]
    assert refused.value.message.startswith(words)
    assert endpoints(sqlite_services) == ()
