"""Reading a multipart form as a stream: text into memory, each file straight on to whoever keeps it.

Part names and file names are read byte by byte, so that a name that isn't UTF-8 spoils neither its
file nor the rest of the form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

CHUNK = 64 * 1024
SHORT = 4096
FILE_FIELDS = frozenset({"files", "file"})
# A name of 255 bytes, each of them a quotation mark that the browser writes as three.
LONGEST_HEADER = 16 * 1024
# All heads of a form together: ten files whose names are that long, and a thousand fields, fit twice.
LONGEST_HEADERS = 256 * 1024
# The head of a field as browsers write it, or of a file field in which nothing was chosen.
_PLAIN_HEAD = re.compile(
    rb'Content-Disposition: form-data; name="([A-Za-z0-9_-]+)"'
    rb'(; filename=""\r\nContent-Type: application/octet-stream)?'
)


class FileSink(Protocol):
    """Where the files of a form go, one after the other."""

    def begin(self, name: str) -> None:
        """A file of this name begins."""

    def write(self, chunk: bytes) -> None:
        """More of the file that has begun."""

    def end(self) -> None:
        """That was all of it."""


class MultipartReader:
    """The parts of a form as they come in: text into ``fields``, files on to ``files`` (None: nowhere).

    ``truncated`` says that more text came than ``most`` bytes, and that the rest of it is gone. A field that
    comes after that is still taken where it is short.
    """

    def __init__(self, fields: MultiDict[str, str], files: FileSink | None, most: int) -> None:
        self.fields = fields
        self.broken: set[str] = set()
        self.truncated = False
        self._files = files
        self._left = most
        self._headers_left = LONGEST_HEADERS
        self._name = ""
        self._text: bytearray | None = None
        self._in_file = False
        self._cut_here = False

    @property
    def is_full(self) -> bool:
        """Whether the parts' heads are longer together than any browser's: each costs more than its bytes."""
        return self._headers_left < 0

    def take(self, event: MultipartSegment | bytes | None) -> None:
        """One event of the parser: a part begins, more of it, or its end."""
        if event is None:
            self._end()
        elif isinstance(event, MultipartSegment):
            self._begin(event)
        elif self._in_file and self._files is not None:
            self._files.write(event)
        elif self._text is not None:
            room = max(self._left, SHORT - len(self._text))
            self._text += event[:room]
            self._cut_here = self._cut_here or len(event) > room
            self._left = max(0, self._left - len(event))

    def take_field(self, name: str, value: bytes, *, truncated: bool = False) -> None:
        """A whole field, or what is left of one that was cut."""
        text, whole = decoded_text(value, truncated=truncated)
        self.fields.add(name, text)
        self.truncated = self.truncated or truncated
        if not whole:
            self.broken.add(name)

    def end(self) -> None:
        """Finish the part that the end of what is read has cut through."""
        self._cut_here = True
        self._end()

    def _begin(self, part: MultipartSegment) -> None:
        self._headers_left -= sum(len(name) + len(value) for name, value in part.headerlist)
        if self.is_full:
            return
        self._name, _ = decoded_text((part.name or "").encode("latin-1"))
        self._in_file = part.filename is not None and self._name in FILE_FIELDS
        self._text = bytearray() if part.filename is None else None
        if self._in_file and self._files is not None:
            self._files.begin(_file_name(part.filename or ""))

    def _end(self) -> None:
        if self._in_file and self._files is not None:
            self._files.end()
        elif self._text is not None:
            self.take_field(self._name, bytes(self._text), truncated=self._cut_here)
        self._text, self._in_file, self._cut_here = None, False, False


def read_multipart(
    read: Callable[[int], bytes], boundary: str, parts: MultipartReader, most: int, most_parts: int
) -> bool:
    """Read a multipart body; whether it ended within ``most`` bytes, and the heads of its parts within theirs.

    Raises BadRequest for a body that breaks off or isn't multipart.
    """
    try:
        parser = PushMultipartParser(
            boundary, max_header_size=LONGEST_HEADER, max_segment_count=most_parts, header_charset="latin-1"
        )
        left = most
        while left > 0:
            is_first = left == most
            chunk = read(min(CHUNK, left))
            left -= len(chunk)
            fields = plain_fields(chunk, boundary) if is_first else None
            if fields is not None and len(fields) <= most_parts:
                for name, value in fields:
                    parts.take_field(name, value)
                return True
            # An empty chunk is the end; the parser then raises unless it has seen the last boundary.
            for event in parser.parse(chunk):
                parts.take(event)
                if parts.is_full:
                    return _drained(read, left)
            if not chunk:
                return True
    except MultipartError:
        raise BadRequest from None
    parts.end()
    return False


def _drained(read: Callable[[int], bytes], left: int) -> bool:
    """Read what is left, so that the sender gets an answer, and let it go."""
    while left > 0 and (chunk := read(min(CHUNK, left))):
        left -= len(chunk)
    return False


def plain_fields(body: bytes, boundary: str) -> list[tuple[str, bytes]] | None:
    """The fields of a whole form as browsers send it when it has text alone; None for any other body.

    That is how nearly every form comes, and a parser that takes what may come in pieces takes three
    times as long. File fields in which nothing was chosen are left out.
    """
    if not boundary.isascii():
        return None
    edge = f"--{boundary}".encode("ascii")
    first, between, last = edge + b"\r\n", b"\r\n" + edge, b"--\r\n"
    if not (body.startswith(first) and body.endswith(between + last)):
        return None
    fields = []
    for part in body[len(first) : -len(between + last)].split(between + b"\r\n"):
        head, _, value = part.partition(b"\r\n\r\n")
        found = _PLAIN_HEAD.fullmatch(head)
        # A line within the value that begins with the boundary is for the parser to judge.
        if found is None or between in value or (found[2] and value):
            return None
        if not found[2]:
            fields.append((found[1].decode("ascii"), value))
    return fields


def decoded_text(value: bytes, *, truncated: bool = False) -> tuple[str, bool]:
    """The bytes as text, and whether they are text; what isn't is shown as U+FFFD."""
    try:
        return value.decode("utf-8", "ignore" if truncated else "strict"), True
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace"), False


def _file_name(name: str) -> str:
    """A name that was read as Latin-1, as what it most likely is; half of a character stays one."""
    raw = name.encode("latin-1")
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
