"""A filled form is kept for a day while its sender signs in, whole, and for its account alone, by its token."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from formapp.errors import DraftTooLarge
from formapp.models import Draft
from formapp.services import Services, make_services
from formapp.tickets import drafts
from tests.builders import NOW, build_account, stored

DAY = timedelta(hours=24)
FIELDS = {
    "project": "Riverside Shop",
    "subject": "Checkout fails → 502 🙂",
    "url": "not an address, and kept all the same",
    "description": "1. Put a book into the cart.\r\n\r\n2. Press “Pay”.\t",
    "priority": "high",
    "email": "ada@shop.example",
    "answers": "need=broken&environment=production",
    "submission": "form-1",
    "page": "/tickets/new/",
    "draft": "",
}


@pytest.fixture
def ada(services: Services) -> int:
    return build_account(services).id


def test_a_draft_comes_back_whole(services: Services, ada: int) -> None:
    token = drafts.save_draft(services, ada, FIELDS, NOW)
    assert drafts.draft_fields(services, ada, token, NOW) == FIELDS
    assert drafts.draft_fields(services, ada, token, NOW) == FIELDS


@pytest.mark.parametrize("odd", ["a\0b", "half of \ud83d", "\u2028", "x" * 399_999])
def test_even_text_that_no_ticket_may_hold_is_kept_to_be_mended(services: Services, ada: int, odd: str) -> None:
    token = drafts.save_draft(services, ada, {"description": odd, "subject": ""}, NOW)
    assert drafts.draft_fields(services, ada, token, NOW) == {"description": odd, "subject": ""}


def test_a_draft_opens_to_its_token_alone(services: Services, ada: int) -> None:
    token = drafts.save_draft(services, ada, FIELDS, NOW)
    other = drafts.save_draft(services, ada, {**FIELDS, "subject": "Another's"}, NOW)
    assert token != other
    (hashes, texts) = zip(*((row.token_hash, str(row.__dict__)) for row in stored(services, Draft)), strict=True)
    assert not any(secret in text for secret in (token, other) for text in texts)
    for guess in ("", "x", token[:-1], token + "=", token.swapcase(), *hashes):
        assert drafts.draft_fields(services, ada, guess, NOW) is None
    opened = drafts.draft_fields(services, ada, other, NOW)
    assert opened is not None
    assert opened["subject"] == "Another's"


def test_a_draft_opens_for_its_account_alone_whoever_holds_its_token(services: Services, ada: int) -> None:
    """A mail with a link gets forwarded, and a browser has more than one user."""
    ben = build_account(services, "ben@shop.example").id
    token = drafts.save_draft(services, ada, FIELDS, NOW)
    assert drafts.draft_fields(services, ben, token, NOW) is None
    drafts.drop_draft(services, ben, token)
    assert drafts.draft_fields(services, ada, token, NOW) == FIELDS


def test_what_was_sent_with_an_unknown_address_opens_for_nobody(services: Services, ada: int) -> None:
    token = drafts.save_draft(services, None, FIELDS, NOW)
    assert drafts.draft_fields(services, ada, token, NOW) is None


def test_a_draft_is_kept_for_a_day_and_then_swept_away(services: Services, ada: int) -> None:
    token = drafts.save_draft(services, ada, FIELDS, NOW)
    assert drafts.draft_fields(services, ada, token, NOW + DAY - timedelta(seconds=1)) == FIELDS
    assert drafts.draft_fields(services, ada, token, NOW + DAY) is None
    drafts.save_draft(services, ada, FIELDS, NOW + DAY)
    (left,) = stored(services, Draft)
    assert left.created_at == NOW + DAY


def test_a_draft_whose_ticket_is_sent_is_forgotten(services: Services, ada: int) -> None:
    token, other = (drafts.save_draft(services, ada, FIELDS, NOW) for _ in range(2))
    drafts.drop_draft(services, ada, token)
    drafts.drop_draft(services, ada, token)
    assert drafts.draft_fields(services, ada, token, NOW) is None
    assert drafts.draft_fields(services, ada, other, NOW) == FIELDS


def test_a_draft_outlives_a_changed_secret_and_a_restart(services: Services, ada: int) -> None:
    token = drafts.save_draft(services, ada, FIELDS, NOW)
    restarted = make_services(replace(services.settings, secret_key="another secret, as long as the first one was"))
    assert drafts.draft_fields(restarted, ada, token, NOW) == FIELDS
    restarted.database.engine.dispose()


def test_more_than_a_form_can_hold_is_not_kept(services: Services, ada: int) -> None:
    with pytest.raises(DraftTooLarge, match="Shorten it"):
        drafts.save_draft(services, ada, {"description": "🙂" * 399_999, "subject": "xx"}, NOW)
    assert stored(services, Draft) == []
