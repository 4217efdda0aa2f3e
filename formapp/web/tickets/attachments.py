"""Files over HTTP: one uploaded as soon as it is chosen, forgotten again, downloaded, and looked at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, jsonify, request, url_for
from werkzeug.http import dump_options_header

from formapp.attachments import service as attachments
from formapp.errors import NotFound
from formapp.models import Attachment
from formapp.text import size_words
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.file_field import discard_file
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.request_log import log_failure
from formapp.web.row_number import row_number

blueprint = Blueprint("files", __name__)

NOT_OURS = gettext_noop("Files can be sent from this site's own pages only")
NOT_WHOLE = gettext_noop("This is more than the form accepts. Send a smaller file")
NOTHING = gettext_noop("Choose a file")
_UNPLAIN = re.compile(r"[^A-Za-z0-9 ._()+,=@~-]")


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a file can't be opened, in words."""

    title: str
    sentences: tuple[str, ...]
    status: int

    def translated(self) -> Blocked:
        """The same in the language that is spoken now."""
        return Blocked(_(self.title), tuple(_(sentence) for sentence in self.sentences), self.status)


BLOCKED = {
    "pending": Blocked(
        gettext_noop("This file is being checked"),
        (
            gettext_noop("We check each file for malware before anyone can open it."),
            gettext_noop("Try again in a minute."),
        ),
        409,
    ),
    "failed": Blocked(
        gettext_noop("This file isn't checked yet"),
        (
            gettext_noop("We check each file for malware before anyone can open it. The last check failed."),
            gettext_noop("Try again later."),
        ),
        409,
    ),
    "infected": Blocked(
        gettext_noop("This file can't be opened"),
        (gettext_noop("We found malware in it."), gettext_noop("Ask the sender to send the content in another way.")),
        403,
    ),
    "lost": Blocked(
        gettext_noop("We can't reach this file right now"),
        (
            gettext_noop("The ticket and its text are safe, but our file store doesn't answer."),
            gettext_noop("Try again in a minute."),
        ),
        503,
    ),
}


@blueprint.post("/files")
def upload() -> Response:
    """Stage one file for a form that is still being filled; open to everybody, as the form is.

    Only script of our own pages calls it. Asks the database for nothing.
    """
    sent = form_data()
    if sent.refused:
        return _json_error(sent.refused[0], 507 if sent.store_failed else sent.status)
    if sent.truncated:
        return _json_error(_(NOT_WHOLE), 413)
    staged = attachments.staged_files(web().services, sent.files[-1:])
    if not staged:
        return _json_error(_(NOTHING), 422)
    file = staged[0]
    facts = {"name": file.name, "size": file.size, "size_words": size_words(file.size), "warning": file.warning}
    answer = jsonify(token=file.token, **facts)
    answer.status_code = 201
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/files/remove")
def remove() -> Response:
    """Forget a file that waits for its form; open to who knows its token."""
    discard_file(form_data().get("token"))
    return Response(status=204)


def refuse() -> Response:
    """The answer to an upload from elsewhere, given before anything of it is read."""
    return _json_error(_(NOT_OURS), 403)


@blueprint.get("/tickets/<reference>/files/<number>")
def download(reference: str, number: str) -> Response:  # noqa: ARG001 - the table's check has loaded the ticket
    """A file of a ticket, for the members of its project; never one of a note."""
    return _download(_file(number, with_notes=False))


@blueprint.get("/tickets/<reference>/files/<number>/preview")
def preview(reference: str, number: str) -> Response:  # noqa: ARG001
    """A picture's preview, for the members of its project."""
    return _previewed(_file(number, with_notes=False))


@blueprint.get("/desk/<reference>/files/<number>")
def desk_download(reference: str, number: str) -> Response:  # noqa: ARG001
    """A file of a ticket or of its notes, for staff."""
    return _download(_file(number, with_notes=True))


@blueprint.get("/desk/<reference>/files/<number>/preview")
def desk_preview(reference: str, number: str) -> Response:  # noqa: ARG001
    """A picture's preview, for staff."""
    return _previewed(_file(number, with_notes=True))


def disposition(name: str) -> str:
    """The header that makes a browser save a file under this name, in ASCII and, where that loses something, whole.

    Whatever the name holds, the header is one line of ASCII (RFC 6266, and RFC 8187 for the whole name). Werkzeug
    writes it; the plain name is ours, since ``send_file`` fails at a line break and says nothing of "決済.log".
    """
    # By hand: Werkzeug writes both names only for a file that it sends itself, and makes ".log" of "決済.log".
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _UNPLAIN.sub("_", letters).strip()
    if not plain or (plain.startswith(".") and not name.startswith(".")):
        plain = f"file{plain}"
    whole = None if plain == name else f"UTF-8''{quote(name, safe='')}"
    return dump_options_header("attachment", {"filename": plain, "filename*": whole})


def _file(number: str, *, with_notes: bool) -> Attachment:
    try:
        return attachments.attachment_of(web().services, g.ticket.id, row_number(number), with_notes=with_notes)
    except NotFound:
        abort(404)


def _download(file: Attachment) -> Response:
    if not file.may_be_opened:
        return _blocked(file.scan)
    try:
        # Asked for its head alone, a file that nobody reads would stay open.
        chunks: Iterator[bytes] = iter(()) if request.method == "HEAD" else attachments.content(web().services, file)
    except OSError as error:
        log_failure(error)
        return _blocked("lost")
    # Never a type that a browser would show: whatever it holds, it is saved and not run on this origin.
    answer = Response(chunks, mimetype="application/octet-stream")
    answer.headers["Content-Length"] = str(file.size)
    answer.headers["Content-Disposition"] = disposition(file.name)
    return _private(answer)


def _previewed(file: Attachment) -> Response:
    try:
        picture = attachments.preview(web().services, file)
    except OSError as error:
        log_failure(error)
        picture = None
    if picture is None:
        abort(404)
    return _private(Response(picture, mimetype="image/webp"))


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _blocked(why: str) -> Response:
    blocked = BLOCKED[why].translated()
    to_staff = request.endpoint == "files.desk_download"
    back = url_for("desk.show" if to_staff else "tickets.show", reference=g.ticket.reference)
    answer = page("file-blocked.html", blocked.status, blocked=blocked, ticket=g.ticket, back=back)
    if blocked.status == 503:
        answer.headers["Retry-After"] = "60"
    return answer


def _json_error(sentence: str, status: int) -> Response:
    answer = jsonify(error=sentence)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if status in {429, 503, 507}:
        answer.headers["Retry-After"] = "3600" if status == 429 else "60"
    return answer
