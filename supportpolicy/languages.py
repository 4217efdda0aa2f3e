"""The language in which things are said: one for the run of a request, a mail or a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from importlib.resources.abc import Traversable

# Each by its own name, as whoever looks for it reads it.
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ar": "العربية"}
SOURCE_LANGUAGE = "en"
RIGHT_TO_LEFT = frozenset({"ar"})

_current: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def current_language() -> str:
    """The code of the language that is spoken now, a key of ``LANGUAGES``."""
    return _current.get()


def direction(language: str) -> str:
    """ "rtl" or "ltr": the value of HTML's ``dir`` for this language."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Say everything within in this language, a key of ``LANGUAGES``; KeyError for any other."""
    token = _current.set(language if language in LANGUAGES else _unknown(language))
    try:
        yield
    finally:
        _current.reset(token)


def closest_language(tag: str) -> str | None:
    """The language that we speak for this tag (BCP 47: "de-AT" is "de"); None where we speak none for it."""
    code = tag.strip().replace("_", "-").partition("-")[0].casefold()
    return code if code in LANGUAGES else None


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
            if language == SOURCE_LANGUAGE or not file.is_file():
                self._loaded[language] = NullTranslations()
            else:
                with file.open("rb") as opened:
                    self._loaded[language] = GNUTranslations(opened)
        return self._loaded[language]


def _unknown(language: str) -> str:
    raise KeyError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
