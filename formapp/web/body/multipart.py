"""Reading a multipart form as a stream: text into memory, each file straight on to a sink.

Field names and file names are decoded one by one, so that a name that isn't UTF-8 spoils neither its
file nor the rest of the form; Werkzeug's own parser gives up the whole form.
"""

from __future__ import annotations

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


class FileSink(Protocol):
    """Where the files of a form go, one after the other."""

    def begin(self, name: str) -> None:
        """A file of this name begins."""

    def write(self, chunk: bytes) -> None:
        """More of the file that has begun."""

    def end(self) -> None:
        """That was all of it."""


class MultipartReader:
    """A form as it comes in: text into ``fields``, files on to ``files`` (None: nowhere).

    ``undecodable`` names the fields whose bytes weren't UTF-8. ``truncated`` says that more text came than
    ``max_text`` bytes, and that the rest of it is gone. A field after that is still read where it is short.
    ``is_full`` says that the heads are longer together than any browser's: each costs more than its bytes.
    """

    def __init__(self, fields: MultiDict[str, str], files: FileSink | None, max_text: int) -> None:
        self.fields = fields
        self.undecodable: set[str] = set()
        self.truncated = False
        self.is_full = False
        self._files = files
        self._left = max_text
        self._headers_left = LONGEST_HEADERS
        self._name = ""
        self._text: bytearray | None = None
        self._in_file = False
        self._field_truncated = False

    def handle(self, event: MultipartSegment | bytes | None) -> None:
        """One event of the parser: the head of a field or file, more of its content, or its end."""
        if event is None:
            self._end()
        elif isinstance(event, MultipartSegment):
            self._begin(event)
        elif self._in_file and self._files is not None:
            self._files.write(event)
        elif self._text is not None:
            room = max(self._left, SHORT - len(self._text))
            self._text += event[:room]
            self._field_truncated = self._field_truncated or len(event) > room
            self._left = max(0, self._left - len(event))

    def end_early(self) -> None:
        """Nothing more is read of the body: end the field or file that this cuts through."""
        self._field_truncated = True
        self._end()

    def _begin(self, head: MultipartSegment) -> None:
        for name, value in head.headerlist:
            self._headers_left -= len(name) + len(value)
        if self._headers_left < 0:
            self.is_full = True
            return
        self._name, _ = decoded_text((head.name or "").encode("latin-1"))
        self._in_file = head.filename is not None and self._name in FILE_FIELDS
        self._text = bytearray() if head.filename is None else None
        if self._in_file and self._files is not None:
            self._files.begin(_file_name(head.filename or ""))

    def _end(self) -> None:
        if self._in_file and self._files is not None:
            self._files.end()
        elif self._text is not None:
            text, is_utf8 = decoded_text(bytes(self._text), truncated=self._field_truncated)
            self.fields.add(self._name, text)
            self.truncated = self.truncated or self._field_truncated
            if not is_utf8:
                self.undecodable.add(self._name)
        self._text, self._in_file, self._field_truncated = None, False, False


def read_multipart(
    read: Callable[[int], bytes], boundary: str, reader: MultipartReader, max_length: int, max_fields: int
) -> bool:
    """Read a multipart body; whether it ended within ``max_length`` bytes, and its heads within theirs.

    Raises BadRequest for a body that breaks off or isn't multipart.
    """
    try:
        parser = PushMultipartParser(
            boundary, max_header_size=LONGEST_HEADER, max_segment_count=max_fields, header_charset="latin-1"
        )
        left = max_length
        while left > 0:
            chunk = read(min(CHUNK, left))
            left -= len(chunk)
            # An empty chunk is the end; the parser then raises unless it has seen the last boundary.
            for event in parser.parse(chunk):
                reader.handle(event)
                if reader.is_full:
                    return _drained(read, left)
            if not chunk:
                return True
    except MultipartError:
        raise BadRequest from None
    reader.end_early()
    return False


def _drained(read: Callable[[int], bytes], left: int) -> bool:
    """Read what is left, so that the sender gets an answer, and let it go."""
    while left > 0 and (chunk := read(min(CHUNK, left))):
        left -= len(chunk)
    return False


def decoded_text(value: bytes, *, truncated: bool = False) -> tuple[str, bool]:
    """The bytes as text, and whether they are UTF-8; what isn't is shown as U+FFFD."""
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
