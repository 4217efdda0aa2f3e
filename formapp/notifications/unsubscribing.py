"""The links by which a person turns off mails without signing in: signed, for one account and one reason.

That of somebody in copy is for one ticket.
"""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from formapp.errors import LinkGone
from formapp.models import LARGEST_ID
from formapp.notifications.recipients import BY_CHOICE, IN_COPY
from formapp.settings import Settings

_PURPOSE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Why an account gets some of its mails: one of ``BY_CHOICE``, or of ``IN_COPY`` with the ticket's number."""

    account_id: int
    reason: str
    ticket_id: int = 0


def unsubscribe_url(settings: Settings, subscription: Subscription) -> str:
    """The address that turns these mails off; it works for as long as the account is there."""
    named = [subscription.account_id, subscription.reason]
    token = _serializer(settings).dumps([*named, subscription.ticket_id] if subscription.ticket_id else named)
    return f"{settings.base_url}/support/unsubscribe/{token!s}"


def subscription_of(settings: Settings, token: str) -> Subscription:
    """What a link turns off. Raises LinkGone for one that we didn't make."""
    try:
        account_id, reason, *ticket = _serializer(settings).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise LinkGone from None
    if not all(isinstance(number, int) and 0 < number <= LARGEST_ID for number in (account_id, *ticket)):
        raise LinkGone
    if len(ticket) > 1 or reason not in (IN_COPY if ticket else BY_CHOICE):
        raise LinkGone
    return Subscription(account_id, reason, *ticket)


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=_PURPOSE)
