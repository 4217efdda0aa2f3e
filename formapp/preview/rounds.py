"""The sandbox's worker: one thread that does what is due, for as long as the sandbox is open."""

from __future__ import annotations

import threading
from collections.abc import Callable

from formapp import worker
from formapp.logs import failure_place, log
from formapp.services import Services
from formapp.worker import Clock

PAUSE_SECONDS = 2.0
END_SECONDS = 10.0
"""How long the last round may take when the sandbox ends."""


class Rounds:
    """Does a round every two seconds, and at once when somebody has done something at the desk."""

    def __init__(self, services: Callable[[], Services | None], clock: Clock) -> None:
        self._services, self._clock = services, clock
        self._due, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox worker", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """Begin the next round at once."""
        self._due.set()

    def end(self) -> None:
        """End after the present round, and wait for it."""
        self._ended.set()
        self._due.set()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._due.clear()
            services = self._services()
            if services is not None:
                try:
                    worker.run_once(services, self._clock)
                except Exception as error:  # noqa: BLE001 - whatever it is, the next round is tried
                    log.warning("round failed", error=failure_place(error))
            self._due.wait(PAUSE_SECONDS)
