"""The file field's HTML: what may be attached, what is attached, and what was not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup

from formapp.text import size_words
from formapp.widgets.rendering import render
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
        sentences={
            "too-large": f" is larger than {size_words(most.size)}. Send the part that matters, or compress it.",
            "too-many": f" is one too many: up to {most.count} files can be attached.",
            "too-much": f" is too much: up to {size_words(most.total)} can be attached in all.",
            "other-kind": " is of a kind that we don't accept. Put it into a zip, or send a screenshot.",
            "attached": " is attached.",
            "removed": " is removed.",
            "later": " can't be uploaded now. It goes along when you send the form.",
            "blocked": " isn't attached: it is too large for the web server in front of the help desk. "
            f"Compress it, or remove it and email it to {policy.contact_email}.",
        },
        staged=staged,
        errors=errors,
        clean=clean,
        files_url=files_url,
        ids=ids,
        size_words=size_words,
    )
