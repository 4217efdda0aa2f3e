"""The desk as it is served, or a broken twin of it: ``python -m tests.crash.serve PORT [TWIN]``."""

from __future__ import annotations

import sys

from formapp.server import serve
from tests.crash import twins


def main(port: str, twin: str = "") -> None:
    """Serve until ended; the settings come from the environment."""
    twins.become(twin)
    serve("127.0.0.1", int(port), workers=2, threads=4, with_worker=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
