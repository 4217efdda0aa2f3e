"""The guide, built once for all tests of a run that look at it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from tests.builders import NOW, REPOSITORY


def guide_of_the_run(folder: Path) -> Path:
    """The guide in this folder, which the processes of a run share: who comes first builds it, the others wait."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            build_guide(folder.with_suffix(".part")).rename(folder)
    return folder


def build_guide(folder: Path) -> Path:
    """Build the guide as ``make site`` does and return its folder; a warning is a failure (not with --quiet)."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": f"{NOW.timestamp():.0f}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
