"""What staff change on a ticket by its page: its assignee, that it is a duplicate, and its answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts import accounts
from formapp.models import Account
from tests.builders import NOW, build_customer, file_ticket
from tests.web.conftest import DOWN, Desk
from tests.web.deskforms import TICKET, assigning, form_of, history, messages, the_ticket
from tests.web.page import Browser, Form

# Assignment, merging


def test_a_ticket_is_assigned_to_others_to_oneself_and_to_nobody(sam: Browser, kim: Account) -> None:
    page = sam.open(TICKET)
    assert [one.text for one in page.all("option") if one.inside(page.one("select", id="assignee"))] == [
        "Unassigned",
        "Kim Adeyemi",
        "Sam Rivera (you)",
    ]
    form = assigning(page)
    form.fields["assignee"] = kim.email
    page = sam.send(form)
    assert "Assigned to Kim Adeyemi" in page.text
    taking = next(Form(page, form) for form in page.all("form") if "Assign to me" in form.text)
    page = sam.send(taking)
    assert "Assigned to Sam Rivera" in page.text
    assert "Assign to me" not in page.text
    form = assigning(page)
    form.fields["assignee"] = ""
    page = sam.send(form)
    assert "for the answer Unassigned" in page.text
    assert [line.split("Paris time ", 1)[1] for line in history(page)[1:]] == [
        "Sam Rivera assigned it to Kim Adeyemi (was: unassigned)",
        "Sam Rivera assigned it to Sam Rivera (was: Kim Adeyemi)",
        "Sam Rivera unassigned it (was: Sam Rivera)",
    ]


def test_a_ticket_is_assigned_to_staff_alone(desk: Desk, sam: Browser, kim: Account) -> None:
    accounts.disable_account(desk.services, kim.email, NOW)
    for email in ("ada@shop.example", kim.email, "nobody@platform.example", "x" * 400):
        form = assigning(sam.open(TICKET))
        form.fields["assignee"] = email
        again = sam.send(form)
        assert again.one("a", href="#assignee").text == "Choose a member of staff"
    assert the_ticket(desk).assignee_id is None


def test_a_duplicate_is_merged_and_its_text_goes_to_the_other(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="The same")
    late = form_of(sam.open("/support/desk/SUP-1002"), "reply", "SUP-1002", body="Which one?")
    page = sam.send(form_of(sam.open("/support/desk/SUP-1002"), "merge", "SUP-1002", into=" sup-1001 "))
    assert page.one("a", href=TICKET).text == "SUP-1001"
    assert the_ticket(desk, 2).merged_into_id == 1
    assert "merged SUP-1002 into it" in history(sam.open(TICKET))[-1]
    again = sam.send(late)
    assert "SUP-1002 was merged into SUP-1001. Reply there instead" in again.text
    # The other ticket is another conversation: it is shown first, with the text in its reply box.
    there = sam.send(form_of(again, "reply"))
    assert (there.status, there.heading) == (422, "SUP-1001 Checkout fails")
    assert "Check the ticket as it is now" in there.text
    sam.send(form_of(there, "reply"))
    assert messages(desk) == [("reply", "Which one?")]


@pytest.mark.parametrize(
    ("into", "sentence"),
    [
        ("", "Enter the reference of the other ticket, like SUP-1042"),
        ("SUP-1001", "A ticket can't be merged into itself"),
        ("SUP-9999", "There is no ticket SUP-9999"),
        ("-1", "Enter the reference of the other ticket, like SUP-1042"),
        ("9" * 40, "Enter the reference of the other ticket, like SUP-1042"),
        ("SUP-١٠٠١", "Enter the reference of the other ticket, like SUP-1042"),
        ("SUP-1002", "Both tickets must belong to the same project, because its members can read the other one"),
    ],
)
def test_what_cant_be_merged_is_said_at_the_field(desk: Desk, sam: Browser, into: str, sentence: str) -> None:
    cleo = build_customer(desk.services, "cleo@museum.example", "museum")
    file_ticket(desk.services, cleo, project="museum")
    again = sam.send(form_of(sam.open(TICKET), "merge", into=into))
    assert again.one("a", href="#into").text == sentence
    assert form_of(again, "merge").fields["into"] == into
    assert the_ticket(desk).state == "open"


# Correcting an answer


def test_the_priority_changes_by_correcting_an_answer_and_history_says_which_misled(desk: Desk, sam: Browser) -> None:
    page = sam.open(TICKET)
    form = form_of(page, "answers")
    assert {name.removeprefix("answer-"): value for name, value in form.fields.items() if "answer" in name} == DOWN
    form.fields["answer-workaround"] = "holds"
    again = sam.send(form)
    assert again.status == 422
    assert again.one("a", href="#answer-severity").text == "Answer one more question: How severe is it?"
    assert the_ticket(desk).priority == "critical"
    form = form_of(again, "answers")
    assert form.fields["answer-workaround"] == "holds"
    assert form.fields["answer-severity"] == ""
    form.fields["answer-severity"] = "minor"
    desk.clock.now += timedelta(minutes=10)
    page = sam.send(form)
    assert "The answers are saved." in page.text
    assert the_ticket(desk).priority == "normal"
    assert the_ticket(desk).answers == {**DOWN, "workaround": "holds", "severity": "minor"}
    assert "Answer Thursday 26 November, 15:00 Paris time 1-2 business days" in page.text
    (line,) = history(page)[1:]
    for said in (
        "Sam Rivera corrected the answers Priority: Critical → Normal",
        "Is there a way around it for now? No → Yes, one that holds for now",
        "How severe is it? not asked → Minor",
        "Decided by: The site is down. → A minor issue might affect sales",
        "Answer due: Tue 24 Nov, 16:00 Paris time → Thu 26 Nov, 15:00 Paris time",
        "Solution due: Tue 24 Nov, 19:00 Paris time → no fixed time",
    ):
        assert said in line


def test_an_answer_that_closes_questions_drops_theirs(desk: Desk, sam: Browser) -> None:
    sam.send(form_of(sam.open(TICKET), "answers", **{"answer-need": "question"}))
    assert (the_ticket(desk).priority, the_ticket(desk).answers) == ("low", {"need": "question"})


def test_a_reason_for_answers_that_stay_the_same_is_not_lost(sam: Browser) -> None:
    again = sam.send(form_of(sam.open(TICKET), "answers", reason="Nobody would read this."))
    assert again.status == 422
    assert "The ticket has these answers already. Choose another one, or write a note" in again.text
    form = form_of(again, "answers", **{"answer-need": "question"})
    assert form.fields["reason"] == "Nobody would read this."
    assert sam.send(form).status == 200
    # The same form once more, as by a second press.
    assert "The answers are saved." in sam.send(form).text
    assert len([line for line in history(sam.open(TICKET)) if "corrected the answers" in line]) == 1


def test_a_ticket_without_answers_is_asked_from_the_first_question_on(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="Help")
    page = sam.open("/support/desk/SUP-1002")
    assert "Chosen without answering the questions." in page.text
    for question, answer in (("need", "broken"), ("environment", "production"), ("impact", "other")):
        page = sam.send(form_of(page, "answers", "SUP-1002", **{f"answer-{question}": answer}))
        assert "One more question" in page.text
    page = sam.send(form_of(page, "answers", "SUP-1002", **{"answer-severity": "very-minor"}))
    assert the_ticket(desk, 2).priority == "low"
    assert "Decided by: no answers → A very minor issue" in history(page)[-1]


def test_a_forged_answer_changes_nothing_and_the_others_stay(desk: Desk, sam: Browser) -> None:
    form = form_of(sam.open(TICKET), "answers", **{"answer-workaround": "coffee", "answer-impact": "data"})
    again = sam.send(form)
    assert again.status == 422
    assert the_ticket(desk).answers == DOWN
    assert form_of(again, "answers").fields["answer-impact"] == "data"
