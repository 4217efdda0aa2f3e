"""Outbox workers to be killed, started quickly: one process has everything loaded and forks them.

``python -m tests.crash.workshop DATABASE_URL SMTP_URL [TWIN]`` reads one number a line, the minutes
by which the worker's clock is ahead; each line starts one worker that does all that is due, and its
process id is printed. The line ``0 wait`` waits for the worker's own end and prints its exit code.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir

from formapp import worker
from formapp.services import make_services
from tests.builders import NOW, Clock, build_settings
from tests.crash import twins


def main(database_url: str, smtp_url: str, twin: str = "") -> None:
    """Serve lines until the input ends."""
    twins.become(twin)
    services = make_services(build_settings(Path(gettempdir()), database_url, smtp_url=smtp_url))
    # Nothing is due yet; but now the statements are compiled, and no child has to do it again.
    worker.run_once(services, Clock(NOW - timedelta(days=1)))
    services.database.engine.dispose()
    child = 0
    for line in sys.stdin:
        minutes, _, wait = line.partition(" ")
        if wait:
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            worker.run_once(services, Clock(NOW + timedelta(minutes=int(minutes))))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
