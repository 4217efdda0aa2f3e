"""The README's way into a site of one's own, command by command, to the first ticket and back out of the queue."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from tests.browser.forms import fill_signed_out, send_by_mail
from tests.builders import REPOSITORY
from tests.documents import commands
from tests.serving.conftest import free_port, wait_until
from tests.setup.test_wheel import wheel as wheel

pytestmark = pytest.mark.browser

README = (REPOSITORY / "README.md").read_text("utf-8")
SECTION = README.split("## Put it into your own MkDocs site")[1].split("\n## ")[0]
SUBJECT = "The very first"


class Terminal:
    """A terminal in a site's folder, in which these programs are found first."""

    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FORMAPP_", "PYTHON"))}
        self.environment = {
            **kept,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PIP_CONSTRAINT": str(REPOSITORY / "constraints.txt"),
            "NO_MKDOCS_2_WARNING": "1",
            # The README's port may be taken on this machine.
            "FORMAPP_BASE_URL": self.address,
        }

    def run(self, lines: list[str], typed: str = "") -> str:
        """What these commands print; each must do what it should."""
        done = subprocess.run(
            ["bash", "-e"] if not typed else ["bash", "-e", "-c", "\n".join(lines)],
            cwd=self.folder,
            env=self.environment,
            input=typed or "\n".join(lines),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, lines: list[str]) -> Iterator[None]:
        """While these commands run, of which the last is the desk's; its words are in serve.log."""
        log = self.folder / "serve.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-e", "-c", "\n".join(lines)],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(lambda: self._answers(process, log), "the desk answers")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def _answers(self, process: subprocess.Popen[bytes], log: Path) -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return urllib3.request("GET", f"{self.address}/support/healthz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def test_the_readme_s_way_with_what_is_installed_here(tmp_path: Path, chromium: Browser) -> None:
    """The same way each day, without the minutes that an empty environment takes."""
    installing, *rest = commands(SECTION)
    assert installing.startswith("pip install ")
    walk(tmp_path, Path(sys.executable).parent, rest, chromium)


@pytest.mark.nightly
def test_the_readme_s_way_in_an_empty_environment(tmp_path: Path, wheel: Path, chromium: Browser) -> None:
    """As on a new machine: every package is installed, which takes a minute or more."""
    venv.create(tmp_path / "environment", with_pip=True)
    told = [line.replace("/path/to/the/clone", str(wheel)) for line in commands(SECTION)]
    assert str(wheel) in told[0]
    site = tmp_path / "site-of-theirs"
    site.mkdir()
    walk(site, tmp_path / "environment" / "bin", told, chromium)


def walk(folder: Path, programs: Path, told: list[str], chromium: Browser) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text("# Shop\n", "utf-8")
    (folder / "mkdocs.yml").write_text("site_name: Shop\n", "utf-8")
    begin, serve, read = (
        next(number for number, line in enumerate(told) if line.startswith(words))
        for words in ("python -m supportpolicy init", "export ", "formapp signin-link ")
    )
    assert read == len(told) - 1, "the last step reads the ticket"
    port = free_port()
    here = Terminal(folder, programs, port)
    here.run(told[:begin]) if begin else None
    shown = here.run([told[begin]], "help@shop.net\nyes\n")
    assert "docs/contact-support.md:" in shown
    here.run(told[begin + 1 : serve])
    desk = told[serve:read]
    assert desk[-1] == "formapp serve"
    with here.serving([*desk[:-1], f"exec formapp serve --port {port}"]):
        log = (folder / "serve.log").read_text()
        assert f"The guide and the help desk: {here.address}/" in log
        assert f"Mails go nowhere; read them at {here.address}/support/inbox." in log
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{here.address}/contact-support/")
        fill_signed_out(page, SUBJECT, "Urgent", shlex.split(told[-3])[3])
        send_by_mail(page, here.address)
        context.clear_cookies()
        link = re.search(r"http\S+", here.run([told[read]]))
        assert link
        page.goto(link[0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name=SUBJECT)).to_be_visible()
        context.close()
    assert shutil.which("formapp", path=str(programs))
