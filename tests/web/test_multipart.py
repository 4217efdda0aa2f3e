"""A multipart form is read as it was sent, whatever it holds and in whatever pieces it comes."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from formapp.web.body.multipart import CHUNK, LONGEST_HEADERS, MultipartReader, read_multipart

BOUNDARY = "----WebKitFormBoundaryq3Zt0cYk7VxLwPmN"
EDGE = f"--{BOUNDARY}".encode()
END = EDGE + b"--\r\n"
REPLACED = "\N{REPLACEMENT CHARACTER}"
names = some.sampled_from(["subject", "description", "file", "a_b-9"])
# Of these the reader must give back every byte; a line that begins with the boundary is none of them.
texts = some.binary(max_size=40) | some.sampled_from([b"", b"\r\n", b"--", EDGE, b"\r\n--", b"x\r\n\r\ny", b"\r\r\n"])
values = texts | some.sampled_from([b"\r\n" + EDGE, b"\r\n" + EDGE + b"--", b"\r\n" + EDGE + b" \r\n"])


class Files:
    """Notes which files came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []

    def begin(self, name: str) -> None:
        self.came.append((name, b""))

    def write(self, chunk: bytes) -> None:
        name, before = self.came[-1]
        self.came[-1] = (name, before + chunk)

    def end(self) -> None:
        """Nothing to note."""


def field(name: str, value: bytes) -> bytes:
    return EDGE + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


def file(name: str, value: bytes, filename: str) -> bytes:
    head = f'\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"'
    return EDGE + head.encode() + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + value + b"\r\n"


def in_pieces(body: bytes, size: int) -> Callable[[int], bytes]:
    """A stream that never gives more than ``size`` bytes at once, as a slow connection does."""
    stream = BytesIO(body)
    return lambda most: stream.read(min(most, size))


def read(body: bytes, *, size: int = CHUNK, max_fields: int = 100, boundary: str = BOUNDARY) -> tuple[object, ...]:
    """Everything that came of a body: its fields, those that weren't UTF-8, its files; or that it was refused."""
    fields: MultiDict[str, str] = MultiDict()
    files = Files()
    reader = MultipartReader(fields, files, 1_000_000)
    try:
        assert read_multipart(in_pieces(body, size), boundary, reader, 10_000_000, max_fields)
    except BadRequest:
        return ("refused",)
    assert not reader.truncated
    # The desk opens no file for a field in which nothing was chosen.
    came = [one for one in files.came if one != ("", b"")]
    return list(fields.items(multi=True)), reader.undecodable, came


def as_sent(sent: list[tuple[str, bytes]]) -> tuple[object, ...]:
    """What must come of these fields."""
    undecodable = {name for name, value in sent if value.decode("utf-8", "replace") != value.decode("utf-8", "ignore")}
    fields = MultiDict([(name, value.decode("utf-8", "replace")) for name, value in sent])
    return list(fields.items(multi=True)), undecodable, []


@given(some.lists(some.tuples(names, texts), min_size=1, max_size=4), some.integers(1, 200))
@example([("subject", b"caf\xe9")], 1)
@example([("description", EDGE), ("description", b"\r\n")], 7)
def test_every_field_comes_as_it_was_sent(sent: list[tuple[str, bytes]], size: int) -> None:
    body = b"".join(field(name, value) for name, value in sent) + file("files", b"", "") + END
    assert read(body, size=size) == as_sent(sent)


@given(
    some.lists(some.builds(field, names, values), min_size=1, max_size=3),
    some.integers(0, 400),
    some.sampled_from([b"", b"\r", b"\n", b"-", b'"', b"; ", b"\r\n", b"\0", b"\xff", EDGE]),
    some.booleans(),
    some.integers(1, 200),
)
@example([field("subject", b"")], 3, EDGE, False, 1)
def test_what_is_read_of_a_spoilt_form_is_the_same_in_whatever_pieces_it_comes(
    sent: list[bytes], place: int, more: bytes, cut: bool, size: int
) -> None:
    whole = b"".join(sent) + END
    body = whole[:place] + more + (b"" if cut else whole[place:])
    whole_at_once, in_parts = read(body), read(body, size=size)
    # Whether the parser refuses what no browser sends can depend on where the pieces begin; what it reads never does.
    assert whole_at_once == in_parts or ("refused",) in (whole_at_once, in_parts)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (file("files", b"not empty", "") + END, ([], set(), [("", b"not empty")])),
        (field('files"; filename="a.txt', b"a file") + END, ([], set(), [("a.txt", b"a file")])),
        (field('subject"; filename="a.txt', b"a file") + END, ([], set(), [])),
        (field("subject", b"a\r\n" + EDGE + b"--\r\nb") + END, ([("subject", "a")], set(), [])),
        (field("subject", b"x") + END + b"after the end", ([("subject", "x")], set(), [])),
        (b"before\r\n" + field("subject", b"x") + END, ([("subject", "x")], set(), [])),
        (
            EDGE + b'\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain\r\n\r\nx\r\n' + END,
            ([("a", "x")], set(), []),
        ),
        (field("subject", b"caf\xe9") + END, ([("subject", f"caf{REPLACED}")], {"subject"}, [])),
        (END, ([], set(), [])),
        (b"", ("refused",)),
        (field("subject", b"x"), ("refused",)),
    ],
    ids=[
        "a file without a name",
        "a file",
        "a file in a field for text",
        "the end within a value",
        "an epilogue",
        "a preamble",
        "a header more",
        "Latin-1",
        "no field",
        "nothing",
        "no end",
    ],
)
def test_an_odd_body_gives_what_it_holds_or_is_refused(body: bytes, found: tuple[object, ...]) -> None:
    assert read(body) == found
    assert read(body, size=1) == found


@pytest.mark.parametrize("boundary", ["a", "a" * 200, "日本", "é", "a b", "-"], ids=ascii)
def test_an_odd_boundary_is_as_good_as_any(boundary: str) -> None:
    body = field("subject", b"x").replace(BOUNDARY.encode(), boundary.encode()) + f"--{boundary}--\r\n".encode()
    assert read(body, boundary=boundary) == ([("subject", "x")], set(), [])


def test_without_a_boundary_nothing_is_read() -> None:
    assert read(field("subject", b"x") + END, boundary="") == ("refused",)


def test_a_form_of_too_many_fields_is_refused() -> None:
    body = field("a", b"x") * 5 + END
    assert read(body, max_fields=4) == ("refused",)
    assert read(body, max_fields=5) == ([("a", "x")] * 5, set(), [])


def test_a_long_form_is_read_piece_by_piece() -> None:
    body = field("description", b"x" * CHUNK) + END
    assert read(body) == ([("description", "x" * CHUNK)], set(), [])


def with_long_heads(parts: int) -> bytes:
    long = field(f'x"; y="{"z" * 15_000}', b"text")
    return field("subject", b"It is down") + long * parts + field("description", b"Since noon") + END


def test_a_form_whose_heads_are_too_long_together_is_read_no_further() -> None:
    """999 heads of 15 kB took seconds. What came before them comes back."""
    fields: MultiDict[str, str] = MultiDict()
    assert read_multipart(
        BytesIO(with_long_heads(16)).read, BOUNDARY, MultipartReader(fields, None, 1_000_000), 10**8, 1000
    )
    assert fields["description"] == "Since noon"
    body = BytesIO(with_long_heads(600))
    reader = MultipartReader(MultiDict(), None, 1_000_000)
    assert read_multipart(body.read, BOUNDARY, reader, 100_000_000, 1000) is False
    assert body.read() == b"", "the sender is listened to until the end"
    assert reader.fields["subject"] == "It is down"
    assert len(reader.fields.getlist("x")) == LONGEST_HEADERS // 15_000
    assert "description" not in reader.fields
