"""The wheel of what is tracked: what isn't committed is not in a clone either."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.builders import REPOSITORY


def build_wheel(folder: Path) -> Path:
    """The wheel's path, within this empty folder."""
    source = folder / "source"
    listing = ["git", "ls-files", "-z"]
    tracked = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source]
    subprocess.run(command, cwd=source, check=True)
    (made,) = folder.glob("*.whl")
    return made
