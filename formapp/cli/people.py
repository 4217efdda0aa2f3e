"""``formapp account``, ``project`` and ``member``: who can sign in, what tickets are about, who belongs to what.

Each act has its opposite beside it. The pages People and Projects call the same use cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any

import click

from formapp.accounts import accounts, address_changes, csv_import, people, projects
from formapp.accounts.people import MemberFacts, PersonFacts, ProjectFacts
from formapp.cli.context import with_desk
from formapp.errors import NotFound, UseCaseError
from formapp.services import Services, utc_now

Facts = PersonFacts | ProjectFacts | MemberFacts
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
on_or_off = click.Choice(["on", "off"])


@click.group()
def account() -> None:
    """People who can sign in."""


@account.command(name="add")
@click.argument("email")
@click.option("--name", default="", help="Name as others see it.")
@click.option("--staff", is_flag=True, help="Works at the desk.")
@click.option("--project", "project_key", default="", metavar="KEY", help="Let the person in to this project.")
@click.option("--invite", is_flag=True, help="Send a mail with a sign-in link.")
@with_desk
def account_add(desk: Services, email: str, name: str, staff: bool, project_key: str, invite: bool) -> None:
    """Make an account."""
    made = projects.add_person(desk, email, name or email, utc_now(), key=project_key, is_staff=staff, invite=invite)
    click.echo(f"Made the account {made.email}.")
    if invite:
        click.echo(f"An invitation goes to {made.email}.")


@account.command(name="invite")
@click.argument("email")
@with_desk
def account_invite(desk: Services, email: str) -> None:
    """Send a person a mail with a sign-in link."""
    accounts.invite(desk, email, utc_now())
    click.echo(f"An invitation goes to {email}.")


@account.command(name="rename")
@click.argument("email")
@click.argument("name")
@with_desk
def account_rename(desk: Services, email: str, name: str) -> None:
    """Give a person another name."""
    accounts.rename(desk, email, name, utc_now())
    click.echo(f"{email} is now {people.person_facts(desk, email).name}.")


@account.command(name="address")
@click.argument("email")
@click.argument("new", metavar="[NEW]", default="")
@click.option("--cancel", is_flag=True, help="Let the link that was sent do nothing any more.")
@with_desk
def account_address(desk: Services, email: str, new: str, cancel: bool) -> None:
    """Change a person's address to NEW: a link that is sent there confirms it. The old address is told."""
    if bool(new) is cancel:
        raise click.UsageError("Name the new address, or say --cancel")
    if cancel:
        address_changes.cancel_address_change(desk, email, utc_now())
        click.echo(f"{email} keeps this address.")
    else:
        address = address_changes.ask_to_change_address(desk, email, new, utc_now())
        click.echo(f"A link goes to {address}. Until it is pressed, {email} keeps this address.")


@account.command(name="disable")
@click.argument("email")
@with_desk
def account_disable(desk: Services, email: str) -> None:
    """Stop an account from signing in, at once."""
    accounts.disable_account(desk, email, utc_now())
    click.echo(f"{email} can no longer sign in.")


@account.command(name="enable")
@click.argument("email")
@with_desk
def account_enable(desk: Services, email: str) -> None:
    """Let a disabled account sign in again, with the projects that it had."""
    accounts.enable_account(desk, email, utc_now())
    click.echo(f"{email} can sign in again.")


@account.command(name="staff")
@click.argument("email")
@click.argument("state", type=on_or_off)
@with_desk
def account_staff(desk: Services, email: str, state: str) -> None:
    """Let a person work at the desk, or no longer."""
    accounts.set_staff(desk, email, state == "on", utc_now())
    click.echo(f"{email} {'works' if state == 'on' else 'no longer works'} at the desk.")


@account.command(name="manages")
@click.argument("email")
@click.argument("state", type=on_or_off)
@with_desk
def account_manages(desk: Services, email: str, state: str) -> None:
    """Let somebody at the desk manage people and projects, or no longer."""
    accounts.set_manages_people(desk, email, state == "on", utc_now())
    click.echo(f"{email} {'manages' if state == 'on' else 'no longer manages'} people and projects.")


@account.command(name="sign-out")
@click.argument("email")
@with_desk
def account_sign_out(desk: Services, email: str) -> None:
    """Sign a person out on all devices; links that were sent no longer work."""
    accounts.sign_out_everywhere(desk, email, utc_now())
    click.echo(f"{email} is signed out on all devices.")


@account.command(name="list")
@click.option("--search", default="", metavar="WORDS", help="Only people whose name or address has these words.")
@click.option("--staff", "show", flag_value="staff", help="Only who works at the desk.")
@click.option("--disabled", "show", flag_value="disabled", help="Only who can't sign in.")
@as_json
@with_desk
def account_list(desk: Services, search: str, show: people.Show | None, as_json: bool) -> None:
    """List people by name."""
    _print(people.list_people(desk, search=search, show=show or "all"), as_json)


@account.command(name="show")
@click.argument("email")
@as_json
@with_desk
def account_show(desk: Services, email: str, as_json: bool) -> None:
    """Show one person."""
    _show(people.person_facts(desk, email), as_json)


@click.group()
def project() -> None:
    """What tickets are about."""


@project.command(name="add")
@click.argument("key")
@click.option("--name", required=True, help="Name as people see it.")
@click.option("--plan", default="Standard", show_default=True, help="Name of the support plan.")
@with_desk
def project_add(desk: Services, key: str, name: str, plan: str) -> None:
    """Make an active project."""
    projects.add_project(desk, key, name, plan, utc_now())
    click.echo(f"Made the project {key}.")


@project.command(name="rename")
@click.argument("key")
@click.argument("name")
@with_desk
def project_rename(desk: Services, key: str, name: str) -> None:
    """Give a project another name; its key stays."""
    projects.change_project(desk, key, utc_now(), name=name)
    click.echo(f"{key} is now {people.project_facts(desk, key).name}.")


@project.command(name="plan")
@click.argument("key")
@click.argument("plan")
@with_desk
def project_plan(desk: Services, key: str, plan: str) -> None:
    """Give a project another support plan."""
    projects.change_project(desk, key, utc_now(), plan=plan)
    click.echo(f"The plan of {key} is now {people.project_facts(desk, key).plan}.")


@project.command(name="close")
@click.argument("key")
@with_desk
def project_close(desk: Services, key: str) -> None:
    """End a project; its tickets stay."""
    projects.close_project(desk, key, utc_now())
    click.echo(f"Closed the project {key}.")


@project.command(name="reopen")
@click.argument("key")
@with_desk
def project_reopen(desk: Services, key: str) -> None:
    """Let tickets be opened for a closed project again."""
    projects.reopen_project(desk, key, utc_now())
    click.echo(f"Reopened the project {key}.")


@project.command(name="list")
@click.option("--search", default="", metavar="WORDS", help="Only projects whose name, key or plan has these words.")
@as_json
@with_desk
def project_list(desk: Services, search: str, as_json: bool) -> None:
    """List projects by name, closed ones too."""
    _print(people.list_projects(desk, search=search), as_json)


@project.command(name="show")
@click.argument("key")
@as_json
@with_desk
def project_show(desk: Services, key: str, as_json: bool) -> None:
    """Show one project."""
    _show(people.project_facts(desk, key), as_json)


@click.group()
def member() -> None:
    """Who belongs to a project."""


@member.command(name="add")
@click.argument("email")
@click.argument("project_key")
@with_desk
def member_add(desk: Services, email: str, project_key: str) -> None:
    """Let a person see and file a project's tickets."""
    projects.add_member(desk, email, project_key, utc_now())
    click.echo(f"{email} is in {project_key}.")


@member.command(name="remove")
@click.argument("email")
@click.argument("project_key")
@with_desk
def member_remove(desk: Services, email: str, project_key: str) -> None:
    """Let a person no longer see a project's tickets; what the person sent stays."""
    projects.remove_member(desk, email, project_key, utc_now())
    click.echo(f"{email} is not in {project_key}.")


@member.command(name="list")
@click.option("--project", "project_key", default="", metavar="KEY", help="Only this project's.")
@click.option("--person", default="", metavar="ADDRESS", help="Only this person's.")
@as_json
@with_desk
def member_list(desk: Services, project_key: str, person: str, as_json: bool) -> None:
    """List who is in which project."""
    _print(people.list_members(desk, project=project_key, email=person), as_json)


@member.command(name="show")
@click.argument("email")
@click.argument("project_key")
@as_json
@with_desk
def member_show(desk: Services, email: str, project_key: str, as_json: bool) -> None:
    """Show since when a person is in a project."""
    for found in people.list_members(desk, project=project_key, email=email):
        _show(found, as_json)
        return
    raise NotFound(f"{email} is not in {project_key}")


@member.command(name="import")
@click.argument("table", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--invite", is_flag=True, help="Send each new person a mail with a sign-in link.")
@with_desk
def member_import(desk: Services, table: IO[bytes], dry_run: bool, invite: bool) -> None:
    """Add the people of a CSV file (email,name,project) to their projects: all of its lines, or none."""
    try:
        text = table.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UseCaseError(f"Line {line} isn't UTF-8. Save the table as “CSV UTF-8”") from None
    try:
        done = csv_import.import_people(desk, text, utc_now(), invite=invite, dry_run=dry_run)
    except csv_import.BadTable as refused:
        for one in refused.lines:
            click.echo(f"Line {one.number}: {one.sentence}", err=True)
        raise
    would = "Would add" if dry_run else "Added"
    click.echo(
        f"{would} {done.accounts:,} {'account' if done.accounts == 1 else 'accounts'} and {done.members:,} "
        f"{'member' if done.members == 1 else 'members'}, from {done.lines:,} {'line' if done.lines == 1 else 'lines'}."
    )


def _print(found: Iterable[Facts], as_json: bool) -> None:
    for facts in found:
        click.echo(_json(facts) if as_json else _line(facts))


def _show(facts: Facts, as_json: bool) -> None:
    if as_json:
        click.echo(_json(facts))
        return
    for name, value in asdict(facts).items():
        click.echo(f"{name.replace('_', ' ')}: {_words(value)}")


def _json(facts: Facts) -> str:
    return json.dumps(asdict(facts), default=_as_text, ensure_ascii=False)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _words(value: Any) -> str:  # noqa: ANN401 - whatever a field holds
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, tuple | list):
        return ", ".join(place["key"] for place in value) or "-"
    return "-" if value in (None, "") else str(value)


def _line(facts: Facts) -> str:
    if isinstance(facts, ProjectFacts):
        state = "active" if facts.is_active else "closed"
        return "\t".join((facts.key, facts.name, facts.plan, state, str(facts.members)))
    if isinstance(facts, MemberFacts):
        return "\t".join((facts.email, facts.name, facts.project, f"{facts.since:%Y-%m-%d}"))
    marks = [
        word
        for word, is_so in (
            ("staff", facts.is_staff),
            ("manages people", facts.manages_people),
            ("disabled", facts.disabled_at is not None),
        )
        if is_so
    ]
    places = ", ".join(place.key for place in facts.projects) or "-"
    return "\t".join((facts.email, facts.name, places, ", ".join(marks) or "-"))
