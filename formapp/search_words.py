"""The words of a text as search compares them: the same for what is stored and for what is looked for.

Both databases get words that are made here, in one form: without case and accents, of any script. Their own
ways differ: SQLite's tokenizers know accents in Latin letters alone and cut Hindi words at each vowel, PostgreSQL's
parser takes "shop.example" for one word, and both see a Chinese sentence as a single word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

LONGEST_WORD = 100
"""In characters; of a longer run of letters, as in a key or a picture in text, only the beginning is found."""
# Marks that are part of the letter and no accent, by combining class: the sound marks of Japanese (8), what joins
# consonants in India (9), and vowels from Telugu to Tibetan.
_PART_OF_THE_LETTER = frozenset({0, 8, 9, 84, 91, 103, 118, 129, 130, 132})
# Letters that Unicode doesn't take apart, as people without that key type them; and Arabic's lengthening.
_PLAIN = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ـ": "",
}
# Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese signs. (Korean has spaces.)
_NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_NO_SPACES}]+|[^ {_NO_SPACES}]+")
_UNSPACED = re.compile(f"[{_NO_SPACES}]")


class _Letters(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        # Taken apart before and after, as an accent may hide a capital letter and the other way round.
        parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        self[code] = found = "".join(_PLAIN.get(part, _of_category(part)) for part in parts)
        return found


def _of_category(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "M":
        return character if unicodedata.combining(character) in _PART_OF_THE_LETTER else ""
    if category[0] in "LN":
        return character
    if category == "So":
        # An emoji is a word.
        return f" {character} "
    return "" if category == "Cf" else " "


_LETTERS = _Letters()


@cache
def _long_run() -> re.Pattern[str]:
    """More than thirty such marks in a row. For the first text that needs it: going through Unicode takes a while."""
    marks = "".join(one for one in map(chr, range(0x20000)) if unicodedata.combining(one) in _PART_OF_THE_LETTER - {0})
    return re.compile(f"([{marks}]{{30}})[{marks}]+")


def plain_words(text: str) -> str:
    """A text in the one form, its words apart by single spaces; nothing but letters, digits and emoji is left."""
    words = " ".join(text.translate(_LETTERS).split())
    # Letter by letter, and in short runs: normalising takes quadratic time over a run of marks.
    return words if words.isascii() else unicodedata.normalize("NFC", _long_run().sub(r"\1", words))


def index_words(text: str) -> str:
    """A text's words as the index holds them, apart by single spaces and in order.

    Where a script has no spaces, each two signs that follow each other are a word, and the last sign alone is one.
    """
    words = plain_words(text)
    if words.isascii():
        return words if len(words) <= LONGEST_WORD else " ".join(word[:LONGEST_WORD] for word in words.split(" "))
    return " ".join(word for run in _RUN.findall(words) for word in _of_run(run))


def _of_run(run: str) -> list[str]:
    if not _UNSPACED.match(run):
        return [run[:LONGEST_WORD]]
    return [run[start : start + 2] for start in range(len(run))]


class Wanted(NamedTuple):
    """What a word or phrase of a search looks for: index words in a row, the last whole or the beginning of one."""

    words: tuple[str, ...]
    whole: bool


def wanted_words(text: str, *, whole: bool) -> Wanted:
    """What to look for; no words where the text has neither letter nor digit.

    With ``whole`` the last word must be just so; else words that begin with it are found too, unless it is one
    letter, with which too many begin.
    """
    words = index_words(text).split()
    if not words or not _UNSPACED.match(words[-1]):
        return Wanted(tuple(words), whole or not words or len(words[-1]) == 1)
    # The last sign alone ends a run in a text, and here it may go on.
    if len(words) > 1 and words[-2].endswith(words[-1]) and len(words[-2]) > 1:
        words.pop()
    return Wanted(tuple(words), whole and len(words[-1]) > 1)
