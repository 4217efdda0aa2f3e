"""``formapp docs``: the operator's and the writers' commands for the guide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

import click

from formapp.actors import OPERATOR
from formapp.cli.context import with_desk
from formapp.services import Services, utc_now
from formapp.tickets import reports
from formapp.tickets.guide_gaps import GuideGap, guide_gaps

MONTHS_AT_FIRST = 3


@click.group()
def docs() -> None:
    """The guide, and what it should have answered."""


@docs.command(name="gaps")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Count from this day on; else from two months back, the first."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the reasons that readers gave.")
@with_desk
def docs_gaps(desk: Services, since: datetime | None, as_json: bool) -> None:
    """List the guide's pages by the tickets that they caused, with the line to edit.

    A ticket counts for the page that it was sent from and for the page that staff named on it. Beside them are the
    answers to "Was this page helpful?".
    """
    month = reports.this_month(desk, utc_now())
    first = since.date() if since is not None else reports.months_back(month, MONTHS_AT_FIRST - 1)
    gaps = guide_gaps(desk, OPERATOR, first)
    if as_json:
        found = {"since": first.isoformat(), "pages": [asdict(gap) for gap in gaps]}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    elif gaps:
        click.echo("\n".join(_lines(gaps)))
    else:
        click.echo(f"No tickets and no answers of a page of the guide since {first}.")


def _lines(gaps: Sequence[GuideGap]) -> Iterator[str]:
    """A line for each page, ready for a terminal, and below it the reasons of those whom it didn't help."""
    for gap in gaps:
        place = f"{gap.file}:{gap.line}" if gap.file else gap.page
        parts = [_count(gap.tickets, "ticket")]
        if gap.named:
            parts.append(f"{gap.named} named by staff")
        if gap.helpful or gap.not_helpful:
            parts.append(f"helpful: {gap.helpful} yes, {gap.not_helpful} no")
        yield f"{place}: {', '.join(parts)}{f' ({gap.page})' if gap.file else ''}"
        for reason in gap.reasons:
            # A terminal does what some characters say.
            yield f"  - {' '.join(''.join(one if one.isprintable() else ' ' for one in reason).split())}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
