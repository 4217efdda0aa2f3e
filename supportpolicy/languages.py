"""The language in which things are said: one for the run of a request, a mail or a page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from importlib.resources.abc import Traversable

from babel.numbers import format_decimal

# Each by its own name, as whoever looks for it reads it.
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ar": "العربية"}
SOURCE_LANGUAGE = "en"
RIGHT_TO_LEFT = frozenset({"ar"})
# No language: English with accents and in brackets, so that a sentence of no catalogue is seen at once.
PSEUDO_LANGUAGE = "en-XA"

# A placeholder of a message or of a script's sentence, or a tag.
_PLACEHOLDER = re.compile(r"(%\(\w+\)s|%%|\{\w+\}|</?\w[^>]*>)")
_ACCENTED = str.maketrans("aceinouyACEINOUY", "àçéîñöüýÀÇÉÎÑÖÜÝ")

_current: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def current_language() -> str:
    """The code of the language that is spoken now, a key of ``LANGUAGES`` or ``PSEUDO_LANGUAGE``."""
    return _current.get()


def locale() -> str:
    """The locale, as Babel names them, by whose customs dates and numbers are written now."""
    language = current_language()
    # Dates as the English texts around them have them: "24 November".
    return "en_GB" if language in (SOURCE_LANGUAGE, PSEUDO_LANGUAGE) else language


def number(value: int) -> str:
    """A number as the current language writes it: "100,000", "100.000"."""
    return format_decimal(value, locale=locale())


def is_spoken(language: str) -> bool:
    """Whether things can be said in it: a key of ``LANGUAGES``, or ``PSEUDO_LANGUAGE``."""
    return language in LANGUAGES or language == PSEUDO_LANGUAGE


def pseudo(message: str) -> str:
    """An English message so that it can still be read and is seen to be translated: "[Séñd tîçkét]"."""
    parts = _PLACEHOLDER.split(message)
    return "[" + "".join(part if number % 2 else part.translate(_ACCENTED) for number, part in enumerate(parts)) + "]"


def direction(language: str) -> str:
    """ "rtl" or "ltr": the value of HTML's ``dir`` for this language."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Say everything within in this language, one that ``is_spoken``; KeyError for any other."""
    token = _current.set(language if is_spoken(language) else _unknown(language))
    try:
        yield
    finally:
        _current.reset(token)


def closest_language(tag: str) -> str | None:
    """The language that we speak for this tag (BCP 47: "de-AT" is "de"); None where we speak none for it."""
    if tag == PSEUDO_LANGUAGE:
        return tag
    code = tag.strip().replace("_", "-").partition("-")[0].casefold()
    return code if code in LANGUAGES else None


def language_of_environment() -> str:
    """The language of whoever works at this machine, as its environment names it; English where we don't speak it."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return closest_language(value.partition(".")[0]) or SOURCE_LANGUAGE
    return SOURCE_LANGUAGE


def speak(language: str) -> None:
    """Say everything in this language from now on, where nothing says otherwise; for programs of one person."""
    _current.set(language if is_spoken(language) else _unknown(language))


class Catalog:
    """The translations of one room: ``LANGUAGE/LC_MESSAGES/messages.mo`` within its folder ``locale``.

    A message that the language lacks is said in English: half a translation is better than a code.
    """

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._loaded: dict[str, NullTranslations] = {}

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in the current language, with ``%(name)s`` filled by these values."""
        said = self._translations().gettext(message)
        return said % values if values else said

    def ngettext(self, singular: str, plural: str, count: int, /, **values: object) -> str:
        """The message in the form that the current language uses for this count, which is ``%(count)s`` in it."""
        return self._translations().ngettext(singular, plural, count) % {"count": count, **values}

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """As ``gettext``, for a word that other languages have several words for: the context says which is meant."""
        said = self._translations().pgettext(context, message)
        return said % values if values else said

    def _translations(self) -> NullTranslations:
        language = current_language()
        if language not in self._loaded:
            file = self._folder.joinpath(language, "LC_MESSAGES", "messages.mo")
            if language == PSEUDO_LANGUAGE:
                self._loaded[language] = _Pseudo()
            elif language == SOURCE_LANGUAGE or not file.is_file():
                self._loaded[language] = NullTranslations()
            else:
                with file.open("rb") as opened:
                    self._loaded[language] = GNUTranslations(opened)
        return self._loaded[language]


class _Pseudo(NullTranslations):
    """Each message by ``pseudo``."""

    def gettext(self, message: str) -> str:
        """The message as English that was translated."""
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The English form for this number."""
        return pseudo(super().ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:
        """As ``gettext``; a pattern by which Babel writes a date is no sentence."""
        return message if context == "date pattern" else pseudo(message)


def _unknown(language: str) -> str:
    raise KeyError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
