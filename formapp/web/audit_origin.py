"""Who acts in this request, and from where, as the audit log records it."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network
from typing import TypedDict

from formapp import audit
from formapp.web.context import client_network
from formapp.web.session_cookie import Person, own_account_id


class ActorAndPlace(TypedDict):
    """Who acts and from where, as the use cases about people and projects take it."""

    actor: int
    place: str


def audit_origin(person: Person | None) -> audit.Origin:
    """The person, or nobody whom the desk knows, at the address that the limits count by."""
    return audit.Origin(person.account_id if person else None, place())


def place() -> str:
    """Where this request comes from; "unknown" where what was told is no address: nobody writes into the log."""
    told = client_network()
    with suppress(ValueError):
        ip_network(told)
        return told
    return "unknown"


def actor_and_place() -> ActorAndPlace:
    """The signed-in person, behind a route whose line in the table asks for one, and where this request comes from."""
    return {"actor": own_account_id(), "place": place()}
