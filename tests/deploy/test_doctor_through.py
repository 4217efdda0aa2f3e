"""``formapp doctor --through`` before a real nginx: a line that is missing or wrong is named by a sentence."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from formapp.operations.doctor import Finding, through
from formapp.operations.doctor.probe import CLAIMED, make_pass
from formapp.services import Services, utc_now
from tests.builders import build_services
from tests.deploy.conftest import AROUND_NGINX, HOST, Behind, program
from tests.serving.conftest import Served, wait_until

HOST_LINE = "proxy_set_header Host $http_host;"
ADDRESS = "proxy_set_header X-Forwarded-For $remote_addr;"
SIZE = "client_max_body_size 104m;"
TO = "proxy_pass http://127.0.0.1:{desk}"
WELL = f"{SIZE} location /support/ {{ {TO}; {HOST_LINE} {ADDRESS} }}"
# Each with what stands in nginx's server block, and what the doctor says to do.
WRONG = {
    "nginx's own limit": (WELL.replace(SIZE, ""), "In nginx write: client_max_body_size 26m;"),
    "a limit below a whole form": (WELL.replace("104m", "11m"), "In nginx write: client_max_body_size 26m;"),
    "the host isn't handed on": (
        WELL.replace(HOST_LINE, "").replace(TO, "proxy_pass http://localhost:{desk}"),
        f"In nginx add: {HOST_LINE}",
    ),
    "nobody says who asks": (
        WELL.replace(ADDRESS, 'proxy_set_header X-Forwarded-For "";'),
        f"In nginx add: {ADDRESS} and set FORMAPP_PROXIES=1",
    ),
    "what visitors claim is handed on": (
        WELL.replace(ADDRESS, ""),
        f"In nginx add: {ADDRESS} and set FORMAPP_PROXIES=1",
    ),
    "the prefix is taken off": (
        WELL.replace(TO, f"{TO}/"),
        "In nginx write proxy_pass http://127.0.0.1:8000; without a slash at its end.",
    ),
    "only some paths are handed on": (
        WELL.replace("location /support/", "location /support/tickets"),
        f"Hand everything below /support/ to the desk, in nginx: {through.HAND_ON}",
    ),
    "another port": (
        WELL.replace("{desk}", "9"),
        "Start formapp serve, and let proxy_pass name the address and port it listens on.",
    ),
    "a page to sign in on": (
        "location / { return 302 https://login.example/?from=$request_uri; }",
        "Let the web server hand everything below /support/ to the desk without a sign-in page of its own.",
    ),
    "the origin is taken off": (
        WELL.replace(ADDRESS, f'{ADDRESS} proxy_set_header Origin "";'),
        "Remove the line that does (nginx: proxy_set_header Origin).",
    ),
    "no POST": (
        WELL.replace(ADDRESS, f"{ADDRESS} limit_except GET {{ deny all; }}"),
        "Let POST through for everything below /support/ (nginx: limit_except; else a firewall).",
    ),
    "people are led to https": (
        "return 301 https://127.0.0.1$request_uri;",
        "Set FORMAPP_BASE_URL=https://127.0.0.1",
    ),
}


@dataclass(frozen=True)
class Fronts:
    """One desk and one nginx, which hands it on by a port for each way to set it up."""

    services: Services
    ports: dict[str, int]

    def findings(self, name: str, **changes: Any) -> list[Finding]:
        settings = replace(self.services.settings, base_url=f"http://{HOST}:{self.ports[name]}", **changes)
        return list(through.lets_through(replace(self.services, settings=settings), utc_now()))


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronts]:
    folder = tmp_path_factory.mktemp("fronts")
    names = ("well", "appended", "away", *WRONG)
    with ExitStack() as held:
        # All at once, or one is given twice.
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in names]
        ports = {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}
    services = build_services(folder, proxies=1, dev_inbox=False)
    services.database.engine.dispose()
    origins = " ".join(f"http://{HOST}:{port}" for port in ports.values())
    desk = Served(services, "--no-worker", FORMAPP_PROXIES="1", FORMAPP_ORIGINS=origins)
    appended = WELL.replace("$remote_addr", "$proxy_add_x_forwarded_for")
    blocks = {"well": WELL, "appended": appended, **{name: block for name, (block, _) in WRONG.items()}}
    written = [
        f"server {{ listen {HOST}:{ports[name]}; {block.replace('{desk}', str(desk.port))} }}"
        for name, block in blocks.items()
    ]
    (folder / "server.conf").write_text("\n".join(written), "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND_NGINX.format(folder=folder, user=user), "utf-8")
    log = str(folder / "start.log")
    front = subprocess.Popen([program("nginx"), "-p", str(folder), "-e", log, "-c", str(folder / "nginx.conf")])

    def answers() -> bool:
        assert front.poll() is None, Path(log).read_text()
        with suppress(OSError), closing(http.client.HTTPConnection(HOST, ports["well"])) as connection:
            connection.request("GET", "/support/healthz")
            return connection.getresponse().status == 200
        return False

    try:
        wait_until(answers, "nginx hands on")
        yield Fronts(services, {**ports, "none": desk.port})
    finally:
        front.terminate()
        front.wait(60)
        desk.end()


@pytest.mark.parametrize("name", ["well", "appended"])
def test_where_all_comes_through_nothing_is_said(fronts: Fronts, name: str) -> None:
    assert fronts.findings(name) == []


@pytest.mark.parametrize("name", WRONG)
def test_each_line_that_is_wrong_is_named(fronts: Fronts, name: str) -> None:
    (finding,) = fronts.findings(name)
    assert finding.do == WRONG[name][1]
    assert finding.what.endswith(".")


def test_it_says_how_much_comes_through(fronts: Fronts) -> None:
    (finding,) = fronts.findings("nginx's own limit")
    assert finding.what == (
        "A form with files may have 26 MB, but the web server stops it (status 413); 0.8 MB come through."
    )


def test_with_no_web_server_before_the_desk_none_is_counted(fronts: Fronts) -> None:
    (finding,) = fronts.findings("none")
    assert finding.do == "Set FORMAPP_PROXIES=0, or close the desk's port to everybody else."


def test_nobody_answers(fronts: Fronts) -> None:
    (finding,) = fronts.findings("away")
    assert "Connection refused" in finding.what
    assert finding.do.startswith("Start the web server, or correct FORMAPP_BASE_URL.")


def test_a_guide_that_isn_t_beside_the_desk_is_told(fronts: Fronts, built_guide: Path) -> None:
    (finding,) = fronts.findings("well", site_dir=built_guide)
    assert (finding.level, finding.check) == ("warning", "guide")
    assert finding.do == "Hand / to the desk, too, in nginx: location / { proxy_pass http://127.0.0.1:8000; }"


def test_of_a_desk_with_another_secret_it_says_so(fronts: Fronts) -> None:
    (finding,) = fronts.findings("well", secret_key="another secret that is long enough for it")
    assert "its secret or its release is another" in finding.what


@pytest.mark.parametrize(
    ("forwarded", "port", "proxies", "said"),
    [
        (["198.51.100.2"], 1, 1, None),
        ([CLAIMED, "198.51.100.2"], 1, 1, None),
        ([CLAIMED, "198.51.100.2", "10.0.0.9"], 1, 2, None),
        (["198.51.100.2"], 1, 0, "Set FORMAPP_PROXIES=1"),
        ([CLAIMED, "198.51.100.2", "10.0.0.9"], 1, 1, "Set FORMAPP_PROXIES=2"),
        (["198.51.100.2"], 1, 3, "Set FORMAPP_PROXIES=1"),
        ([CLAIMED], 7, 0, None),
        ([CLAIMED], 7, 1, "Set FORMAPP_PROXIES=0, or close the desk's port to everybody else."),
    ],
)
def test_who_asks(forwarded: list[str], port: int, proxies: int, said: str | None) -> None:
    seen = {"forwarded": forwarded, "port": port, "own_port": 7}
    found = [finding.do for finding in through.who_asks("https://desk.example", proxies, seen)]
    assert found == ([said] if said else [])


def test_through_the_files_of_deploy_all_comes(
    behind: Behind, sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By https, and by the command itself."""
    desk, front = behind("nginx")
    monkeypatch.setenv("SSL_CERT_FILE", str(front.folder / "fullchain.pem"))
    settings = replace(sqlite_services.settings, base_url=f"https://{HOST}:{front.port}", proxies=1)
    assert list(through.lets_through(replace(sqlite_services, settings=settings), utc_now())) == []
    trusting = {**desk.environment, "SSL_CERT_FILE": str(front.folder / "fullchain.pem")}
    command = [*desk.command[:3], "doctor", "--through"]
    done = subprocess.run(command, env=trusting, capture_output=True, text=True, check=False)
    assert "The desk is not sound" in done.stdout, "no mail server is set"
    assert "(public address)" not in done.stdout
    assert "(sizes)" not in done.stdout
    monkeypatch.delenv("SSL_CERT_FILE")
    (finding,) = through.lets_through(replace(sqlite_services, settings=settings), utc_now())
    assert (
        finding.do == "Give the web server a certificate for this host with its whole chain (nginx: ssl_certificate)."
    )


def test_without_its_pass_nobody_learns_anything(fronts: Fronts) -> None:
    secret = fronts.services.settings.secret_key
    late = make_pass(secret, utc_now().replace(year=2020))
    for given in ("", "Bearer ", f"Bearer {late}", "Bearer 99999999999.00", f"Bearer {make_pass('x' * 40, utc_now())}"):
        with closing(http.client.HTTPConnection(HOST, fronts.ports["well"])) as connection:
            headers = {"Authorization": given, "Origin": f"http://{HOST}:{fronts.ports['well']}"}
            connection.request("POST", "/support/through", b"x", headers)
            assert connection.getresponse().status == 404
