"""Reading a received message, which a process of its own takes apart within limits."""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from formapp.incoming_mail.parsing import Bounce, MailFile, ParsedMail, Unreadable
from formapp.limited_process import OverLimit, WorkRefused, run_limited
from formapp.mail_address import address_to_find

MODULE = "formapp.incoming_mail.parsing_process"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A message taken apart, and its text: all of it, what is new, and what is new without any quoted line.

    The addresses of its sender, and of those whom a mail of ours didn't reach, are as accounts are looked up by them.
    """

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
    if bounce := fields["bounce"]:
        failed = map(address_to_find, bounce["recipients"])
        fields["bounce"] = Bounce(tuple(dict.fromkeys(failed)), bounce["message_id"])
    fields["sender"] = address_to_find(fields["sender"]) if fields["sender"] else ""
    return ParsedMail(**fields)
