"""The address that answers go to: signed, so that an answer finds its ticket and tells who sends it.

``support@example.com`` becomes ``support+sup-1042.<signature>@example.com`` (subaddressing, RFC 5233). Each
person's differs. Mail servers may change the case of an address, so letters are small and case says nothing.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from hashlib import sha256

from formapp.models import LARGEST_ID, reference_of
from formapp.models.tickets import FIRST_REFERENCE, REFERENCE_PREFIX

_SIGNATURE_LENGTH = 16
"""80 bits; RFC 5321, 4.5.3.1.1 leaves 64 characters for what stands before the @."""
_SIGNED = re.compile(
    rf"\+{re.escape(REFERENCE_PREFIX.lower())}(\d{{1,10}})\.([a-z2-7]{{{_SIGNATURE_LENGTH}}})@", re.ASCII
)


def reply_address(address: str, secret_key: str, ticket_id: int, recipient: str) -> str:
    """The address of the desk at which this recipient answers about this ticket."""
    mailbox, _, host = address.rpartition("@")
    return f"{mailbox}+{reference_of(ticket_id).lower()}.{_signature(secret_key, ticket_id, recipient)}@{host}"


def ticket_of(address: str) -> int | None:
    """The number of the ticket that an address names, whether its signature is right or not; None for none."""
    found = _SIGNED.search(address.lower())
    number = int(found[1]) - FIRST_REFERENCE if found else 0
    return number if 0 < number <= LARGEST_ID else None


def is_signed_for(address: str, secret_key: str, ticket_id: int, sender: str) -> bool:
    """Whether the desk gave this address to this sender, for this ticket."""
    found = _SIGNED.search(address.lower())
    if found is None or ticket_of(address) != ticket_id:
        return False
    return hmac.compare_digest(found[2], _signature(secret_key, ticket_id, sender))


def _signature(secret_key: str, ticket_id: int, recipient: str) -> str:
    signed = hmac.new(secret_key.encode(), f"reply address\0{ticket_id}\0{recipient}".encode(), sha256)
    return b32encode(signed.digest()).decode().lower()[:_SIGNATURE_LENGTH]
