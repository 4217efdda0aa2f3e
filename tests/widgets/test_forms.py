"""The ticket form: no form knows of another, and each kind has fields of its own."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from formapp.forms import TicketForm, ticket_form
from formapp.widgets.form import render_form
from supportpolicy import Policy

TYPED = {"project": "shop", "subject": "Ada's secret", "description": "Only Ada knows", "priority": "high"}
PROJECTS = [("shop", "Riverside Shop")]


def ada(policy: Policy, **changes: str) -> TicketForm:
    return ticket_form(policy, MultiDict(TYPED | changes), projects=PROJECTS)


def other(policy: Policy) -> TicketForm:
    return ticket_form(policy, MultiDict({"project": "shop"}), projects=PROJECTS)


def test_a_form_holds_nothing_of_the_one_before(policy: Policy) -> None:
    before = ada(policy, subject="", submission="ada's", url="not one")
    assert not before.validate()
    after = other(policy)
    assert not any((after.subject.data, after.description.data, after.carried.submission))
    assert [field.name for field in after if field.errors] == []
    assert "Ada" not in render_form(policy, after, action="/support/tickets", embedded=False)


def test_two_forms_at_one_time_are_each_their_own(policy: Policy) -> None:
    first, second = ada(policy), other(policy)
    assert not second.validate()
    assert first.validate()
    assert (first.subject.data, list(first.subject.errors)) == ("Ada's secret", [])
    assert list(second.subject.errors) == ["Enter a subject"]
    assert first.subject.meta is first.meta is not second.meta


@pytest.mark.parametrize("signed_in", [True, False])
def test_each_kind_of_form_has_fields_of_its_own(policy: Policy, signed_in: bool) -> None:
    form = ticket_form(policy, projects=PROJECTS if signed_in else None)
    assert form.project.type == ("SelectField" if signed_in else "StringField")
    assert ("email" in form) is not signed_in
    names = ["project", "subject", "url", "description", "files", "priority"]
    assert [field.name for field in form.visible] == names + ([] if signed_in else ["email"])
