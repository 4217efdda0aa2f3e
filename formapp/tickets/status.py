"""The names of a ticket's states, one table for pages, search and exports: in English, as exports have them."""

from __future__ import annotations

from formapp.translation import gettext_noop

STAFF_LABELS = {
    "open": gettext_noop("Open"),
    "waiting": gettext_noop("Waiting for the customer"),
    "closed": gettext_noop("Closed"),
}
# Within a sentence.
STATE_WORDS = {
    "open": gettext_noop("open"),
    "waiting": gettext_noop("waiting for the customer"),
    "closed": gettext_noop("closed"),
}
CUSTOMER_LABELS = {
    "open": gettext_noop("Waiting for us"),
    "waiting": gettext_noop("Waiting for you"),
    "closed": gettext_noop("Closed"),
}
