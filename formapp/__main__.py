"""The ``formapp`` command, also as ``python -m formapp``."""

from __future__ import annotations

import io
import os
import sys

from formapp.installation import what_to_install


def main() -> None:
    """Run the command; where the desk's packages aren't installed, say how they are.

    What it writes is its owner's alone, and what its output can't show comes as numbers.
    """
    os.umask(0o077)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")
    try:
        # Each command imports what it needs when it is used.
        from formapp.cli.main import main as run_command

        run_command(prog_name="formapp")
    except ModuleNotFoundError as missing:
        sys.exit(what_to_install(missing, "The help desk needs"))


if __name__ == "__main__":
    main()
