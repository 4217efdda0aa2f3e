"""A worker that runs beside a story, and waiting for what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event

from formapp import worker
from formapp.services import Services
from tests.builders import NOW, Clock


@contextmanager
def working(services: Services, now: datetime = NOW) -> Iterator[None]:
    """A worker that runs beside the story, and ends with it without an error."""
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(worker.run, services, Clock(now), stop)
        try:
            yield
        finally:
            stop.set()
            run.result(20)


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it is so within ten seconds."""
    until = time.monotonic() + 10
    while not (fulfilled := condition()) and time.monotonic() < until:
        Event().wait(0.02)
    return fulfilled
