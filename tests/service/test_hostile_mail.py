"""Whatever stands in a mail's fields, it is sent with exactly the headers that were meant, or not at all.

The mails are read here line by line and decoded by hand: the library that made them isn't asked.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from quopri import decodestring

import pytest

from formapp.notifications.email.message import CannotBuild, Mail, build
from tests.builders import NOW

PLAIN = Mail(
    sender_name="Support",
    sender="support@help.example",
    recipient="ada@shop.example",
    subject="Checkout fails",
    text="Hello\n",
    html="<p>Hello</p>\n",
    message_id="<SUP-1042.2.replied.7@help.example>",
    written_at=NOW,
    thread_id="<SUP-1042.1.received@help.example>",
)
HEADERS = {
    "From": "Support <support@help.example>",
    "To": "ada@shop.example",
    "Subject": "Checkout fails",
    "Date": "Tue, 24 Nov 2026 14:00:00 +0000",
    "Message-ID": "<SUP-1042.2.replied.7@help.example>",
    "Auto-Submitted": "auto-generated",
    "In-Reply-To": "<SUP-1042.1.received@help.example>",
    "References": "<SUP-1042.1.received@help.example>",
    "MIME-Version": "1.0",
    "Content-Type": 'multipart/alternative; boundary="=_support"',
}
LINE_BREAKS = ("\r\n", "\n", "\r", "\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", "\x1d", "\x1e")
TRAP = "Outage =?UTF-8?Q?=0D=0A?=Bcc: x@example.com"
LOOK_ALIKES = (
    TRAP,
    "=?utf-8?b?QmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
    "=?utf-8?q?a?= =?utf-8?q?b?=",
    "?= =? ?=",
    "=?",
    "=?x?q?y?=",
)
LONG = (
    "🙂" * 200,
    "größer als erwartet " * 30 + "Ende",
    "決済" * 200,
    "سجل الأخطاء " * 40 + "نهاية",
    "ошибка " * 60 + "конец",
    "e\u0301" * 200,
    "x" * 900,
    "x" * 2000,
    "word " * 190 + "end",
    "word, and; more: " * 20 + "end",
)
ODD = ("a\0b", "a\x1b[31mb", "a\tb", "\u202egnp.exe", "\u200b", "‮", 'a "b" \\ <x@evil.example>', "Hülfe & Söhne", "")

# Each line: the field, what somebody puts there, and whether the mail is sent: else it can't be built.
HOSTILE: tuple[tuple[str, str, bool], ...] = (
    *(("subject", text, True) for text in (*LOOK_ALIKES, *LONG, *ODD)),
    *(("sender_name", text, True) for text in (*LOOK_ALIKES, *LONG, *ODD)),
    *(("subject", f"Outage{end}Bcc: x@evil.example", False) for end in LINE_BREAKS),
    *(("sender_name", f"Outage{end}Bcc: x@evil.example", False) for end in LINE_BREAKS),
    *(("recipient", f"ada@shop.example{end}Bcc: x@evil.example", False) for end in (*LINE_BREAKS, "\0")),
    *(("sender", f"support@help.example{end}Bcc: x@evil.example", False) for end in (*LINE_BREAKS, "\0")),
    *(("message_id", f"<a@help.example>{end}Bcc: x@evil.example", False) for end in (*LINE_BREAKS, "\0")),
    *(("thread_id", f"<a@help.example>{end}Bcc: x@evil.example", False) for end in (*LINE_BREAKS, "\0")),
    *((field, f"a{end} b", False) for field in ("recipient", "message_id", "thread_id") for end in LINE_BREAKS),
    *((field, "half \ud83d", False) for field in ("subject", "sender_name", "text", "html", "recipient", "thread_id")),
    *((field, TRAP, False) for field in ("recipient", "sender", "message_id", "thread_id")),
    *((field, "ä" * 9, False) for field in ("recipient", "sender", "message_id", "thread_id")),
    *((field, "x" * 2000, False) for field in ("recipient", "message_id", "thread_id")),
    ("recipient", "ada@shop.example, x@evil.example", False),
    ("recipient", "ada@shop.example x@evil.example", False),
    ("recipient", "ada@shop.example;x@evil.example", False),
    ("recipient", "Ada <ada@shop.example>", False),
    ("recipient", "ada@shop.example (x", False),
    ("recipient", "ada@shop@evil.example", False),
    ("recipient", "shop.example", False),
    ("recipient", "", False),
    ("recipient", f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example", True),
    ("message_id", f"<{'a' * 60}@{'b' * 60}.{'c' * 60}.example>", True),
    ("text", f"--=_support\nContent-Type: text/html\n\n<b>x</b>\n--=_support--\n{TRAP}\n.\nQUIT\n", True),
    ("html", "From me\n.\n" + "ü" * 3000 + "\n", True),
)


@pytest.mark.parametrize(("field", "value", "sent"), HOSTILE, ids=[f"{n}-{row[0]}" for n, row in enumerate(HOSTILE)])
def test_a_mail_has_exactly_the_headers_that_were_meant_or_is_not_built(field: str, value: str, sent: bool) -> None:
    mail = replace(PLAIN, **{field: value})
    if not sent:
        with pytest.raises(CannotBuild):
            build(mail)
        return
    content = build(mail)
    shown = f"{mail.sender_name} <{mail.sender}>" if mail.sender_name else mail.sender
    changed = {"From": shown, "To": mail.recipient, "Subject": mail.subject, "Message-ID": mail.message_id}
    assert headers_of(content) == HEADERS | changed
    assert bodies_of(content) == [mail.text, mail.html]


def test_every_line_is_ascii_and_no_longer_than_mail_servers_take() -> None:
    for text in (*LOOK_ALIKES, *LONG, *ODD):
        content = build(replace(PLAIN, subject=text, sender_name=text, text=text, html=text))
        assert content.isascii()
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert b"\r" not in content.replace(b"\r\n", b"")
        # RFC 5322, 2.1.1, and RFC 2047, 2.
        assert max(len(line) for line in content.split(b"\r\n")) <= 998
        assert max([0, *(len(word) for word in re.findall(rb"=\?[^\s]*\?=", content))]) <= 75


def headers_of(content: bytes) -> dict[str, str]:
    """The headers by their raw lines, each once; what a reader is shown of From and Subject."""
    lines = re.sub(r"\r\n(?=[ \t])", "", content.decode("ascii").partition("\r\n\r\n")[0]).split("\r\n")
    found = [line.partition(": ")[::2] for line in lines]
    assert len(dict(found)) == len(found)
    return dict(found) | {"From": shown(unquoted(dict(found)["From"])), "Subject": shown(dict(found)["Subject"])}


def shown(value: str) -> str:
    """The words of a header decoded (RFC 2047, 6.2); between two encoded ones a space is no part of the text."""
    joined = re.sub(r"\?=[ ]+=\?", "?==?", value)
    return re.sub(r"=\?utf-8\?([bq])\?([^?]*)\?=", lambda word: _word(word[1], word[2]), joined)


def unquoted(value: str) -> str:
    """An address whose name stands in quotes, without them (RFC 5322, 3.2.4)."""
    quoted = re.fullmatch(r'"(.*)" (<[^>]*>)', value)
    return re.sub(r"\\(.)", r"\1", quoted[1]) + f" {quoted[2]}" if quoted else value


def _word(way: str, letters: str) -> str:
    return (b64decode(letters) if way == "b" else decodestring(letters.replace("_", " "))).decode()


def bodies_of(content: bytes) -> list[str]:
    """The text and the HTML, cut out by the boundary."""
    before, *parts, after = content.decode("ascii").partition("\r\n\r\n")[2].split("--=_support")
    assert (before, after) == ("", "--\r\n")
    head = '\r\nContent-Type: text/{}; charset="utf-8"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64'
    assert [part.partition("\r\n\r\n")[0] for part in parts] == [head.format(kind) for kind in ("plain", "html")]
    bodies = [b64decode(part.partition("\r\n\r\n")[2]).decode() for part in parts]
    assert all("\n" not in body.replace("\r\n", "") for body in bodies)
    return [body.replace("\r\n", "\n") for body in bodies]
