"""The places for dates: static words that say something by themselves, and a small script."""

from __future__ import annotations

import gzip
import re

import pytest
from markupsafe import Markup

from formapp.forms import ticket_form
from formapp.widgets import assets
from formapp.widgets.chooser import render_chooser
from formapp.widgets.form import render_form
from formapp.widgets.table import render_table
from supportpolicy import Policy

DATES = "/support/dates.json"
PLACE = re.compile(r'<support-date(?: class="[^"]*")?(?: data-for="([^"]*)")?>([^<]*)</support-date>')


def places(html: Markup) -> set[tuple[str, str]]:
    return set(PLACE.findall(html))


def in_form(policy: Policy, dates_url: str = DATES) -> Markup:
    return render_form(policy, ticket_form(policy), action="/support/tickets", embedded=True, dates_url=dates_url)


COUNTED = {
    ("critical", "Counted day and night"),
    ("high", "Counted while support is open"),
    ("normal", "Counted while support is open"),
}


def test_each_promise_has_its_place_with_words_and_best_effort_has_none(policy: Policy) -> None:
    assert places(in_form(policy)) == COUNTED
    assert places(render_chooser(policy, dates_url=DATES)) == COUNTED
    assert places(render_table(policy, dates_url=DATES)) == {("", "Tickets can be sent at any time"), *COUNTED}


@pytest.mark.parametrize("show", ["criteria", "house-rules", "examples"])
def test_other_parts_of_the_table_have_none(policy: Policy, show: str) -> None:
    assert not places(render_table(policy, show=show, dates_url=DATES))  # type: ignore[arg-type]


def test_without_an_address_the_script_has_nobody_to_ask(policy: Policy) -> None:
    for with_it, without in (
        (in_form(policy), in_form(policy, "")),
        (render_chooser(policy, dates_url=DATES), render_chooser(policy)),
        (render_table(policy, dates_url=DATES), render_table(policy)),
    ):
        assert with_it.count(f'data-dates="{DATES}"') == 1
        assert "data-dates" not in without


def test_the_scripts_stay_small() -> None:
    sizes = {asset.name: len(gzip.compress(asset.content, 9)) for asset in assets()}
    # With what corrects a page that is older than the policy.
    assert sizes["support-dates.js"] < 1_600
    assert sizes["support-closures.js"] < 1_300
    assert sizes["support-scoreboard.js"] < 1_000
