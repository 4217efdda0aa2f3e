"""Reading a received message in a process of its own (``python -m formapp.incoming_mail.reading``), within limits.

Strangers write what is read, and the parsers of messages, HTML and quotations take longer over some of it than
anybody may wait.
"""

from __future__ import annotations

import json
import sys
import tempfile
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from formapp.incoming_mail.parsing import Bounce, MailFile, ParsedMail, Unreadable, parse
from formapp.incoming_mail.reply_text import new_text, whole_text
from formapp.limited_process import OverLimit, WorkRefused, answer, run_limited

MODULE = "formapp.incoming_mail.reading"
MOST_SECONDS = 10
MOST_MEMORY = 1024 * 1024 * 1024
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A message taken apart, and its text: all of it, what is new, and what is new without any quoted line."""

    parsed: ParsedMail
    whole: str
    new: str
    unquoted: str


def read_mail(raw: bytes) -> ReadMail:
    """Read a message. Raises Unreadable, also where it takes too much, and OSError where no process starts."""
    with tempfile.TemporaryFile() as work:
        work.write(raw)
        work.seek(0)
        try:
            found = json.loads(run_limited(MODULE, work, _PATIENCE))
        except (OverLimit, WorkRefused) as reason:
            raise Unreadable(str(reason)) from None
    return ReadMail(_parsed_from(found["parsed"]), found["whole"], found["new"], found["unquoted"])


def _parsed_from(fields: dict[str, Any]) -> ParsedMail:
    for name in ("recipients", "answers", "authentication", "left_out"):
        fields[name] = tuple(fields[name])
    fields["files"] = tuple(MailFile(file["name"], b64decode(file["content"])) for file in fields["files"])
    bounce = fields["bounce"]
    fields["bounce"] = Bounce(tuple(bounce["recipients"]), bounce["message_id"]) if bounce else None
    return ParsedMail(**fields)


def _make(work: BinaryIO) -> bytes:
    parsed = parse(work.read())
    whole = whole_text(parsed.plain, parsed.html)
    found = {
        "parsed": asdict(parsed),
        "whole": whole,
        "new": new_text(whole, drop_quotes=False),
        "unquoted": new_text(whole, drop_quotes=True),
    }
    return json.dumps(found, default=lambda content: b64encode(content).decode()).encode()


if __name__ == "__main__":
    sys.exit(answer(_make, Unreadable, memory=MOST_MEMORY, seconds=MOST_SECONDS))
