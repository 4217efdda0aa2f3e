"""What this room says, in the language that is spoken now."""

from importlib import resources

from supportpolicy.languages import Catalog

_catalog = Catalog(resources.files("site_plugins").joinpath("locale"))
gettext = _catalog.gettext
ngettext = _catalog.ngettext
pgettext = _catalog.pgettext
