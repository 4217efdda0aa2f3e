"""The library that makes writes fail, built once; without a C compiler its stories are left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import REPOSITORY

SOURCE = Path(__file__).with_name("failing_writes.c")


@pytest.fixture(scope="session")
def failing_writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, to be put before a process by LD_PRELOAD."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("making writes fail needs Linux and a C compiler named cc, which isn't here")
    library = tmp_path_factory.mktemp("failing-writes") / "failing_writes.so"
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return library


def with_failing_writes(library: Path, *words: str) -> None:
    """Run a module of ours with the library before it; its failure is ours."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=REPOSITORY,
        env={**environment, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
