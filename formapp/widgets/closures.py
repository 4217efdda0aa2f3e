"""What the bar that tells of closures says by itself: it stands on pages of any language, made by script."""

from __future__ import annotations

from formapp.translation import gettext as _
from supportpolicy.languages import LANGUAGES, direction, in_language


def closure_labels() -> dict[str, dict[str, str]]:
    """Its title and its button in each language, for the file that its script reads."""
    labels = {}
    for language in LANGUAGES:
        with in_language(language):
            labels[language] = {
                "language": language,
                "direction": direction(language),
                "title": _("Announcement"),
                "button": _("Hide"),
            }
    return labels
