"""Reading a posted form without losing a character of it.

Flask answers a body that isn't UTF-8 with an empty form, and so with everything typed gone. Here
each field is decoded on its own; what can't be decoded is shown as U+FFFD and named.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from flask import g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

MAX_FIELDS = 1000
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Posted:
    """What came in: the fields as text, and the names of those that held bytes that aren't UTF-8."""

    fields: MultiDict[str, str]
    broken: frozenset[str]

    def get(self, name: str) -> str:
        """The first value of a field, empty when it wasn't sent."""
        return self.fields.get(name, "")


def posted() -> Posted:
    """The posted form of this request, read once.

    Raises RequestEntityTooLarge beyond the app's bound and BadRequest for a form that can't be read.
    """
    if "posted" not in g:
        g.posted = _read()
    return g.posted  # type: ignore[no-any-return]


def _read() -> Posted:
    if request.mimetype == URLENCODED:
        return _urlencoded(request.get_data(cache=False))
    if request.mimetype == "multipart/form-data":
        fields = MultiDict(request.form)
        if not fields and not request.files and request.content_length:
            raise BadRequest
        return Posted(fields, frozenset())
    return Posted(MultiDict(), frozenset())


def _urlencoded(body: bytes) -> Posted:
    pairs = body.split(b"&")
    if len(pairs) > MAX_FIELDS:
        raise BadRequest
    fields: MultiDict[str, str] = MultiDict()
    broken: set[str] = set()
    for pair in pairs:
        name_bytes, _, value_bytes = pair.partition(b"=")
        if not name_bytes:
            continue
        name = _plain(name_bytes).decode("utf-8", "replace")
        value = _plain(value_bytes)
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("utf-8", "replace")
            broken.add(name)
        fields.add(name, text)
    return Posted(fields, frozenset(broken))


def _plain(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))
