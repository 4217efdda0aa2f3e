"""The operator's commands: from an empty database to a person who signs in, and a sentence for each mistake."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url

from formapp.accounts import magic_links
from formapp.accounts.projects import active_projects_of
from formapp.cli.main import COMMANDS, main
from formapp.database import schema
from formapp.database.engine import sqlite_driver
from formapp.errors import LinkGone
from formapp.models import Account, IncomingMail, Membership, Project, Ticket
from formapp.notifications import outbox
from formapp.services import Services, utc_now
from tests.builders import POLICY, REPOSITORY, build_customer, build_services, file_ticket, stored
from tests.commands import commands_in
from tests.documents import commands
from tests.incoming_mail.mails import build_mail


class Operator:
    """Somebody at a terminal, with the settings of one desk."""

    def __init__(self, folder: Path, database_url: str = "", **settings: str) -> None:
        url = database_url or f"sqlite:///{folder / 'desk.sqlite3'}"
        values = {"VAR": str(folder), "POLICY": str(POLICY), "DATABASE_URL": url, "DEV_INBOX": "1"}
        # On PostgreSQL the desk asks whether all machines see the same files.
        values |= {"FILES_SHARED": "1", **settings}
        self.environment = {f"FORMAPP_{name}": value for name, value in values.items()}

    def types(self, *words: str) -> Result:
        return CliRunner().invoke(main, words, env=self.environment)

    def is_told(self, *words: str) -> str:
        """What a command that works says."""
        result = self.types(*words)
        assert result.exit_code == 0, result.output
        return result.output.strip()

    def is_refused(self, *words: str) -> str:
        """What a command says that doesn't work: one sentence, exit code 1, and nothing of a traceback."""
        result = self.types(*words)
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.output
        return result.stderr.removeprefix("Error: ").strip()


@pytest.fixture
def operator(services: Services, tmp_path: Path) -> Operator:
    """An operator of a desk that is set up, of both makes of database."""
    return Operator(tmp_path, services.settings.database_url)


def test_a_new_database_is_taken_to_the_newest_revision(tmp_path: Path, database_url: str) -> None:
    operator, newest = Operator(tmp_path, database_url), schema.newest_revision()
    assert operator.is_refused("db", "check") == "The database is empty. Run: formapp db upgrade"
    for _ in range(2):
        assert operator.is_told("db", "upgrade") == f"The database is at revision {newest}."
    assert operator.is_told("db", "check") == f"The database is at revision {newest}."


def test_an_older_database_is_told_from_the_newest(sqlite_services: Services, tmp_path: Path) -> None:
    schema.downgrade(sqlite_services.database, "0001")
    said = Operator(tmp_path).is_refused("db", "check")
    assert said == f"The database is at revision 0001, not {schema.newest_revision()}. Run: formapp db upgrade"


def test_a_person_gets_an_account_a_project_and_a_link_that_signs_in(services: Services, operator: Operator) -> None:
    said = operator.is_told("account", "add", " Ada@Shop.example", "--name", "Ada Martin")
    assert said == "Made the account ada@shop.example."
    assert operator.is_told("project", "add", "shop", "--name", "Riverside Shop") == "Made the project shop."
    assert operator.is_told("member", "add", "ada@shop.example", "shop") == "ada@shop.example is in shop."
    assert operator.is_told("member", "add", "ADA@shop.example", "shop")
    address = operator.is_told("signin-link", "ada@shop.example")
    assert address.startswith("http://127.0.0.1:8000/support/sign-in/")

    (ada,) = stored(services, Account)
    assert (ada.name, ada.is_staff) == ("Ada Martin", False)
    assert magic_links.redeem_link(services, address.rpartition("/")[2], utc_now()).token
    assert [(project.key, project.plan) for project in active_projects_of(services, ada.id)] == [("shop", "Standard")]
    assert len(stored(services, Membership)) == 1


def test_staff_and_plans_are_named_at_the_command(services: Services, operator: Operator) -> None:
    operator.is_told("account", "add", "sam@platform.example", "--staff")
    operator.is_told("project", "add", "shop", "--name", "Shop", "--plan", "Business")
    (sam,) = stored(services, Account)
    assert (sam.name, sam.is_staff) == ("sam@platform.example", True)
    assert [project.plan for project in stored(services, Project)] == ["Business"]


def test_a_person_is_shut_out_and_a_project_closed(services: Services, operator: Operator) -> None:
    ada = build_customer(services)
    token = operator.is_told("signin-link", ada.email).rpartition("/")[2]
    assert operator.is_told("account", "disable", ada.email) == "ada@shop.example can no longer sign in."
    with pytest.raises(LinkGone):
        magic_links.redeem_link(services, token, utc_now())
    assert operator.is_told("project", "close", "shop") == "Closed the project shop."
    assert active_projects_of(services, ada.id) == ()


def test_each_mistake_gets_a_sentence(services: Services, operator: Operator) -> None:
    build_customer(services)
    long = "x" * 300
    for words, sentence in (
        (("account", "add", "ada@shop.example"), "There is an account for ada@shop.example already"),
        (("account", "add", "ada"), '"ada" is not an e-mail address'),
        (("account", "add", "a@b@c"), '"a@b@c" is not an e-mail address'),
        (("account", "add", "a\tb@c"), "The address holds a character that can't be seen (U+0009, control character)"),
        (("account", "add", f"{long}@shop.example"), "The address must be 254 characters or less"),
        (("account", "add", "b@shop.example", "--name", long), "The name must be 200 characters or less"),
        (("account", "disable", "who@nowhere.example"), "There is no account for who@nowhere.example"),
        (("project", "add", "shop", "--name", "Shop"), "There is a project shop already"),
        (("project", "add", "My Shop", "--name", "Shop"), '"My Shop" can\'t be a key: use small letters, digits and '),
        (("project", "add", "new", "--name", "\u200b"), "The project's name can't be empty"),
        (("project", "add", "new", "--name", long), "The project's name must be 200 characters or less"),
        (("project", "add", "new", "--name", "New", "--plan", long), "The project's plan must be 200 characters or"),
        (("project", "close", "museum"), "There is no project museum"),
        (("member", "add", "ada@shop.example", "museum"), "There is no project museum"),
        (("member", "add", "who@nowhere.example", "shop"), "There is no account for who@nowhere.example"),
        (("signin-link", "who@nowhere.example"), "There is no account for who@nowhere.example that can sign in"),
    ):
        assert operator.is_refused(*words).startswith(sentence)
    assert len(stored(services, Account)) == len(stored(services, Project)) == 1


@pytest.mark.parametrize("secret", ["", "a secret for tests that is long enough"])
@pytest.mark.parametrize("command", [("db", "upgrade"), ("account", "add", "a@shop.example"), ("serve",), ("doctor",)])
def test_a_folder_that_cant_be_used_gets_a_sentence(tmp_path: Path, command: tuple[str, ...], secret: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    var = tmp_path / "file" / "var"
    result = Operator(var, DATABASE_URL="", SECRET_KEY=secret).types(*command)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert f"FORMAPP_VAR: the desk can't keep anything in {var}: Not a directory. Let the desk's user" in result.output


def test_the_demo_fills_a_new_database_and_leaves_a_used_one_alone(services: Services, operator: Operator) -> None:
    assert operator.is_told("demo") == "Added demo accounts, projects and tickets."
    before = [(row.id, row.email) for row in stored(services, Account)]
    assert len(before) == 5
    states = [(row.state, row.merged_into_id is not None) for row in stored(services, Ticket)]
    assert set(states) == {("open", False), ("waiting", False), ("closed", False), ("closed", True)}
    assert operator.is_told("demo") == "This database has accounts already, so nothing was added."
    assert [(row.id, row.email) for row in stored(services, Account)] == before
    assert len(stored(services, Ticket)) == len(states)


def test_the_worker_sends_what_is_due_and_ends(services: Services, operator: Operator) -> None:
    file_ticket(services, build_customer(services), now=utc_now())
    # The ticket's announcement and the mail to its sender.
    assert operator.is_told("worker", "--once") == "2 tried"
    assert operator.is_told("worker", "--once") == "0 tried"
    assert [mail.state for mail in outbox.latest_mails(services)] == ["kept"]


def test_a_database_without_its_tables_is_told_with_the_way_out(tmp_path: Path, database_url: str) -> None:
    said = Operator(tmp_path, database_url).is_refused("account", "add", "ada@shop.example")
    assert "accounts" in said
    assert said.endswith("Try: formapp db upgrade")


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/desk.sqlite3", "postgresql+psycopg://desk:hunter2@127.0.0.1:1/desk"]
)
def test_a_database_that_is_away_is_told_in_words(tmp_path: Path, url: str) -> None:
    assert make_url(url).database
    said = Operator(tmp_path, url).is_refused("db", "upgrade")
    assert said.startswith("The database can't be used: ")
    assert "hunter2" not in said


def test_a_wrong_setting_is_told_before_anything_is_done(tmp_path: Path) -> None:
    said = Operator(tmp_path, "mysql://x").is_refused("db", "upgrade")
    assert said == "FORMAPP_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://."
    assert "there is no file" in Operator(tmp_path, POLICY=str(tmp_path / "none.yml")).is_refused("demo")
    assert not (tmp_path / "desk.sqlite3").exists()


def test_a_policy_with_a_mistake_is_told_by_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "support-policy.yml"
    broken.write_text(POLICY.read_text("utf-8").replace("timezone: Europe/Paris", "timezone: Europe/Atlantis"), "utf-8")
    said = Operator(tmp_path, POLICY=str(broken)).is_refused("db", "upgrade")
    line = next(number for number, text in enumerate(broken.read_text("utf-8").split("\n"), 1) if "Atlantis" in text)
    assert f"support-policy.yml:{line}: " in said
    assert "Atlantis" in said


def test_help_names_each_command_and_needs_no_settings() -> None:
    result = CliRunner().invoke(main, ["--help"], env={"FORMAPP_POLICY": "nowhere.yml"})
    assert result.exit_code == 0
    for command in commands_in(main).values():
        # What only a supervisor calls is for nobody to type.
        assert (f"  {command.name} " in result.output) is not command.hidden
        assert command.help


@pytest.mark.parametrize(
    ("name", "late", "unneeded"),
    [
        ("serve", "", "flask jinja2 PIL icalendar formapp.tickets formapp.worker"),
        ("web", "formapp.server", "formapp.worker formapp.cli.people formapp.operations.backup"),
        ("worker", "formapp.worker", "flask waitress formapp.web"),
        ("db", "", "flask structlog formapp.models"),
        ("account", "", "flask PIL formapp.tickets formapp.worker"),
    ],
)
def test_who_uses_a_command_waits_for_no_other(name: str, late: str, unneeded: str) -> None:
    """Each process of the desk is such a command, and starts anew when it died; ``late`` is what it imports then."""
    code = (
        "import click, sys; from formapp.cli.main import main; "
        f"assert main.get_command(click.Context(main), {name!r}); import {late or 'formapp'}; print(*sys.modules)"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert f"formapp.cli.{COMMANDS[name].partition('.')[0]}" in imported
    assert set(unneeded.split()) & set(imported) == set()


@pytest.mark.parametrize(
    "page", ["README.md", "docs/handbook/index.md", "docs/handbook/for-writers.md", "docs/handbook/for-operators.md"]
)
def test_the_commands_that_pages_tell_are_there_with_their_options(page: str) -> None:
    lines = commands((REPOSITORY / page).read_text("utf-8"))
    told = [line.removeprefix("formapp ") for line in lines if line.startswith("formapp ")]
    assert told
    for words in map(shlex.split, told):
        command: click.Command = main
        while isinstance(command, click.Group):
            found = commands_in(command)[words[0]]
            command, words = found, words[1:]
        command.make_parser(click.Context(command)).parse_args(list(words))


def test_a_secret_is_made_beside_the_database_at_first_use(tmp_path: Path) -> None:
    services = build_services(tmp_path)
    services.database.engine.dispose()
    Operator(tmp_path).is_told("db", "check")
    assert len((tmp_path / "secret-key").read_text("utf-8")) >= 32


def test_a_mail_is_taken_from_a_pipe_and_refused_so_that_its_server_knows(
    operator: Operator, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored: 0. No mail, or too large: 65, so it is sent back. Not now: 75, so it is tried again."""

    def pipes(content: bytes) -> Result:
        return CliRunner().invoke(main, ["mail", "receive"], input=content, env=operator.environment)

    assert pipes(build_mail()).exit_code == 0
    assert pipes(build_mail()).exit_code == 0
    assert [mail.raw for mail in stored(services, IncomingMail)] == [build_mail()]
    assert pipes(b"").exit_code == 65
    monkeypatch.setattr("formapp.cli.mail.LARGEST", 100)
    monkeypatch.setattr("formapp.incoming_mail.receive.LARGEST", 100)
    assert pipes(build_mail(message_id="<large@shop.example>")).exit_code == 65
    monkeypatch.undo()
    operator.environment["FORMAPP_DATABASE_URL"] = "sqlite:////nowhere/desk.sqlite3"
    later = pipes(build_mail(message_id="<later@shop.example>"))
    assert (later.exit_code, "can't be stored now" in later.stderr) == (75, True)


def test_a_mail_from_a_pipe_is_kept_for_later_while_the_database_is_locked_or_the_policy_cannot_be_read(
    tmp_path: Path, sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server logs why, in a word for its operator."""
    # The desk waits ten seconds for its turn; a test needn't.
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.2)
    operator = Operator(tmp_path, sqlite_services.settings.database_url)

    def pipes(**settings: str) -> Result:
        environment = {**operator.environment, **settings}
        return CliRunner().invoke(main, ["mail", "receive"], input=build_mail(), env=environment)

    path = sqlite_services.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite_driver().connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = pipes()
        other.execute("ROLLBACK")
    assert (locked.exit_code, "OperationalError" in locked.stderr) == (75, True)
    nowhere = pipes(FORMAPP_POLICY="nowhere.yml")
    assert (nowhere.exit_code, "nowhere.yml" in nowhere.stderr) == (75, True)
    assert stored(sqlite_services, IncomingMail) == []
    assert pipes().exit_code == 0


def test_fetching_needs_a_mailbox(operator: Operator) -> None:
    assert operator.is_refused("mail", "fetch") == "No mailbox is set (FORMAPP_IMAP_URL)"
    operator.environment["FORMAPP_IMAP_URL"] = "imap://a:b@127.0.0.1:1/INBOX"
    assert operator.is_refused("mail", "fetch").startswith("The mailbox can't be read: ")
