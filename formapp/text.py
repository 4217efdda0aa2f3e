"""One form for all text that people type, before anything looks at it; and sizes as people read them.

SQLite stores what PostgreSQL refuses (NUL, half a surrogate pair), so both are refused here.
"""

from __future__ import annotations

import re
import unicodedata

from formapp.errors import TextRefused

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_BREAKS = re.compile("\r\n|\r|\u0085|\u2028|\u2029|\v|\f")
_UNSEEN = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Mn"})
# Letters and a symbol by category, yet nothing is drawn: the Hangul fillers and the empty Braille cell.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def normalise(text: str) -> str:
    """Text as it is stored: NFC, line ends as ``\\n``, no blank ends. Raises TextRefused."""
    if "\0" in text:
        raise TextRefused("The text holds a NUL character, which can't be stored. Remove it and send again")
    if _SURROGATE.search(text):
        raise TextRefused("The text holds half of a character, which can't be stored. Remove it and send again")
    return unicodedata.normalize("NFC", _LINE_BREAKS.sub("\n", text)).strip()


def normalise_line(text: str) -> str:
    """The same for text of one line: each line break becomes a space. Raises TextRefused."""
    return " ".join(normalise(text).split("\n"))


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: only spaces, zero-width characters, lone accents, fillers."""
    return all(character in _FILLERS or unicodedata.category(character) in _UNSEEN for character in text)


def size_words(size: int) -> str:
    """A number of bytes as people read it: "812 bytes", "34 kB", "1.2 MB"; never rounded down to nothing."""
    if size < 1000:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    # From 999,500 on it would be "1,000 kB".
    if size < 999_500:
        return f"{(size + 500) // 1000} kB"
    tenths = (size + 50_000) // 100_000
    return f"{tenths // 10} MB" if tenths % 10 == 0 else f"{tenths / 10:.1f} MB"
