"""Webhooks: ticket events for other systems, signed as Standard Webhooks has it (standardwebhooks.com).

A use case leaves an event in the ticket's transaction; a worker makes of it one message for each
endpoint (``enqueue_announced``) and delivers it (``delivery``, ``lanes``). The operator manages endpoints
(``endpoints``, ``commands``); staff read what was sent, and send it once more (``log``).

An endpoint belongs to the desk and gets the events of all tickets, or to one project and gets that
project's alone; either way it learns only what a customer may read.
"""

from formapp.notifications.webhooks.messages import (
    CHANNEL,
    EVENT_TYPES,
    TicketFacts,
    enqueue,
    enqueue_announced,
    facts_of,
)

__all__ = ["CHANNEL", "EVENT_TYPES", "TicketFacts", "enqueue", "enqueue_announced", "facts_of"]
