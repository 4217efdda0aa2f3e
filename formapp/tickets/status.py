"""The names of a ticket's states, one table for pages, search and exports."""

from __future__ import annotations

STAFF_LABELS = {"open": "Open", "waiting": "Waiting for the customer", "closed": "Closed"}
CUSTOMER_LABELS = {"open": "Waiting for us", "waiting": "Waiting for you", "closed": "Closed"}
