"""What dies is started again, what can't start is tried ever more seldom, and all end together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from formapp import supervisor
from formapp.accounts import magic_links
from formapp.services import Services, utc_now
from formapp.supervisor import LONGEST_PAUSE, Process
from tests.builders import build_account
from tests.serving.conftest import Serve, Served, wait_until

READY = "from formapp.supervisor import join_supervisor; join_supervisor()()"


def pids_of(desk: Served, word: str) -> set[int]:
    return {number for number, name in desk.children().items() if name == word}


@pytest.mark.parametrize(("word", "number"), [("web", 2), ("worker", 1)])
def test_a_killed_process_is_replaced_and_the_others_go_on(serve: Serve, word: str, number: int) -> None:
    desk = serve()
    wait_until(lambda: sorted(desk.children().values()) == ["web", "web", "worker"], "all processes run")
    before = desk.children()
    killed = min(pids_of(desk, word))
    os.kill(killed, signal.SIGKILL)
    begun = time.monotonic()
    wait_until(lambda: killed not in desk.children() and len(pids_of(desk, word)) == number, "it is replaced")
    assert desk.answers()
    assert time.monotonic() - begun < 10
    assert set(before) - {killed} <= set(desk.children())
    assert f'"process": "{word}' in desk.log.read_text()


def open_connections(desk: Served, number: int) -> int:
    """How many clients are connected to this process."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{desk.port:04X}") and row[3] == "01"}
    return sum(str(one.readlink()) in established for one in Path(f"/proc/{number}/fd").iterdir())


def is_serving(number: int) -> bool:
    """Whether a web process has its threads, which it makes last."""
    return len(list(Path(f"/proc/{number}/task").iterdir())) > 4


def test_connections_that_stay_open_are_shared_among_the_web_processes(serve: Serve) -> None:
    desk = serve("--no-worker", "--threads=4")
    wait_until(lambda: [is_serving(number) for number in desk.children()] == [True, True], "both web processes serve")
    with ExitStack() as open_ones:
        for _ in range(12):
            open_ones.enter_context(desk.connect())

        def taken() -> list[int]:
            return [open_connections(desk, number) for number in desk.children()]

        wait_until(lambda: sum(taken()) == 12, "all connections are taken")
        assert min(taken()) >= 3, taken()


def test_when_the_supervisor_is_killed_nothing_is_left_behind(serve: Serve) -> None:
    desk = serve()
    children = set(desk.children())
    desk.process.kill()
    desk.process.wait()
    wait_until(lambda: not any(Path(f"/proc/{number}").exists() for number in children), "the others end, too")


def test_all_end_within_25_seconds_while_the_mail_server_hangs(serve: Serve, sqlite_services: Services) -> None:
    build_account(sqlite_services, "ada@shop.example")
    magic_links.request_link(sqlite_services, "ada@shop.example", utc_now())
    with socket.create_server(("127.0.0.1", 0)) as mail_server:
        desk = serve(FORMAPP_SMTP_URL=f"smtp://127.0.0.1:{mail_server.getsockname()[1]}")
        # It is connected to, and never says a word.
        connection, _ = mail_server.accept()
        with connection:
            children = set(desk.children())
            begun = time.monotonic()
            desk.process.terminate()
            assert desk.process.wait(25) == 0
            assert time.monotonic() - begun < 25
    assert not any(Path(f"/proc/{number}").exists() for number in children)


def test_a_request_that_has_come_in_is_answered_before_the_end(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1")
    with desk.connect() as client:
        client.sendall(b"GET /support/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        desk.process.terminate()
        assert client.recv(15) == b"HTTP/1.1 200 OK"
    assert desk.process.wait(25) == 0


def test_ctrl_c_reaches_all_and_ends_them_in_order(sqlite_services: Services) -> None:
    sqlite_services.database.engine.dispose()
    desk = Served(sqlite_services)
    try:
        wait_until(desk.answers, "the desk answers")
        # As a terminal does it: to the supervisor and to all it has started.
        for number in [*desk.children(), desk.process.pid]:
            os.kill(number, signal.SIGINT)
        assert desk.process.wait(25) == 0
        assert "Traceback" not in desk.log.read_text()
    finally:
        desk.process.kill()


def test_a_process_that_cannot_start_is_tried_ever_more_seldom() -> None:
    process = Process("broken", [sys.executable, "-c", "raise SystemExit(3)"])
    now, pauses = 0.0, []
    for _ in range(9):
        process.look(now)
        wait_until(lambda: process.ended, "it ends")
        process.look(now)
        pauses.append(process.starts_at - now)
        now = process.starts_at
    process.kill()
    assert pauses == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_process_that_was_ready_is_started_again_at_once() -> None:
    process = Process("short-lived", [sys.executable, "-c", READY])
    for now in (0.0, 1.0, 2.0):
        process.look(now)
        wait_until(lambda: process.ended, "it ends")
        process.look(now)
        assert process.starts_at == now
    process.kill()


def test_a_taken_port_gets_a_sentence(sqlite_services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        desk = Served(sqlite_services)
        desk.process.kill()
        desk.process.wait()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "formapp", "serve", f"--port={port}"],
            env=desk.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == f"Error: Can't listen on 127.0.0.1, port {port}: Address already in use. Choose another.\n"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_it_listens_on_ipv6(serve: Serve) -> None:
    assert serve("--no-worker", host="::1").answers()


def test_a_process_that_nobody_supervises_goes_on_alone() -> None:
    assert supervisor.join_supervisor()() is None
