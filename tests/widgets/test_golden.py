"""The widgets' HTML, written down whole for a small policy of its own, so that the project's may change freely.

After a meant change: pytest tests/widgets/test_golden.py --update-golden, then read the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from formapp.forms import ticket_form
from formapp.widgets.chooser import render_chooser
from formapp.widgets.feedback import render_feedback
from formapp.widgets.form import render_form
from formapp.widgets.scoreboard import render_scoreboard
from formapp.widgets.table import render_table
from site_plugins.fences import SHOWS
from supportpolicy import Policy, load
from supportpolicy.languages import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
DATES = "/support/dates.json"
# What a person sends who typed one thing right, one thing that isn't so, and left the rest empty.
MISTAKES = {
    "subject": 'Nobody can "buy" <anything>',
    "url": "shop example",
    "description": "\u200b",
    "priority": "lowest",
    "email": "not an address",
    "answers": "need=help&sales=no",
    "submission": "form-1",
}


def empty_form(policy: Policy) -> Markup:
    form = ticket_form(policy)
    return render_form(policy, form, action="/support/tickets", embedded=True, page="/file/", dates_url=DATES)


def form_with_mistakes(policy: Policy) -> Markup:
    form = ticket_form(policy, MultiDict(MISTAKES))
    assert not form.validate()
    return render_form(policy, form, action="/support/tickets", embedded=False, hidden={"csrf_token": "a token"})


def form_of_somebody(policy: Policy) -> Markup:
    projects = [("shop", "Riverside Shop"), ("museum", "City & Museum")]
    values = {"project": "museum", "subject": "Kept", "priority": "usual", "draft": "d-1"}
    form = ticket_form(policy, projects=projects, values=values)
    return render_form(
        policy,
        form,
        action="/support/tickets",
        embedded=False,
        sending_as="Ada Martin (ada@shop.example)",
        sender_email="ada@shop.example",
        sign_out_url="/support/account",
        dates_url=DATES,
    )


# The golden file's name, and what makes it.
WIDGETS: dict[str, Callable[[Policy], Markup]] = {
    "table-promises": lambda policy: render_table(policy, criteria_url="../priority/", dates_url=DATES),
    "table-criteria": lambda policy: render_table(policy, show="criteria"),
    "table-house-rules": lambda policy: render_table(policy, show="house-rules"),
    "table-examples": lambda policy: render_table(policy, show="examples", on=date(2026, 11, 24)),
    "chooser": lambda policy: render_chooser(policy, form_url="/support/tickets/new", dates_url=DATES),
    "form-empty": empty_form,
    "form-with-errors": form_with_mistakes,
    "form-signed-in": form_of_somebody,
    "feedback": lambda policy: render_feedback(policy, action="/support/feedback", page="/help/"),
    "scoreboard": render_scoreboard,
}


@pytest.fixture(scope="module")
def small() -> Policy:
    return load(GOLDEN / "policy.yml")


@pytest.mark.parametrize("name", WIDGETS)
def test_each_widget_reads_as_it_was_written_down(request: pytest.FixtureRequest, small: Policy, name: str) -> None:
    found = WIDGETS[name](small) + "\n"
    path = GOLDEN / f"{name}.html"
    if request.config.getoption("--update-golden"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_everything_that_a_table_can_show_is_written_down_and_nothing_else_is() -> None:
    # The drawing is the policy's own, see tests/policy.
    assert {f"table-{show}" for show in SHOWS if show != "graph"} == {name for name in WIDGETS if "table" in name}
    texts = {f"policy.{language}.yml" for language in LANGUAGES if language != "en"}
    assert {path.name for path in GOLDEN.iterdir()} == {"policy.yml", *texts, *(f"{name}.html" for name in WIDGETS)}
