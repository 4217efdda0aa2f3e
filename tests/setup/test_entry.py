"""The command as an operating system starts it: its files are its owner's alone, any terminal shows its words."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from formapp.cli.main import main
from formapp.setting_names import PREFIX

ROOT = Path(__file__).parents[2]


class Terminal:
    """A terminal with the settings of a desk of its own; the umask is a usual one."""

    def __init__(self, folder: Path, encoding: str = "utf-8") -> None:
        self.var, self.site = folder / "var", folder / "site"
        self.site.mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
            "FORMAPP_VAR": str(self.var),
            "FORMAPP_SITE_DIR": str(self.site),
            "PYTHONIOENCODING": encoding,
        }

    def run(self, *words: str, code: int = 0) -> str:
        """What a command prints, errors too."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=self.environment,
            umask=0o022,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode("utf-8")
        assert "Traceback" not in said, said
        assert done.returncode == code, said
        return said


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def open_to_others(folder: Path) -> dict[str, str]:
    """What of a folder others on the machine may read, write or enter."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}
    return {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077}


def test_nothing_that_the_desk_writes_can_be_read_by_others(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("formapp", "db", "upgrade")
    terminal.run("formapp", "demo")
    terminal.run("formapp", "closure", "add", "2099-12-24T12:00", "2099-12-28T09:00", "Winter break")
    terminal.run("formapp", "backup", str(tmp_path / "backups" / "monday"))
    terminal.run("formapp", "restore", str(tmp_path / "backups" / "monday"), "--force")
    assert [path.name for path in terminal.var.iterdir() if ".before-" in path.name]
    assert (open_to_others(terminal.var), open_to_others(tmp_path / "backups")) == ({}, {})
    # The guide's server reads this one, whoever it runs as.
    assert stat.S_IMODE((terminal.site / "support-closures.json").stat().st_mode) == 0o644


@pytest.fixture
def private() -> Iterator[None]:
    """What the program says of its files at its start, for this process."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("name", ["what?", "a%2Fb", "a#b", "100%", "a b", "caf\u00e9", "me@home:5"])
def test_the_database_lies_in_its_folder_however_that_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    terminal = Terminal(folder)

    def formapp(*words: str) -> Result:
        # Nothing of it depends on the process, whose start takes longer than all of these.
        return CliRunner().invoke(main, words, env=terminal.environment)

    assert formapp("db", "upgrade").exit_code == 0
    assert (terminal.var / "desk.sqlite3").is_file()
    assert formapp("backup", str(folder / "backup")).exit_code == 0
    assert (folder / "backup" / "desk.sqlite3").is_file()
    assert formapp("restore", str(folder / "backup"), "--force").exit_code == 0
    told = json.loads(formapp("doctor", "--json").stdout)
    assert [finding["where"] for finding in told["findings"]] == ["FORMAPP_SMTP_URL"]
    assert {path.name for path in tmp_path.iterdir()} == {name}


def test_without_a_database_it_is_said_what_to_do(terminal: Terminal) -> None:
    for words in (("serve", "--port", "0"), ("worker",), ("account", "add", "ada@shop.example")):
        said = terminal.run("formapp", *words, code=1)
        assert "formapp db upgrade" in said, said


@pytest.mark.parametrize(
    ("package", "settings", "said"),
    [
        ("psycopg", {"DATABASE_URL": "postgresql+psycopg://desk@127.0.0.1/desk"}, 'its extra "postgresql"'),
        ("obstore", {"FILES": "s3://bucket/files"}, 'its extra "s3"'),
        ("structlog", {}, "pip install 'support-guide[desk]'"),
    ],
)
def test_where_a_package_is_missing_it_is_said_what_to_install(
    terminal: Terminal, tmp_path: Path, package: str, settings: dict[str, str], said: str
) -> None:
    (tmp_path / "packages").mkdir()
    stub = f"raise ModuleNotFoundError(\"No module named '{package}'\", name='{package}')\n"
    (tmp_path / "packages" / f"{package}.py").write_text(stub, "utf-8")
    terminal.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "packages"), str(ROOT)])
    terminal.environment.update({f"{PREFIX}{name}": value for name, value in settings.items()})
    assert said in terminal.run("formapp", "serve", "--port", "0", code=1)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_characters_gets_its_words(tmp_path: Path, encoding: str) -> None:
    terminal = Terminal(tmp_path, encoding)
    terminal.run("formapp", "db", "upgrade")
    said = terminal.run("formapp", "closure", "add", "2099-12-24T12:00", "2099-12-28T09:00", "Winter\u2019s break")
    # Where an output claims to know ASCII alone, click takes it for one of UTF-8.
    words = "Winter\u2019s break" if encoding == "ascii" else "Winter\\u2019s break"
    assert words in said
    assert words in terminal.run("formapp", "closure", "list")
    assert "There is no account" in terminal.run("formapp", "signin-link", "\u0101da@shop.example", code=1)
    policy = tmp_path / "no\u2019policy.yml"
    assert "no\\u2019policy.yml" in terminal.run("supportpolicy", "check", str(policy), code=1)


def test_what_is_for_programs_stays_whole_there(tmp_path: Path) -> None:
    """A backslash in it would be no JSON, and no XML."""
    folder = tmp_path / "caf\u00e9"
    folder.mkdir()
    terminal = Terminal(folder, "ascii")
    terminal.run("formapp", "db", "upgrade")
    terminal.var.chmod(0o755)
    (terminal.var / "desk.sqlite3").chmod(0o644)
    told = json.loads(terminal.run("formapp", "doctor", "--json", code=1))
    assert str(terminal.var / "desk.sqlite3") in [finding["where"] for finding in told["findings"]]
    policy = tmp_path / "policy.yml"
    policy.write_text(
        (ROOT / "support-policy.yml").read_text("utf-8").replace("What do you need?", "Qu\u00e9?"), "utf-8"
    )
    assert "Qu\u00e9" in policy.read_text("utf-8")
    assert "Qu&#233;" in terminal.run("supportpolicy", "graph", str(policy))
    terminal.run("supportpolicy", "explain", str(policy))
