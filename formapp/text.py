"""One form for all text that people type, before anything looks at it; and sizes as people read them.

SQLite stores what PostgreSQL refuses (NUL, half a surrogate pair), so both are refused here. Normalising takes
quadratic time over a run of accents, so the length and such runs are judged before.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from formapp.errors import TextRefused, TextTooLong
from formapp.translation import gettext as _
from formapp.translation import gettext_noop, ngettext, number_words

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_BREAKS = re.compile("\r\n|\r|\u0085|\u2028|\u2029|\v|\f")
_UNSEEN = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp"})
# Letters and a symbol by category, yet nothing is drawn: the Hangul fillers and the empty Braille cell.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


# As many characters as NFC makes one at the most: alpha with three accents.
_ROOM = 4
NO_WEB_ADDRESS = gettext_noop("Enter a URL that starts with http:// or https://, such as https://www.example.com/page")
MOST_ACCENTS = 30
"""On one letter, as in the stream-safe text of Unicode (UAX #15)."""


def normalise(text: str, most: int, name: str = gettext_noop("The text")) -> str:
    """Text as it is stored: NFC, line ends as ``\\n``, no blank ends, at most so many characters.

    Raises TextTooLong, whose message begins with ``name``, and TextRefused for what no text holds.
    """
    text = text.strip()
    if len(text) > most * _ROOM:
        raise TextTooLong(name, most, len(text))
    if "\0" in text:
        raise TextRefused(_("The text holds a NUL character, which can't be stored. Remove it and send again"))
    if not text.isascii() and _SURROGATE.search(text):
        raise TextRefused(_("The text holds half of a character, which can't be stored. Remove it and send again"))
    if has_too_many_accents(text):
        raise TextRefused(_("The text has more than %(most)s accents on one letter. Remove some", most=MOST_ACCENTS))
    normal = unicodedata.normalize("NFC", _LINE_BREAKS.sub("\n", text)).strip()
    if len(normal) > most:
        raise TextTooLong(name, most, len(normal))
    return normal


def normalise_line(text: str, most: int, name: str = "The text") -> str:
    """The same for text of one line: each line break becomes a space. Raises TextRefused."""
    return " ".join(normalise(text, most, name).split("\n"))


def has_too_many_accents(text: str) -> bool:
    """Whether more than ``MOST_ACCENTS`` combining marks stand in a row, those that a character is made of included."""
    if text.isascii():
        return False
    run = 0
    for character in text:
        # Some marks count as letters until they are taken apart, such as U+0F73.
        for part in character if character.isascii() else unicodedata.normalize("NFD", character):
            run = run + 1 if unicodedata.combining(part) else 0
            if run > MOST_ACCENTS:
                return True
    return False


def is_unseen(character: str) -> bool:
    """Whether nothing is drawn for a character that stands alone: a space, a zero-width one, a filler."""
    return character in _FILLERS or unicodedata.category(character) in _UNSEEN


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: only spaces, zero-width characters, lone accents, fillers."""
    if text[:1].isascii() and text[:1].isalnum():
        return False
    return all(is_unseen(character) or unicodedata.category(character) == "Mn" for character in text)


def is_web_address(text: str) -> bool:
    """Whether a text is an address that begins with http:// or https:// and names a host."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for a port that can't be
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text


def excerpt(text: str, most: int) -> str:
    """The beginning of a text on one line, in so many characters; cut between words where that isn't far back."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[:most]
    return f"{(cut.rpartition(' ')[0] if ' ' in cut[most // 2 :] else cut)}…"


def size_words(size: int) -> str:
    """A number of bytes as people read it: "812 bytes", "34 kB", "1.2 MB"; never rounded down to nothing."""
    if size < 1000:
        return ngettext("%(count)s byte", "%(count)s bytes", size)
    # From 999,500 on it would be "1,000 kB".
    if size < 999_500:
        return _("%(size)s kB", size=(size + 500) // 1000)
    tenths = (size + 50_000) // 100_000
    return _("%(size)s MB", size=number_words(tenths // 10 if tenths % 10 == 0 else tenths / 10))
