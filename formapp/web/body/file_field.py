"""The file field of a form that people write in: the files that it carries, told by their tokens alone."""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from formapp.attachments import service as attachments
from formapp.attachments.upload import StagedFile
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.context import web
from formapp.web.request_log import log_failure
from formapp.widgets.files import render_files

GONE = gettext_noop("A file that was attached has expired, or was already sent. Attach it again if it is still needed")


def staged_for_form(tokens: Sequence[str]) -> tuple[StagedFile, ...]:
    """The files of these tokens that still wait, for a form to show; asks no database.

    Where the store can't be read each stands there without its name, so that none is lost.
    """
    try:
        return attachments.staged_files(web().services, tokens)
    except OSError as error:
        log_failure(error)
        return tuple(StagedFile(token, _("A file that you attached"), 0, "", "", "") for token in tokens)


def discard_file(token: str) -> None:
    """Forget a file that waits for its form; where that can't be done now, it goes when its day is over."""
    try:
        attachments.discard_staged(web().services, token)
    except (DBAPIError, PoolTimeout, OSError) as error:
        log_failure(error)


def file_field(tokens: Sequence[str], error: str, ids: str, *, clean: bool) -> Markup:
    """The field with the staged files and the sentence about those that aren't; ``clean``: the box is ticked."""
    staged = staged_for_form(tokens)
    gone = _(GONE) if len(staged) < len(tokens) else ""
    errors = [sentence for sentence in (error or gone,) if sentence]
    return render_files(web().services.policy, staged, errors, files_url=url_for("files.upload"), ids=ids, clean=clean)
