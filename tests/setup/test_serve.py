"""``make serve`` as a process: what it prints, what it answers, and what is left when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def make_serve(site: Path, var: Path, port: int) -> subprocess.Popen[str]:
    """Start it with this environment in place of a new one, and a guide that is already built."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FORMAPP_", "MAKE"))}
    made = [f"--old-file={sys.prefix}/.app-installed", "--old-file=site/index.html"]
    return subprocess.Popen(
        ["make", "--no-print-directory", "serve", f"VENV={sys.prefix}", f"PORT={port}", *made],
        cwd=ROOT,
        env={**environment, "FORMAPP_SITE_DIR": str(site), "FORMAPP_VAR": str(var)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def still_running(group: int) -> bool:
    """Whether any process of this group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(what: str, happened: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)


@pytest.fixture
def serving(built_guide: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A started ``make serve`` on a new database, and its address."""
    port = free_port()
    process = make_serve(built_guide, tmp_path / "var", port)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            return urllib3.request("GET", f"{address}/support/healthz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        wait_until("the desk answers", answers)
        yield process, address
    finally:
        if still_running(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def text_at(address: str) -> str:
    return urllib3.request("GET", address).data.decode()


def test_it_serves_guide_and_desk_and_leaves_nothing_running(serving: tuple[subprocess.Popen[str], str]) -> None:
    process, address = serving
    assert "Open a ticket" in text_at(f"{address}/")
    assert "Send me a link" in text_at(f"{address}/support/sign-in")

    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=PATIENCE)
    wait_until("every child has ended", lambda: not still_running(process.pid))
    assert printed.count("The guide and the help desk:") == 1
    assert f"The guide and the help desk: {address}/" in printed
    assert re.search(rf"Sign in as ada@shop\.example: +{re.escape(address)}/support/sign-in/\S+", printed)
    assert "Traceback" not in printed


def processes(group: int) -> dict[int, tuple[int, str]]:
    """The processes of a group: each with its parent and its words."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in table.stdout.splitlines()]
    return {int(pid): (int(parent), words) for pid, parent, own, words in rows if int(own) == group}


def test_when_a_web_worker_ends_the_mail_goes_on(serving: tuple[subprocess.Popen[str], str]) -> None:
    process, address = serving
    before = processes(process.pid)
    (sender,) = [pid for pid, (_, words) in before.items() if words.endswith("-m formapp worker")]
    server = before[sender][0]
    web = [pid for pid, (parent, _) in before.items() if parent == server and pid != sender]
    assert len(web) == 2

    os.kill(web[0], signal.SIGTERM)
    wait_until("another web worker has taken its place", lambda: len(set(processes(process.pid)) - set(before)) == 1)
    assert sender in processes(process.pid)
    assert "Send me a link" in text_at(f"{address}/support/sign-in")


def test_its_link_signs_the_demo_customer_in(serving: tuple[subprocess.Popen[str], str]) -> None:
    process, address = serving
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    link = next(line.split()[-1] for line in lines if "Sign in as" in line)
    assert link.startswith(address)
    assert "You sign in as <strong>ada@shop.example</strong>" in text_at(link)


def test_a_taken_port_gets_a_sentence(built_guide: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = make_serve(built_guide, tmp_path / "var", port)
        printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert f"Port {port} can't be used; something else may run there. Choose another: PORT=9000 make serve" in printed
