"""Each person chooses which mails come; what is the person's own, and what a colleague wants, is told by default."""

from __future__ import annotations

import pytest

from formapp.accounts import accounts, projects
from formapp.accounts.mail_preferences import STAFF_MAILS, choose_mails, mail_choices, offered_by, unsubscribe
from formapp.errors import LinkGone, UseCaseError
from formapp.models import Account, OutboxMessage
from formapp.notifications.email.compose import compose
from formapp.notifications.email.conversation import LONGEST_EXCERPT
from formapp.notifications.email.message import build
from formapp.notifications.unsubscribing import Subscription, unsubscribe_url
from formapp.services import Services
from formapp.text import excerpt
from formapp.tickets import replies, triage
from formapp.tickets.replies import reply_as_customer, reply_as_staff
from tests.builders import NOW, REASON, Clock, build_account, build_customer, build_staff, file_ticket, stored, written
from tests.service.test_announcements import mails, told

ALL = frozenset(STAFF_MAILS)
CORRECTED = {
    "need": "broken",
    "environment": "production",
    "impact": "down",
    "workaround": "holds",
    "severity": "minor",
}


@pytest.fixture
def ada(services: Services) -> Account:
    return build_customer(services)


@pytest.fixture
def ben(services: Services, ada: Account) -> Account:
    """A colleague of Ada's."""
    assert ada.email == "ada@shop.example"
    ben = build_account(services, "ben@shop.example", name="Ben Okafor")
    projects.add_member(services, ben.email, "shop", NOW)
    return ben


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


@pytest.fixture
def kim(services: Services) -> Account:
    return build_staff(services, "kim@platform.example", name="Kim Adeyemi")


def token_in(mail: OutboxMessage, services: Services) -> str:
    return compose(services, mail, services.policy).unsubscribe_url.rpartition("/")[2]


def test_a_customer_follows_all_tickets_of_the_project_or_the_own_or_none(
    services: Services, ada: Account, ben: Account, sam: Account, clock: Clock
) -> None:
    choose_mails(services, ben.id, "projects", frozenset())
    file_ticket(services, ada)
    assert told(services, clock) == [("project-new", ben.email), ("staff-new", sam.email)]
    reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW)
    assert told(services, clock) == [("replied", ada.email), ("replied", ben.email)]
    choose_mails(services, ada.id, "none", frozenset())
    choose_mails(services, ben.id, "own", frozenset())
    reply_as_staff(services, sam.id, 1, written("Still there?"), "waiting", NOW)
    triage.close(services, sam.id, 1, NOW)
    assert told(services, clock) == []
    file_ticket(services, ada, subject="Another", submission="form-2")
    assert told(services, clock) == [("staff-new", sam.email)]
    assert [mail.recipient for mail in mails(services) if mail.kind == "received"] == [ada.email] * 2


def test_each_of_the_desk_chooses_occasions(
    services: Services, ada: Account, sam: Account, kim: Account, clock: Clock
) -> None:
    choose_mails(services, kim.id, "", ALL - {"mails_new"})
    file_ticket(services, ada, priority="critical")
    assert told(services, clock) == [("staff-new", sam.email)]
    triage.assign(services, sam.id, 1, kim.email, NOW, seen=9)
    assert told(services, clock) == [("staff-assigned", kim.email)]
    reply_as_customer(services, ada.id, 1, written("Hello?"), NOW)
    assert told(services, clock) == [("staff-reply", kim.email)]
    choose_mails(services, kim.id, "", frozenset())
    choose_mails(services, sam.id, "", ALL - {"mails_due"})
    reply_as_customer(services, ada.id, 1, written("Anybody?"), NOW)
    replies.add_note(services, sam.id, 1, written("@Kim please look"), NOW)
    clock.now = NOW.replace(hour=15, minute=30)
    assert told(services, clock) == []


def test_assigning_tells_the_assignee_and_nobody_who_assigns_to_oneself(
    services: Services, ada: Account, sam: Account, kim: Account, clock: Clock
) -> None:
    file_ticket(services, ada)
    told(services, clock)
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=9)
    assert told(services, clock) == []
    triage.assign(services, sam.id, 1, kim.email, NOW, seen=9)
    assert told(services, clock) == [("staff-assigned", kim.email)]
    triage.assign(services, sam.id, 1, "", NOW, seen=9)
    assert told(services, clock) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Kim Adeyemi, can you?", True),
        ("(@kim)", True),
        ("@KIM  ADEYEMI", True),
        ("ask kim@platform.example", False),
        ("@Kimberly", False),
        ("Kim", False),
        ("@Sam", False),
    ],
)
def test_a_note_tells_the_colleague_whom_it_mentions(
    services: Services, ada: Account, sam: Account, kim: Account, clock: Clock, text: str, named: bool
) -> None:
    file_ticket(services, ada)
    told(services, clock)
    replies.add_note(services, sam.id, 1, written(text), NOW)
    assert told(services, clock) == ([("staff-mentioned", kim.email)] if named else [])
    for mail in mails(services):
        if mail.kind == "staff-mentioned":
            composed = compose(services, mail, services.policy)
            assert text in composed.text
            assert composed.reply_to == ""


@pytest.mark.usefixtures("kim")
def test_a_first_name_that_two_share_mentions_neither(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    other = build_staff(services, "kim.lee@platform.example", name="Kim Lee")
    file_ticket(services, ada)
    told(services, clock)
    replies.add_note(services, sam.id, 1, written("@Kim?"), NOW)
    assert told(services, clock) == []
    reply_as_staff(services, sam.id, 1, written("My colleague @Kim Lee knows"), "open", NOW)
    assert told(services, clock) == [("replied", ada.email), ("staff-mentioned", other.email)]


def test_a_mail_shows_what_was_said_before_and_never_a_note(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada, description="The cart is empty.")
    reply_as_customer(services, ada.id, 1, written("It is the blue one"), NOW)
    replies.add_note(services, sam.id, 1, written("CANARY-before"), NOW)
    reply_as_staff(services, sam.id, 1, written("Try ```again```:\n```\ncurl  -I\n```"), "open", NOW)
    replies.add_note(services, sam.id, 1, written("CANARY-after"), NOW)
    reply_as_staff(services, sam.id, 1, written("And now?"), "closed", NOW)
    told(services, clock)
    first, second = (compose(services, mail, services.policy) for mail in mails(services) if mail.kind == "replied")
    assert "<pre><code>curl  -I\n</code></pre>" in first.html
    for said in (first.text, first.html):
        assert said.index("curl") < said.index("It is the blue one") < said.index("The cart is empty.")
        assert "And now?" not in said
    for said in (second.text, second.html):
        assert said.index("And now?") < said.index("curl") < said.index("It is the blue one")
    assert not any("CANARY" in one for mail in (first, second) for one in (mail.text, mail.html, build(mail).decode()))


def test_at_most_three_messages_come_before_and_each_is_short() -> None:
    assert excerpt("word " * 100, LONGEST_EXCERPT).endswith("word…")
    assert len(excerpt("word " * 100, LONGEST_EXCERPT)) <= LONGEST_EXCERPT + 1
    assert len(excerpt("x" * 1000, LONGEST_EXCERPT)) == LONGEST_EXCERPT + 1
    assert excerpt("one\n\ntwo", LONGEST_EXCERPT) == "one two"


def test_who_is_erased_is_in_no_mail_that_is_still_to_be_sent(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada)
    reply_as_customer(services, ada.id, 1, written("My secret is blue"), NOW)
    reply_as_staff(services, sam.id, 1, written("Thank you"), "open", NOW)
    told(services, clock)
    (row,) = [mail for mail in mails(services) if mail.kind == "replied"]
    assert "My secret is blue" in compose(services, row, services.policy).text
    assert "My secret is blue" not in str(row.payload), "it lies nowhere twice"


def test_only_who_gets_a_mail_by_choice_can_stop_it_with_one_press(
    services: Services, ada: Account, ben: Account, sam: Account, clock: Clock
) -> None:
    choose_mails(services, ben.id, "projects", frozenset())
    file_ticket(services, ada)
    reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW)
    triage.correct_answers(services, sam.id, 1, CORRECTED, NOW, seen=9, reason=REASON)
    told(services, clock)
    named = {
        (mail.recipient, mail.kind): bool(compose(services, mail, services.policy).unsubscribe_url)
        for mail in mails(services)
    }
    assert {who for (who, _), stops in named.items() if stops} == {ben.email, sam.email}
    assert named[ben.email, "replied"] is named[ben.email, "project-new"] is named[sam.email, "staff-new"] is True


def test_a_link_turns_off_what_it_names_for_whom_it_names_and_nothing_else(
    services: Services, ada: Account, ben: Account, sam: Account, clock: Clock
) -> None:
    for person in (ada, ben):
        choose_mails(services, person.id, "projects", frozenset())
    file_ticket(services, ada)
    told(services, clock)
    (of_ben,) = [mail for mail in mails(services) if mail.kind == "project-new"]
    (of_sam,) = [mail for mail in mails(services) if mail.kind == "staff-new"]
    assert offered_by(services, token_in(of_ben, services)).is_off is False
    assert mail_choices(services, ben.id).customer_mails == "projects", "looking changes nothing"
    assert unsubscribe(services, token_in(of_ben, services)).is_off is True
    assert unsubscribe(services, token_in(of_sam, services)).email == sam.email
    assert mail_choices(services, ben.id).customer_mails == "own"
    assert mail_choices(services, ada.id).customer_mails == "projects"
    assert mail_choices(services, sam.id).staff_mails == ALL - {"mails_new"}
    choose_mails(services, ben.id, "none", frozenset())
    unsubscribe(services, token_in(of_ben, services))
    assert mail_choices(services, ben.id).customer_mails == "none", "once more changes nothing"


def test_a_link_that_we_did_not_make_does_nothing(services: Services, ada: Account) -> None:
    choose_mails(services, ada.id, "projects", frozenset())
    good = unsubscribe_url(services.settings, Subscription(ada.id, "project")).rpartition("/")[2]
    unknown = unsubscribe_url(services.settings, Subscription(999, "project")).rpartition("/")[2]
    own = unsubscribe_url(services.settings, Subscription(ada.id, "own")).rpartition("/")[2]
    for token in ("", "x", good[:-1], f"x{good}", good.replace(".", "..", 1), unknown, own):
        with pytest.raises(LinkGone):
            unsubscribe(services, token)
    assert mail_choices(services, ada.id).customer_mails == "projects"
    accounts.disable_account(services, ada.email, NOW)
    with pytest.raises(LinkGone):
        offered_by(services, good)


def test_a_choice_that_there_is_not_is_refused(services: Services, ada: Account) -> None:
    with pytest.raises(UseCaseError) as refused:
        choose_mails(services, ada.id, "everything", frozenset())
    assert refused.value.field == "customer_mails"
    choose_mails(services, ada.id, "none", ALL)
    assert stored(services, Account)[0].mails_new is True, "a customer's row keeps what is not the customer's to say"
