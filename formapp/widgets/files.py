"""The file field's HTML: what may be attached, what is attached, and what was not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup

from formapp.text import size_words
from formapp.translation import gettext as _
from formapp.translation import ngettext
from formapp.widgets.rendering import in_this_language, render
from supportpolicy import Policy


class Staged(Protocol):
    """A file that is staged for this form, to be sent with it. ``token`` stands for it; ``size`` is in bytes."""

    @property
    def token(self) -> str:
        """What the form carries instead of the file."""

    @property
    def name(self) -> str:
        """Its name, as people see it."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    @property
    def warning(self) -> str:
        """A sentence about what such files often hold; empty for most."""


def render_files(
    policy: Policy,
    staged: Sequence[Staged] = (),
    errors: Sequence[str] = (),
    *,
    files_url: str = "",
    ids: str = "ticket",
    clean: bool = True,
) -> Markup:
    """The field with its limits, the staged files, each with Remove, and the sentences about those that aren't.

    ``files_url`` is where script uploads a file as soon as it is chosen (empty: nowhere). ``clean`` says
    whether the box that takes the details out of photos is ticked.
    """
    most = policy.form.attachments
    return render(
        "files.html",
        policy,
        most=most,
        kinds=", ".join(f".{kind}" for kind in most.kinds),
        sentences={
            "too-large": _(
                "“{name}” is larger than %(size)s. Send the part that matters, or compress it.",
                size=size_words(most.size),
            ),
            "too-many": ngettext(
                "“{name}” is one too many: up to %(count)s file can be attached.",
                "“{name}” is one too many: up to %(count)s files can be attached.",
                most.count,
            ),
            "too-much": _("“{name}” is too much: up to %(size)s can be attached in all.", size=size_words(most.total)),
            "other-kind": _("“{name}” is of a kind that we don't accept. Put it into a zip, or send a screenshot."),
            "attached": _("“{name}” is attached."),
            "removed": _("“{name}” is removed."),
            "later": _("“{name}” can't be uploaded now. It goes along when you send the form."),
        },
        staged=staged,
        errors=errors,
        clean=clean,
        upload_url=in_this_language(files_url),
        remove_url=f"{files_url}/remove",
        ids=ids,
        size_words=size_words,
    )
