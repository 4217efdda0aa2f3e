"""What a policy may ask for is what the desk can keep; and it says when its holidays run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from filetype import get_type

from formapp.attachments.file_types import refusal_by_content
from formapp.forms import MOST_TOKENS
from formapp.models import Attachment, Ticket
from formapp.server import LARGEST_REQUEST
from formapp.web.body.form_data import LARGEST_BODY
from supportpolicy import Policy, PolicyError, bounds, holidays_warning, loads
from supportpolicy.__main__ import main
from tests.builders import NOW, POLICY


def problems_of(text: str) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        loads(text, "p.yml")
    return [str(problem) for problem in refused.value.problems]


def replaced(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with this line changed, and the line's number."""
    assert text.count(old) >= 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("key", ["size_mb", "total_mb"])
def test_more_megabytes_than_the_server_takes_are_a_problem(policy_text: str, key: str) -> None:
    line = next(line for line in policy_text.splitlines() if line.strip().startswith(f"{key}:"))
    text, number = replaced(policy_text, line, f"{line.partition(':')[0]}: 101")
    assert any(
        told.startswith(f"p.yml:{number}: ") and "a whole number from 1 to 100" in told for told in problems_of(text)
    )


@pytest.mark.parametrize("kind", ["exe", "tar.exe", "com", "hta", "svg", "tar.svg"])
def test_a_kind_that_is_always_refused_is_a_problem(policy_text: str, kind: str) -> None:
    kinds = next(line for line in policy_text.splitlines() if line.strip().startswith("kinds:"))
    text, number = replaced(policy_text, kinds, f"{kinds.partition(':')[0]}: [txt, {kind}]")
    (told,) = problems_of(text)
    assert told.startswith(f'p.yml:{number}: Leave "{kind}" out: ')
    assert told.endswith("so they are never taken.")


def test_what_a_policy_can_allow_is_taken_and_what_it_can_t_is_refused() -> None:
    """By the desk's own judgement of the first bytes: those of a zip, or of a binary file that nothing tells."""
    for kind in bounds.NOT_RECOGNISED:
        for head in (b"PK\x03\x04" + b"\0" * 60, b"\x7fBIN\0\0\0\1" + b"\0" * 60):
            assert refusal_by_content(f"a.{kind}", kind, head, holds_nul=True, kinds=[kind]), kind
    for ending in bounds.RECOGNISED:
        assert get_type(ext="jpg" if ending == "jpeg" else ending) is not None, ending
        assert get_type(ext=f"backup.{ending}") is None
    assert not refusal_by_content("a.tar.gz", "tar.gz", b"\x1f\x8b\x08" + b"\0" * 60, holds_nul=True, kinds=["tar.gz"])


def test_an_id_that_no_column_holds_is_a_problem(policy_text: str) -> None:
    longest, longer = "a" * 64, "a" * 65
    assert loads(policy_text.replace("production-down", longest)).version
    told = problems_of(policy_text.replace("production-down", longer))
    assert any("is too long for an id: use at most 64 characters." in one for one in told)


def test_the_bounds_are_those_of_the_desk() -> None:
    columns, attachment = Ticket.__table__.columns, Attachment.__table__.columns
    for name in ("priority", "recommended", "rule"):
        assert columns[name].type.length == bounds.LONGEST_ID
    assert columns["subject"].type.length == bounds.LONGEST_SUBJECT
    assert attachment["kind"].type.length == bounds.LONGEST_KIND
    assert bounds.MOST_FILES <= MOST_TOKENS
    # The files of a form come in one request where there is no script, with the longest text beside them.
    text = 4 * bounds.LONGEST_DESCRIPTION
    assert bounds.MOST_MEGABYTES * 1_000_000 + text <= LARGEST_BODY < LARGEST_REQUEST


@pytest.mark.parametrize(("days", "warned"), [(61, False), (60, False), (59, True), (0, True), (-3, True)])
def test_holidays_that_end_within_60_days_are_a_warning(policy: Policy, days: int, warned: bool) -> None:
    last = max(policy.calendar.holidays)
    now = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) - timedelta(days=days)
    told = holidays_warning(policy.calendar, now)
    assert bool(told) is warned
    if warned:
        assert told.startswith(f"The holidays {'ended' if days < 0 else 'end'} on {last.day} {last:%B %Y}. Add")


def test_a_calendar_without_holidays_is_meant_so(policy_text: str) -> None:
    lines = policy_text.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith("  holidays:"))
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("    - "))
    bare = loads("".join([*lines[:start], *lines[end:]]))
    assert holidays_warning(bare.calendar, NOW + timedelta(days=4000)) == ""


def test_the_check_warns_and_is_content(policy: Policy, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(POLICY)], NOW) == 0
    assert capsys.readouterr().err == ""
    day = max(policy.calendar.holidays)
    last = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert main(["check", str(POLICY)], last - timedelta(days=30)) == 0
    told = capsys.readouterr()
    assert "all right" in told.out
    assert told.err.startswith(f"{POLICY}: warning: The holidays end on {day.day} {day:%B %Y}.")
