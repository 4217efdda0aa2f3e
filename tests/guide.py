"""The guide, built once for the tests of one process that look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.builders import REPOSITORY


def build_guide(folder: Path) -> Path:
    """Build the guide as ``make site`` does and return its folder; a warning is a failure (not with --quiet)."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
