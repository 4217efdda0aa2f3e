"""``formapp person``: the operator's commands for what is stored about somebody."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from formapp import audit
from formapp.cli.context import with_desk
from formapp.models import reference_of
from formapp.operations.person import erase, export
from formapp.services import Services, utc_now


@click.group()
def person() -> None:
    """What is stored about somebody: hand it over, or erase it."""


@person.command(name="export")
@click.argument("address")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; otherwise standard output."
)
@with_desk
def person_export(desk: Services, address: str, output: Path | None) -> None:
    """Write all that is stored about ADDRESS as a ZIP file: the records as JSON, and the files as they were sent."""
    if output is None and sys.stdout.isatty():
        raise click.UsageError("A terminal can't show a ZIP file. Name a file: --output person.zip")
    if output is not None and output.exists():
        raise click.ClickException(f"{output} is there already. Name a new file")
    # Whole or not at all, and for nobody else to read.
    folder = output.absolute().parent if output else None
    with tempfile.TemporaryDirectory(dir=folder, prefix=".person-") as making:
        whole = Path(making) / export.RECORDS
        with whole.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            done = export.export_person(desk, address, file, audit.command_line(), utc_now())
        if output is None:
            sys.stdout.buffer.write(whole.read_bytes())
        else:
            whole.rename(output)
    click.echo(f"Exported {done.rows} records and {done.files} files about {address}.", err=True)
    for name in done.missing:
        click.echo(f"Missing: the store couldn't give {name}.", err=True)
    click.echo("Internal notes are in it. Read it before you hand it on.", err=True)


@person.command(name="erase")
@click.argument("address")
@click.option("--conversations", is_flag=True, help="Also what others wrote on the person's own tickets.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_desk
def person_erase(desk: Services, address: str, conversations: bool, yes: bool) -> None:
    """Erase name, ADDRESS, texts and files of a person. Counts, times, priorities and promises stay."""
    if not yes:
        click.confirm(f"This can't be undone, and closes the person's open tickets. Erase {address}?", abort=True)
    done = erase.erase_person(desk, address, audit.command_line(), utc_now(), conversations=conversations)
    click.echo(
        f"Erased {address}: tickets {len(done.tickets)} (closed now: {done.closed}), "
        f"messages {done.messages}, files {done.files}."
    )
    if done.others:
        names = ", ".join(reference_of(number) for number in done.others)
        click.echo(f"What others wrote stays, without name, address and quoted lines. Look through it: {names}")
    if not done.overwritten:
        click.echo(
            "Pages of the database that were freed are not overwritten yet; the handbook says how "
            "(For operators, A person's data)."
        )
    click.echo("Older backups still hold the person. After restoring one: formapp person erase-again")


@person.command(name="erase-again")
@with_desk
def person_erase_again(desk: Services) -> None:
    """After an older backup was restored: erase again whom the list of erasures names."""
    done = erase.erase_again(desk, audit.command_line(), utc_now())
    click.echo(f"Erased again: {done}.")
