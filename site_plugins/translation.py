"""What this room says, in the language that is spoken now."""

from importlib import resources

from supportpolicy.languages import Catalog

_catalog = Catalog(resources.files("site_plugins").joinpath("locale"))
gettext = _catalog.gettext
ngettext = _catalog.ngettext
pgettext = _catalog.pgettext


def gettext_noop(message: str) -> str:
    """The message itself: marks a constant for the catalogues, which is translated where it is said."""
    return message
