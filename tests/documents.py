"""The project's documents, and the commands that they tell their readers to copy."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.builders import REPOSITORY

FENCE = re.compile(
    r"^(?P<indent> *)(?P<mark>`{3,})(?P<name>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=mark) *$", re.MULTILINE | re.DOTALL
)


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: each one's name and its text, without the indent of the fence."""
    return [
        (found["name"].strip(), re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE))
        for found in FENCE.finditer(text)
    ]


def commands(text: str) -> list[str]:
    """What a page tells to type into a terminal, line by line."""
    return [line for name, block in blocks(text) if name == "bash" for line in block.splitlines() if line.strip()]
