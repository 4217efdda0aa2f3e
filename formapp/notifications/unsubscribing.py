"""The links by which a person turns off mails without signing in: signed, for one account and one reason."""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from formapp.errors import LinkGone
from formapp.models import LARGEST_ID
from formapp.notifications.recipients import BY_CHOICE
from formapp.settings import Settings

_PURPOSE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Why an account gets some of its mails; the reason is one of ``BY_CHOICE``."""

    account_id: int
    reason: str


def unsubscribe_url(settings: Settings, subscription: Subscription) -> str:
    """The address that turns these mails off; it works for as long as the account is there."""
    token = _serializer(settings).dumps([subscription.account_id, subscription.reason])
    return f"{settings.base_url}/support/unsubscribe/{token!s}"


def subscription_of(settings: Settings, token: str) -> Subscription:
    """What a link turns off. Raises LinkGone for one that we didn't make."""
    try:
        account_id, reason = _serializer(settings).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise LinkGone from None
    if not isinstance(account_id, int) or not 0 < account_id <= LARGEST_ID or reason not in BY_CHOICE:
        raise LinkGone
    return Subscription(account_id, reason)


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=_PURPOSE)
