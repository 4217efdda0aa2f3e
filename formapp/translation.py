"""What this room says, in the language that is spoken now."""

from importlib import resources
from typing import cast

from babel import Locale
from babel.numbers import format_decimal
from babel.support import LazyProxy

from supportpolicy.languages import Catalog, current_language

_catalog = Catalog(resources.files("formapp").joinpath("locale"))
gettext = _catalog.gettext
ngettext = _catalog.ngettext
pgettext = _catalog.pgettext


def gettext_noop(message: str) -> str:
    """The message itself: marks a constant for the catalogues, which is translated where it is said."""
    return message


def lazy_gettext(message: str) -> str:
    """The message in the language that is spoken when it is read: most labels of a form that is sent never are."""
    # It stands for a text, for whoever reads types, too.
    return cast("str", LazyProxy(gettext, message, enable_cache=False))


def spoken_locale() -> Locale:
    """What Babel knows of the language that is spoken now: its dates and numbers."""
    return Locale.parse(current_language().partition("-")[0])


def number_words(number: float) -> str:
    """A number as the language writes it: "12,500", "12.500", "12 500"."""
    return str(format_decimal(number, locale=spoken_locale()))
