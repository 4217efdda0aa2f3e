"""The one way in which an e-mail address or a host is taken in and compared, wherever it was typed."""

from __future__ import annotations

import string
import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from formapp.errors import TextRefused, UseCaseError
from formapp.text import is_unseen, normalise_line
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

LONGEST_ADDRESS = 254
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class AddressRefused(UseCaseError):
    """What was typed is no address, or none that mail of this desk reaches."""

    field = "email"


class NotAnAddress(AddressRefused):
    """What was typed doesn't look like an address."""

    message = gettext_noop("Enter an email address in the correct format, like name@example.com")


def normalise_address(typed: str) -> str:
    """An address as it is stored. Raises AddressRefused, or TextRefused for what no text holds.

    Of the part before the @ ASCII letters become small, and nothing else changes. The host is what IDNA 2008
    takes it for: "ada@faß.example" is never "ada@fass.example", which is somebody else's. What can't be seen
    comes off the ends.
    """
    if len(typed) > LONGEST_ADDRESS:
        typed = _without_unseen_ends(typed)
    if len(typed) > LONGEST_ADDRESS:
        raise AddressRefused(_("The address must be %(most)s characters or less", most=LONGEST_ADDRESS))
    address = _without_unseen_ends(normalise_line(typed, LONGEST_ADDRESS, gettext_noop("The address")))
    for character in address:
        if character != " " and is_unseen(character):
            name = unicodedata.name(character, "control character")
            raise AddressRefused(
                _(
                    "The address holds a character that can't be seen (%(character)s). "
                    "Type the address again without it",
                    character=f"U+{ord(character):04X}, {name.lower()}",
                )
            )
    mailbox = address.rpartition("@")[0]
    if not mailbox.isascii():
        beyond = next(character for character in mailbox if not character.isascii())
        raise AddressRefused(
            _(
                "We can't send mail to an address with “%(character)s” before the @. Enter another email address",
                character=beyond,
            )
        )
    try:
        # The host isn't looked up: the link that is sent proves the address.
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise NotAnAddress from None
    return f"{found.local_part.translate(_SMALL)}@{found.domain}"


def address_to_find(typed: str) -> str:
    """The address to look an account up by; one that none is made for any more may still be stored as it was."""
    try:
        return normalise_address(typed)
    except TextRefused:
        return ""
    except AddressRefused:
        return typed.strip()[:LONGEST_ADDRESS].lower()


def ascii_host(host: str) -> str:
    """A host as name servers know it: "bücher.example" in its ASCII form. Raises UnicodeError for one that is none.

    By idna and not by Python's codec, which takes "faß.example" for "fass.example": somebody else's host.
    """
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def ascii_address(address: str) -> str:
    """An address as mail servers know it, its host in ASCII. Raises UnicodeError for a host that is none."""
    mailbox, at, host = address.rpartition("@")
    return f"{mailbox}{at}{ascii_host(host)}"


def _without_unseen_ends(text: str) -> str:
    begin, end = 0, len(text)
    while begin < end and is_unseen(text[begin]):
        begin += 1
    while end > begin and is_unseen(text[end - 1]):
        end -= 1
    return text[begin:end]
