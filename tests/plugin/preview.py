"""A real ``mkdocs serve`` that runs while a test looks at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.plugin.conftest import Site

PATIENCE = 60.0
# Whoever runs the tests in the background has these signals ignored, and what they start inherits that.
AS_IN_A_TERMINAL = """
import os, signal, sys
for one in (signal.SIGINT, signal.SIGHUP):
    signal.signal(one, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass
class Preview:
    """A running preview; ``log`` is what it prints."""

    site: Site
    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def page(self) -> str:
        # A connection that stays open would keep the preview from ending.
        once = {"Connection": "close"}
        return urllib3.request("GET", f"{self.address}/help/", retries=False, headers=once).data.decode()

    def wait_for(self, words: str) -> str:
        """The page, once it has these words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            try:
                page = self.page()
            except urllib3.exceptions.HTTPError:
                page = ""
            if words in page:
                return page
            assert time.monotonic() < deadline, f"{words!r} never came\n{self.log.read_text('utf-8')}"
            time.sleep(0.1)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.site.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


@contextmanager
def running_preview(site: Site) -> Iterator[Preview]:
    """The preview of a site that is written already, on a free port; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    log = site.folder / "preview.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", AS_IN_A_TERMINAL, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=site.folder,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Preview(site, f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait()
