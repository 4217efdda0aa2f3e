"""What the copy button of a page copies can be pasted as it is: no prompt, no output between the commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders import REPOSITORY
from tests.documents import blocks, commands, documents

PROMPT = re.compile(r"^\s*(\$|%|>>>|\w+@\w+:.*[$#])\s", re.MULTILINE)
PAGES = [path.relative_to(REPOSITORY).as_posix() for path in documents()]


@pytest.mark.parametrize("page", PAGES)
def test_no_block_has_a_prompt(page: str) -> None:
    for name, text in blocks((REPOSITORY / page).read_text("utf-8")):
        assert name not in {"console", "shell-session", "pycon"}, "these are for prompts and output"
        assert PROMPT.search(text) is None, text


@pytest.mark.parametrize("page", [page for page in PAGES if commands((REPOSITORY / page).read_text("utf-8"))])
def test_a_shell_reads_each_command(page: str, tmp_path: Path) -> None:
    script = tmp_path / "commands.sh"
    script.write_text("\n".join(commands((REPOSITORY / page).read_text("utf-8"))))
    done = subprocess.run([shutil.which("bash") or "sh", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_prompts_are_seen() -> None:
    found = blocks("1. So:\n\n    ```bash\n    $ make test\n    ```\n")
    assert found == [("bash", "$ make test\n")]
    assert PROMPT.search(found[0][1])
    assert PROMPT.search("export A=$HOME\n$(cat x)") is None
