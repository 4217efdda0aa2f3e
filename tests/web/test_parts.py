"""A form of text alone is read at once; the result must be what the parser makes of it piece by piece."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from formapp.web.body import multipart
from formapp.web.body.multipart import CHUNK, LONGEST_HEADERS, MultipartReader, plain_fields, read_multipart

BOUNDARY = "----WebKitFormBoundaryq3Zt0cYk7VxLwPmN"
EDGE = f"--{BOUNDARY}".encode()
names = some.sampled_from(["subject", "description", "file", "a_b-9"])
values = some.binary(max_size=40) | some.sampled_from(
    [b"", b"\r\n", b"--", EDGE, b"\r\n" + EDGE, b"\r\n" + EDGE + b"--", b"\r\n" + EDGE + b" \r\n", b"x\r\n\r\ny"]
)


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


def chosen_nothing(name: str, value: bytes = b"") -> bytes:
    head = f'\r\nContent-Disposition: form-data; name="{name}"; filename=""\r\nContent-Type: application/octet-stream'
    return EDGE + head.encode() + b"\r\n\r\n" + value + b"\r\n"


def read(body: bytes, most_parts: int = 100, boundary: str = BOUNDARY) -> tuple[object, ...]:
    """Everything that came of a body."""
    fields: MultiDict[str, str] = MultiDict()
    files = Files()
    taken = MultipartReader(fields, files, 1_000_000)
    try:
        whole = read_multipart(BytesIO(body).read, boundary, taken, 10_000_000, most_parts)
    except BadRequest:
        return ("refused",)
    # The desk opens no file for a field in which nothing was chosen.
    came = [file for file in files.came if file != ("", b"")]
    return list(fields.items(multi=True)), taken.broken, taken.truncated, whole, came


def by_the_parser(body: bytes, most_parts: int = 100, boundary: str = BOUNDARY) -> tuple[object, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multipart, "plain_fields", lambda *_: None)
        return read(body, most_parts, boundary)


@given(some.lists(some.builds(field, names, values) | some.builds(chosen_nothing, names), max_size=4))
@example([field("subject", b"caf\xe9")])
@example([field("subject", b"a\r\n" + EDGE + b"--\r\nb")])
def test_a_form_of_text_is_read_as_the_parser_reads_it(sent: list[bytes]) -> None:
    body = b"".join(sent) + EDGE + b"--\r\n"
    assert read(body) == by_the_parser(body)


@given(
    some.lists(some.builds(field, names, values), min_size=1, max_size=3),
    some.integers(0, 400),
    some.sampled_from([b"", b"\r", b"\n", b"-", b'"', b"; ", b"\r\n", b"\0", b"\xff", EDGE]),
    some.booleans(),
)
def test_a_form_that_is_spoilt_somewhere_is_judged_by_the_parser(
    sent: list[bytes], place: int, more: bytes, cut: bool
) -> None:
    whole = b"".join(sent) + EDGE + b"--\r\n"
    body = whole[:place] + more + (b"" if cut else whole[place:])
    assert read(body) == by_the_parser(body)


@pytest.mark.parametrize(
    "body",
    [
        chosen_nothing("files", b"not empty") + EDGE + b"--\r\n",
        field('subject"; filename="a.txt', b"a file") + EDGE + b"--\r\n",
        field("subject", b"x") + EDGE + b"--\r\nafter the end",
        b"before\r\n" + field("subject", b"x") + EDGE + b"--\r\n",
        EDGE
        + b'\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain\r\n\r\nx\r\n'
        + EDGE
        + b"--\r\n",
        EDGE + b"--\r\n",
        b"",
    ],
    ids=["a file without a name", "a file", "an epilogue", "a preamble", "a header more", "no part", "nothing"],
)
def test_everything_else_is_left_to_the_parser(body: bytes) -> None:
    assert plain_fields(body, BOUNDARY) is None
    assert read(body) == by_the_parser(body)


@pytest.mark.parametrize("boundary", ["", "a", "a" * 200, "日本", "é", "a b", "-"], ids=ascii)
def test_an_odd_boundary_is_judged_as_the_parser_judges_it(boundary: str) -> None:
    body = field("subject", b"x").replace(BOUNDARY.encode(), boundary.encode()) + f"--{boundary}--\r\n".encode()
    assert read(body, boundary=boundary) == by_the_parser(body, boundary=boundary)


def test_a_form_of_too_many_fields_is_refused_either_way() -> None:
    body = field("a", b"x") * 5 + EDGE + b"--\r\n"
    assert read(body, most_parts=4) == by_the_parser(body, most_parts=4) == ("refused",)


def test_a_long_form_is_read_piece_by_piece() -> None:
    body = field("description", b"x" * CHUNK) + EDGE + b"--\r\n"
    assert read(body) == by_the_parser(body)
    assert read(body)[0] == [("description", "x" * CHUNK)]


def with_long_heads(parts: int) -> bytes:
    long = field(f'x"; y="{"z" * 15_000}', b"text")
    return field("subject", b"It is down") + long * parts + field("description", b"Since noon") + EDGE + b"--\r\n"


def test_a_form_whose_heads_are_too_long_together_is_read_no_further() -> None:
    """999 heads of 15 kB took seconds. What came before them comes back."""
    fields, _, _, whole, _ = read(with_long_heads(16))
    assert (whole, fields[-1]) == (True, ("description", "Since noon"))
    body = BytesIO(with_long_heads(600))
    taken = MultipartReader(MultiDict(), None, 1_000_000)
    assert read_multipart(body.read, BOUNDARY, taken, 100_000_000, 1000) is False
    assert body.read() == b"", "the sender is listened to until the end"
    assert taken.fields["subject"] == "It is down"
    assert len(taken.fields.getlist("x")) == LONGEST_HEADERS // 15_000
    assert "description" not in taken.fields
