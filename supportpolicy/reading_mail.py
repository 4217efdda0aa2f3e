"""The policy's part about mail: what becomes of one that names no ticket, and of one about a closed ticket."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import get_args

from supportpolicy import bounds
from supportpolicy.model import MailRules, NewTickets, Period
from supportpolicy.reading import Node, did_you_mean
from supportpolicy.translation import gettext as _

_PERIOD = re.compile(r"([1-9]\d{0,3}) (business )?days?")


def read_mail(node: Node, priorities: Collection[str]) -> MailRules:
    """What the file says of mail. ``priorities`` are the ids that it has; none where they can't be read."""
    fields = node.fields((), ("new_tickets", "unstated_priority", "reopen_within"))
    new_tickets = _new_tickets(fields["new_tickets"]) if "new_tickets" in fields else "ask"
    unstated = (fields["unstated_priority"].text() or "") if "unstated_priority" in fields else ""
    if unstated and priorities and unstated not in priorities:
        sentence = _('There is no priority "%(priority)s"', priority=unstated)
        fields["unstated_priority"].problem(did_you_mean(sentence, unstated, priorities))
    if new_tickets == "file" and "unstated_priority" not in fields:
        fields["new_tickets"].problem(
            _(
                'With "file", the policy must say which priority a mail has, as it names none: add "unstated_priority" '
                "with the id of one."
            )
        )
    reopen_within = _period(fields["reopen_within"]) if "reopen_within" in fields else None
    return MailRules(new_tickets, unstated, reopen_within)


def _new_tickets(node: Node) -> NewTickets:
    wish = node.text()
    if wish == "file":
        return "file"
    if wish is not None and wish != "ask":
        node.problem(did_you_mean(_('"%(typed)s" is neither "ask" nor "file"', typed=wish), wish, get_args(NewTickets)))
    return "ask"


def _period(node: Node) -> Period | None:
    words = node.text()
    if words is None:
        return None
    found = _PERIOD.fullmatch(" ".join(words.casefold().split()))
    if found is None or int(found[1]) > bounds.MOST_DAYS_TO_REOPEN:
        node.problem(
            _(
                '"%(words)s" is no time that the desk can count; write "14 days" or "10 business days", at most '
                "%(most)s of them.",
                words=words,
                most=bounds.MOST_DAYS_TO_REOPEN,
            )
        )
        return None
    return Period(int(found[1]), business=bool(found[2]))
