"""The one-word commands, as somebody meets them who has just cloned the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*words: str, folder: Path = ROOT, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path or os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(
        [shutil.which("make") or "make", "--no-print-directory", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile and no environment yet."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("docs", "site_plugins", "supportpolicy", "formapp/widgets"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "formapp" / "forms.py").touch()
    return tmp_path


def command(folder: Path, name: str, script: str) -> Path:
    """A program of this name that is a shell script."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(0o755)
    return file


def test_help_lists_every_command_that_people_type() -> None:
    listed = set(re.findall(r"^  make ([a-z-]+) ", make("help").stdout, re.MULTILINE))
    assert {
        "help",
        "serve",
        "test",
        "test-all",
        "check",
        "format",
        "screens",
        "screens-check",
        "reference",
        "site",
        "link",
        "clean",
    } <= listed
    assert listed <= targets()


def test_the_night_runs_every_test_and_a_change_all_but_the_longest() -> None:
    daily, nightly = (make("--dry-run", word).stdout for word in ("test", "test-all"))
    (tests,) = [line for line in daily.splitlines() if "/pytest " in line]
    assert f'{tests} -m ""' in nightly.splitlines()
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert "-m 'not nightly'" in options["addopts"]
    assert "-m" not in tests.split()


@pytest.mark.parametrize(
    "page", ["README.md", "docs/handbook/index.md", "docs/handbook/for-writers.md", "CHANGELOG.md"]
)
def test_pages_speak_of_commands_that_exist(page: str) -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\n\"]| {2,})", (ROOT / page).read_text("utf-8")))
    assert named, "a pattern that finds nothing would prove nothing"
    assert named <= targets()


def test_without_a_python_that_is_new_enough_a_sentence_says_so(clone: Path) -> None:
    tools = clone / "tools"
    command(tools, "python3", "exit 1")
    answer = make(".venv/bin/python", folder=clone, path=f"{tools}:{only_shell(clone)}")
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed. Install it, or name it: PYTHON=/path/to/python3.11 make" in answer.stderr


def test_a_named_python_that_does_not_fit_is_named_in_the_sentence(clone: Path) -> None:
    answer = make(".venv/bin/python", "PYTHON=/no/such/python", folder=clone)
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed; /no/such/python is not that." in answer.stderr


def test_a_python_without_venv_is_told_from_no_python(clone: Path) -> None:
    tools = clone / "tools"
    command(tools, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    answer = make(".venv/bin/python", folder=clone, path=f"{tools}:{only_shell(clone)}")
    assert answer.returncode != 0
    assert "python3 is here, but can't make environments" in answer.stderr
    assert "apt-get install python3-venv" in answer.stderr


def test_the_first_python_that_fits_makes_the_environment(clone: Path) -> None:
    tools = clone / "tools"
    command(tools, "python3", "exit 1")
    command(tools, "python3.12", 'case "$1" in -m) echo "$@" > made;; esac')
    answer = make(".venv/bin/python", folder=clone, path=f"{tools}:{only_shell(clone)}")
    assert answer.returncode == 0, answer.stderr
    assert (clone / "made").read_text("utf-8") == "-m venv --clear .venv\n"


def test_checks_and_tests_are_one_script() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text("utf-8")


def only_shell(folder: Path) -> str:
    """A folder of programs with what the Makefile needs and no Python."""
    tools = folder / "plain"
    tools.mkdir(exist_ok=True)
    for name in ("sh", "find", "awk", "cat", "echo"):
        (tools / name).symlink_to(shutil.which(name) or name)
    return str(tools)
