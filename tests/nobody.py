"""Running something as nobody: a user without rights, who owns only what a test gives it."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.conftest import program

NOBODY = pwd.getpwnam("nobody")


def as_nobody(*words: str) -> list[str]:
    """The command, run as nobody with no group and no way back."""
    return [
        program("setpriv"),
        f"--reuid={NOBODY.pw_uid}",
        f"--regid={NOBODY.pw_gid}",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        *words,
    ]


@contextmanager
def open_to_nobody() -> Iterator[Path]:
    """A folder that nobody can reach: pytest's own are its user's alone."""
    if os.geteuid() != 0:
        pytest.skip("only root may become nobody")
    with tempfile.TemporaryDirectory(prefix="support-nobody-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def python_for_nobody(folder: Path, packages: Mapping[str, str]) -> str:
    """A Python of our version that nobody can start, from another Python too; else the test is skipped."""
    starts_itself = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'formapp', '--help'], check=True)"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        tried = as_nobody(python, "-c", starts_itself)
        if (
            Path(python).exists()
            and not subprocess.run(
                tried, cwd=folder, env={**os.environ, **packages}, check=False, capture_output=True
            ).returncode
        ):
            return python
    pytest.skip("nobody may start none of the Pythons of this version that are here")
