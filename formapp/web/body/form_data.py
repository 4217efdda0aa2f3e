"""Reading a form's data without losing a character of it.

Flask answers a body that isn't UTF-8 with an empty form, and so with everything typed gone. Here
each field is decoded on its own; what can't be decoded is shown as U+FFFD and named. Files go straight
into the store while they come in; what the form then carries of them are their tokens.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Response, after_this_request, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from formapp.attachments import service as attachments
from formapp.best_effort import best_effort
from formapp.forms import MOST_TOKENS
from formapp.web.body.incoming_files import IncomingFiles
from formapp.web.body.multipart import CHUNK, MultipartReader, decoded_text, read_multipart
from formapp.web.context import client_network, web
from formapp.web.session_cookie import current_person

MAX_FIELDS = 1000
# The longest description, each of its characters four bytes and percent-encoded, is a quarter of this.
LARGEST_TEXT = 1_000_000
# A form with files is read to here, so that a file which is too large costs no word of the text beside it: as many
# bytes of files as a policy may allow, and the text.
LARGEST_BODY = 101_000_000
# The forms with a file field, and those that come back filled whatever they hold.
WITH_FILES = frozenset({"tickets.create", "tickets.reply", "desk.reply", "desk.note", "desk.insert", "files.upload"})
CLEAN_PHOTOS = "clean"
"""The box by the file field; it comes before the files."""
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class FormData:
    """What came in: the fields as text, and the names of those that held bytes that aren't UTF-8.

    Files that came with it are staged by then, their tokens are in the field ``file``; ``refused`` has a
    sentence for each that isn't. ``truncated`` says that more came than is read, so that something is missing.
    """

    fields: MultiDict[str, str]
    undecodable: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()
    truncated: bool = False
    store_failed: bool = False
    rate_limited: bool = False

    def get(self, name: str) -> str:
        """The first value of a field, empty when it wasn't sent."""
        # ``get`` makes an error page of its own for each field that wasn't sent, to throw it away.
        values = self.fields.getlist(name)
        return values[0] if values else ""

    @property
    def status(self) -> int:
        """The HTTP status of a form that isn't accepted as it came."""
        return 503 if self.store_failed else 429 if self.rate_limited else 422

    @property
    def files(self) -> tuple[str, ...]:
        """The tokens of the files that the form carries, each once."""
        return _tokens(self.fields)


def form_data() -> FormData:
    """The form data of this request, read once.

    Raises RequestEntityTooLarge beyond the app's bound, where the form isn't one of those with
    files, and BadRequest for a form that can't be read or that broke off: then no file of it stays.
    """
    if "form_data" not in g:
        g.form_data = _read()
    return g.form_data  # type: ignore[no-any-return]


def cleans_photos() -> bool:
    """Whether the box that takes the details out of photos is ticked: as it was sent, and at first it is."""
    return request.method != "POST" or CLEAN_PHOTOS in form_data().fields


def _read() -> FormData:
    if request.endpoint in WITH_FILES:
        # Read up to our own bounds instead: the form comes back with what it held.
        request.max_content_length = sys.maxsize
    if request.mimetype == URLENCODED:
        return _urlencoded(*_bounded())
    if request.mimetype == MULTIPART:
        return _multipart(request.mimetype_params.get("boundary", ""))
    return FormData(MultiDict())


def _multipart(boundary: str) -> FormData:
    fields: MultiDict[str, str] = MultiDict()
    files = IncomingFiles(web(), client_network, lambda: list(_tokens(fields)), lambda: CLEAN_PHOTOS in fields)
    _count_after_answer(files)
    reader = MultipartReader(fields, files if request.endpoint in WITH_FILES else None, LARGEST_TEXT)
    try:
        whole = read_multipart(request.stream.read, boundary, reader, LARGEST_BODY, MAX_FIELDS)
    except Exception:
        files.discard()
        raise
    for staged in files.staged:
        fields.add("file", staged.token)
    return FormData(
        fields,
        frozenset(reader.undecodable),
        tuple(files.refused),
        truncated=reader.truncated or not whole,
        store_failed=files.store_failed,
        rate_limited=files.rate_limited,
    )


def _count_after_answer(files: IncomingFiles) -> None:
    """Count the files once the view has done its work: where the database is away, nobody waits for it twice."""

    @after_this_request
    def count(answer: Response) -> Response:
        if answer.status_code != 503:
            files.count()
            if files.staged:
                with best_effort("making room for files"):
                    if current_person() is None:
                        attachments.make_room(web().services, files.staged, web().clock())
        return answer


def _bounded() -> tuple[bytes, bool]:
    """The body, and whether it was longer than what is read of it."""
    body = request.stream.read(LARGEST_TEXT + 1)
    if len(body) <= LARGEST_TEXT:
        return body, False
    left = LARGEST_BODY
    while left > 0 and (chunk := request.stream.read(CHUNK)):
        left -= len(chunk)
    return body[:LARGEST_TEXT], True


def _urlencoded(body: bytes, truncated: bool) -> FormData:
    try:
        # As Latin-1 each character stands for one byte, so that each value can be decoded on its own.
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadRequest from None
    fields: MultiDict[str, str] = MultiDict()
    undecodable: set[str] = set()
    for number, (raw_name, raw_value) in enumerate(pairs, 1):
        if not raw_name:
            continue
        name, _ = decoded_text(raw_name.encode("latin-1"))
        value, is_utf8 = decoded_text(raw_value.encode("latin-1"), truncated=truncated and number == len(pairs))
        fields.add(name, value)
        if not is_utf8:
            undecodable.add(name)
    return FormData(fields, frozenset(undecodable), truncated=truncated)


def _tokens(fields: MultiDict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fields.getlist("file")))[:MOST_TOKENS]
