"""``formapp policy``: the operator's command that tries a new policy on the tickets that are stored."""

from __future__ import annotations

from collections.abc import Iterator

import click

from formapp.cli.context import with_desk
from formapp.operations.replay import Replayed, replay
from formapp.services import Services, utc_now
from supportpolicy import load
from supportpolicy.comparison import escaped


@click.group()
def policy() -> None:
    """The support policy, and what another would do."""


@policy.command(name="replay")
@click.argument("new", type=click.Path(dir_okay=False))
@with_desk
def policy_replay(desk: Services, new: str) -> None:
    """Judge the stored tickets by the policy file NEW, and print what would be different as Markdown.

    Nothing is changed, and nothing that anybody typed is printed.
    """
    click.echo("\n".join(in_markdown(replay(desk, load(new), utc_now()))))


def in_markdown(found: Replayed) -> Iterator[str]:
    """What was found, as Markdown for a merge request, line by line."""
    moved, missed, kept = found.moves.total(), found.missed.total(), found.kept.total()
    yield f"### The new policy on {_count(found.tickets, 'stored ticket')}"
    yield ""
    yield (
        f"{moved:,} of {found.tickets:,} would get another priority; {_count(missed, 'promise')} would have been "
        f"missed that {_was(missed)} kept, and {kept:,} kept that {_was(kept)} missed."
    )
    if found.moves:
        yield from ("", "| Priority | With the new policy | Tickets |", "| --- | --- | ---: |")
        for (was, becomes), count in found.moves.most_common():
            yield f"| {escaped(was)} | {escaped(becomes)} | {count:,} |"
    if promises := sorted(found.missed.keys() | found.kept.keys()):
        yield from ("", "| Promise | Kept, would be missed | Missed, would be kept |", "| --- | ---: | ---: |")
        for one in promises:
            yield f"| {escaped(one[0])}, {one[1]} | {found.missed[one]:,} | {found.kept[one]:,} |"
    notes = list(_notes(found))
    if notes:
        yield ""
        yield from (f"- {note}" for note in notes)


def _notes(found: Replayed) -> Iterator[str]:
    """Which tickets this says less of, and why."""
    for count, words in (
        (found.without_answers, "without answers to the questions: the priority that was chosen stays."),
        (found.chosen_otherwise, "with another priority than the answers recommended: it stays."),
        (found.not_answerable, "with answers that don't fit the new questions: the priority stays."),
        (found.gone_priorities, "with a priority that the new policy doesn't have: not judged."),
        (found.not_judged, "whose promises can't be judged, because their history was pruned or support never opens."),
    ):
        if count:
            yield f"{_count(count, 'ticket')} {words}"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
