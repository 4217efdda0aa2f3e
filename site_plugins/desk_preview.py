"""The sandbox desk beside a preview: when there is one, and what begins and ends with it. Without MkDocs."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_plugins.translation import gettext as _
from supportpolicy import Policy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from formapp.preview import Sandbox

INSTALL = "pip install 'support-guide[desk]'"


class NoDesk(Exception):
    """There can be no sandbox desk here; the message says why, and what to do."""


class DeskPreview:
    """A sandbox desk for the preview of a guide on this host. Raises NoDesk where there can be none."""

    def __init__(self, host: str) -> None:
        try:
            from formapp import preview
        except ModuleNotFoundError as error:
            # The desk is an extra: who only writes pages need not have it.
            if (error.name or "formapp").partition(".")[0] in {"formapp", "supportpolicy"}:
                raise
            raise NoDesk(
                _(
                    "The preview has no sandbox desk, because the desk isn't installed (%(name)s is missing). Install "
                    "it with: %(command)s",
                    name=error.name,
                    command=INSTALL,
                )
            ) from None
        try:
            preview.require_loopback(host)
        except preview.NotOnLoopback as error:
            raise NoDesk(str(error)) from None
        self._open_sandbox = preview.open_sandbox
        self.prefix = f"{preview.PREFIX}/"
        self._policy: Policy | None = None
        self._sandbox: Sandbox | None = None
        self._ends: list[Callable[[], object]] = []

    def use_policy(self, policy: Policy) -> None:
        """Let the desk keep this policy from now on."""
        self._policy = policy
        if self._sandbox is not None:
            self._sandbox.use_policy(policy)

    def begin(
        self, guide: WSGIApplication, *, policy_file: Path, site_dir: Path, host: str, port: int, log: str
    ) -> WSGIApplication:
        """Open the sandbox and put it around the guide; ``log`` names the logger of the server's requests."""
        self._end_by_signals()
        self._quieten(logging.getLogger(log))
        self._sandbox = self._open_sandbox(policy_file, site_dir, host, port)
        if self._policy is not None:
            self._sandbox.use_policy(self._policy)
        return self._sandbox.around(guide)

    def end(self) -> None:
        """Close the sandbox; nothing of it is left."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()
        while self._ends:
            self._ends.pop()()

    def _end_by_signals(self) -> None:
        """Whatever tells the preview to end, it ends as by Ctrl-C, which lets it tidy up."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
                self._ends.append(partial(signal.signal, number, signal.SIG_DFL))

    def _quieten(self, server: logging.Logger) -> None:
        """The server warns of each answer but 200; a desk leads on by 303 all the time."""

        def worth_telling(record: logging.LogRecord) -> bool:
            words = record.getMessage()
            return f" {self.prefix}" not in words or " code 5" in words

        server.addFilter(worth_telling)
        self._ends.append(lambda: server.removeFilter(worth_telling))


def address_of(dev_addr: Any) -> tuple[str, int]:  # noqa: ANN401 - a named pair of MkDocs or of ProperDocs
    """Host and port on which the preview is served, the host without brackets."""
    host, port = dev_addr
    return str(host).strip("[]"), int(port)
