"""The page around the app's content: the guide's own theme, or a plain layout of the same make.

The guide's build leaves ``support-shell.txt`` in the site: a page rendered by its theme, with a
mark for the title and one for the content. The app cuts it at the marks once and
keeps the pieces until the file changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from formapp.translation import gettext, ngettext
from formapp.widgets.page_frame import FRAME_FILE, TITLE, BrokenFrame, InlineCode, frame_places
from supportpolicy.languages import current_language, direction, in_language


@dataclass(frozen=True, slots=True)
class Shell:
    """One layout, cut at its marks.

    ``script_hashes`` and ``style_hashes`` are the Content-Security-Policy sources of the inline
    scripts and styles that the layout itself carries. ``is_plain`` says that it is no guide's.
    """

    head: tuple[str, ...]
    body: tuple[str, ...]
    end: tuple[str, ...]
    script_hashes: tuple[str, ...]
    style_hashes: tuple[str, ...]
    is_plain: bool = False

    def brings(self, file_name: str) -> bool:
        """Whether the layout itself loads the file of this name."""
        # The theme puts scripts at the end of the body.
        return any(file_name in part for part in (*self.head, *self.body, *self.end))

    def before_content(self, title: str, extra_head: Markup) -> Markup:
        """Everything up to the content; ``extra_head`` stands at the end of the head."""
        words = str(escape(title))
        return Markup(words.join(self.head) + str(extra_head) + words.join(self.body))  # noqa: S704 - the theme's own page

    def after_content(self, title: str) -> Markup:
        """Everything below the content."""
        return Markup(str(escape(title)).join(self.end))  # noqa: S704 - the theme's own page


def cut(page: str) -> Shell:
    """Cut a page at its marks. Raises BrokenFrame when it isn't a frame."""
    places = frame_places(page)
    found = InlineCode()
    found.collect(page)
    return Shell(
        head=tuple(page[: places.head].split(TITLE)),
        body=tuple(page[places.head : places.content].split(TITLE)),
        end=tuple(page[places.after_content :].split(TITLE)),
        script_hashes=tuple(found.scripts),
        style_hashes=tuple(found.styles),
    )


@cache
def plain_shell(language: str) -> Shell:
    """The app's own layout in a language, for a desk without a guide beside it."""
    page = resources.files("formapp.web").joinpath("templates/plain-shell.html").read_text("utf-8")
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    with in_language(language):
        made = environment.from_string(page).render(lang=language, dir=direction(language))
    return replace(cut(made), is_plain=True)


class ShellFile:
    """The current shell of a site folder (``plain`` without one); follows the file, so a rebuild needs no restart."""

    def __init__(self, site_dir: Path | None) -> None:
        self._path = site_dir / FRAME_FILE if site_dir else None
        self._seen: tuple[int, int] | None = None
        self._shell: Shell | None = None

    def current(self) -> Shell:
        """The shell to fill now; the plain one while the guide has none that can be read."""
        if self._path is None:
            return plain_shell(current_language())
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size)
            if seen != self._seen:
                self._shell = cut(self._path.read_text("utf-8"))
                self._seen = seen
        except (OSError, UnicodeDecodeError, BrokenFrame):
            # A build in progress: the last good layout (or the plain one) serves meanwhile.
            return self._shell or plain_shell(current_language())
        return self._shell or plain_shell(current_language())
