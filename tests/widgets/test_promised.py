"""Whether a page that is older than the policy promised something else."""

from __future__ import annotations

import pytest

from formapp.widgets import promised
from supportpolicy import Policy, loads


def edited(text: str, *changes: tuple[str, str]) -> Policy:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return loads(text)


def test_a_page_of_today_promises_what_holds(policy: Policy) -> None:
    carried = promised.written(policy)
    assert [one.id for one in policy.priorities if promised.has_changed(policy, carried, one.id)] == []


def test_another_promise_is_told_for_its_priority_alone(policy: Policy, policy_text: str) -> None:
    carried = promised.written(policy)
    now = edited(policy_text, ("response: 1 business day\n", "response: 6 business hours\n"))
    assert [one.id for one in now.priorities if promised.has_changed(now, carried, one.id)] == ["high"]


def test_other_opening_hours_change_what_is_counted_by_them(policy: Policy, policy_text: str) -> None:
    carried = promised.written(policy)
    now = edited(policy_text, ('"09:00-17:00"', '"10:00-16:00"'))
    changed = [one.id for one in now.priorities if promised.has_changed(now, carried, one.id)]
    assert "high" in changed
    assert "critical" not in changed


def test_other_words_and_other_holidays_promise_nothing_else(policy: Policy, policy_text: str) -> None:
    carried = promised.written(policy)
    now = edited(policy_text, ("within 1 hour, 24/7", "1 hour, 24/7"), ("label: High", "label: Urgent"))
    assert now.version != policy.version
    assert promised.written(now) == carried


@pytest.mark.parametrize(
    "carried", ["", "=", "high", "x=y high", "high=" + "9" * 10_000, "unknown=elapsed.1.elapsed.1"]
)
def test_whatever_a_page_carries_nothing_fails(policy: Policy, carried: str) -> None:
    for name in ("high", "nobody", ""):
        assert promised.has_changed(policy, carried, name) is (carried.startswith("high=") and name == "high")
