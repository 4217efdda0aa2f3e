"""Was this page helpful? What readers answer, known by nothing but what they type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeTimedSerializer

from formapp.database.retry import tried_again
from formapp.errors import TextRefused
from formapp.models import LARGEST_ID, PageFeedback
from formapp.services import Services
from formapp.settings import Settings
from formapp.text import is_blank, normalise
from formapp.tickets.guide_pages import checked_page
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.widgets.feedback import BECAUSE_LENGTH

_PURPOSE = "page feedback"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """An answer that was just given: about which page, and why it didn't help (empty: not said)."""

    page: str
    helpful: bool
    because: str


@tried_again
def give_feedback(services: Services, page: str, because: str, now: datetime, *, helpful: bool) -> str:
    """Store whether a page helped, for anybody; the token by which its giver sees it for an hour.

    Raises UnknownPage, and TextRefused also for words beside a yes, which nobody would read.
    """
    path = checked_page(services, page)
    reason = _checked_reason(because)
    if helpful and reason:
        raise TextRefused(
            _("What you typed goes with a no alone. Press “No, send answer”, or empty the field and press “Yes”"),
            "because",
        )
    day = now.astimezone(services.policy.calendar.zone).date()
    with services.write.begin() as database:
        row = PageFeedback(page=path, helpful=helpful, because=reason, day=day)
        database.add(row)
        database.flush()
        return str(_serializer(services.settings).dumps(row.id))


def given_feedback(services: Services, token: str) -> GivenFeedback | None:
    """The answer that a token stands for; None for one that is older than an hour, or not ours."""
    try:
        number = _serializer(services.settings).loads(token, max_age=_HOUR)
    except (BadSignature, ValueError):
        return None
    if not isinstance(number, int) or not 0 < number <= LARGEST_ID:
        return None
    with services.read() as database:
        row = database.get(PageFeedback, number)
    return GivenFeedback(row.page, row.helpful, row.because) if row is not None else None


def _checked_reason(typed: str) -> str:
    try:
        reason = normalise(typed, BECAUSE_LENGTH, gettext_noop("The reason"))
    except TextRefused as refused:
        raise TextRefused(refused.message, "because") from None
    return "" if is_blank(reason) else reason


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt=_PURPOSE)
