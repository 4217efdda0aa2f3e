"""Webhooks: other systems are told of tickets, signed as Standard Webhooks has it (standardwebhooks.com).

A use case calls ``enqueue`` in the ticket's transaction; a worker delivers (``delivery``), the operator
manages endpoints (``endpoints``, ``commands``), staff read and replay what was sent (``log``).

An endpoint belongs to the desk and is told of all tickets, or to one project and is told of that
project's alone; either way it learns only what a customer may read.
"""

from formapp.webhooks.messages import CHANNEL, EVENT_TYPES, TicketFacts, enqueue, facts_of

__all__ = ["CHANNEL", "EVENT_TYPES", "TicketFacts", "enqueue", "facts_of"]
