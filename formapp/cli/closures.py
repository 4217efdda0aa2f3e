"""``formapp closure``: time when support is closed during its usual hours."""

from __future__ import annotations

import click

from formapp.actors import OPERATOR
from formapp.best_effort import best_effort
from formapp.cli.context import with_desk
from formapp.hours import banner, closures
from formapp.models import LARGEST_ID
from formapp.services import Services, utc_now


@click.group()
def closure() -> None:
    """Time when support is closed during its usual hours."""


@closure.command(name="add")
@click.argument("start")
@click.argument("end")
@click.argument("note")
@with_desk
def closure_add(desk: Services, start: str, end: str, note: str) -> None:
    """Announce a closure, as in: closure add 2026-12-24T12:00 2026-12-28T09:00 "Winter break".

    Times are those of the policy's zone. Tickets already sent keep their dates.
    """
    now = utc_now()
    zone = desk.policy.calendar.zone
    begins, ends = closures.local_instant(start, "start", zone), closures.local_instant(end, "end", zone)
    made = closures.add_closure(desk, OPERATOR, begins, ends, note, now)
    with best_effort("the file of closures"):
        banner.write(desk, now)
    click.echo(f"Announced closure {made.id}. {banner.sentence(made, zone, now)}")


@closure.command(name="list")
@with_desk
def closure_list(desk: Services) -> None:
    """List the closures that are not over."""
    now = utc_now()
    for found in closures.upcoming_closures(desk, now):
        click.echo(f"{found.id}\t{banner.sentence(found, desk.policy.calendar.zone, now)}")


@closure.command(name="cancel")
@click.argument("number", type=click.IntRange(1, LARGEST_ID))
@with_desk
def closure_cancel(desk: Services, number: int) -> None:
    """Cancel a closure; tickets that were already sent keep their dates."""
    now = utc_now()
    closures.cancel_closure(desk, OPERATOR, number, now)
    with best_effort("the file of closures"):
        banner.write(desk, now)
    click.echo(f"Cancelled closure {number}.")
