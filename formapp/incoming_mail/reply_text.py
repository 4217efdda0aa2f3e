"""What is new in a mail's text, without what it quotes and without the signature.

By mail-parser-reply, which knows how mail programs of many languages begin a quotation. It says where the text
is cut; the lines are taken as they were typed. Where everything stands below the quotation, or between its
lines, it is kept with what it answers: no word is ever lost, and the whole mail stays beside.

Done in a process of its own (``python -m formapp.incoming_mail.reply_text``): patterns may take long over what
strangers write.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

from mailparser_reply import EmailReplyParser

from formapp.incoming_mail.html_text import html_to_text
from formapp.limited_process import OverLimit, answer, run_limited
from formapp.notifications.email.above_this_line import ABOVE_THIS_LINE

MODULE = "formapp.incoming_mail.reply_text"
MOST_SECONDS = 4
MOST_MEMORY = 512 * 1024 * 1024
LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "da", "sv", "cs", "ja", "zh"]
_PATIENCE = 30.0
# RFC 3676, 4.3; mail programs drop the blank at its end.
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_QUOTED = re.compile(r"^\s*>")
# An empty line, or the one that Outlook draws above a quotation.
_RULE = re.compile(r"\s*_*\s*")


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The text of a mail: what is new in it, and all of it."""

    new: str
    whole: str


def read(plain: str, html: str, *, drop_quotes: bool) -> ReplyText:
    """What a mail says, by its plain part where that says anything, else by its HTML.

    With ``drop_quotes`` no quoted line is left, whatever stands between. Raises OSError where no process starts;
    a text that takes too much is taken whole, with ``drop_quotes`` up to its first quoted line.
    """
    with tempfile.TemporaryFile() as work:
        work.write(json.dumps({"plain": plain, "html": html, "drop_quotes": drop_quotes}).encode())
        work.seek(0)
        try:
            return ReplyText(**json.loads(run_limited(MODULE, work, _PATIENCE)))
        except OverLimit:
            whole = plain or html
            return ReplyText(_up_to_quotation(whole) if drop_quotes else whole, whole)


def new_text(text: str, *, drop_quotes: bool) -> str:
    """What is new in a text whose lines end with a line feed. ``drop_quotes`` as for ``read``."""
    above = text.partition(ABOVE_THIS_LINE)[0]
    lines = above.split("\n")
    if above != text:
        # What precedes the mark on its line is the quotation's own sign.
        lines.pop()
        lines = _without_introduction(lines)
    kept = lines[: _lines_before_quotation("\n".join(lines))]
    if not "".join(kept).strip() and not drop_quotes:
        # All stands below or within the quotation.
        kept = text.split("\n")
    if drop_quotes:
        kept = [line for line in kept or lines if not _QUOTED.match(line)]
    while kept and (_RULE.fullmatch(kept[-1]) or _QUOTED.match(kept[-1])) and not _only_quoted(kept):
        kept.pop()
    said = "\n".join(kept)
    without_signature = _SIGNATURE.split(said, maxsplit=1)[0]
    return (without_signature if without_signature.strip() else said).strip("\n").rstrip()


def _without_introduction(lines: list[str]) -> list[str]:
    """The lines above our mark, without the one or two that say whose mail follows."""
    while lines and _RULE.fullmatch(lines[-1]):
        lines = lines[:-1]
    for number in (1, 2):
        if len(lines) >= number and lines[-1].rstrip().endswith(":") and "@" in "".join(lines[-number:]):
            return lines[:-number]
    return lines


def _only_quoted(lines: list[str]) -> bool:
    return all(not line.strip() or _QUOTED.match(line) for line in lines)


def _lines_before_quotation(text: str) -> int:
    """How many lines stand before the first header of a quotation."""
    found = EmailReplyParser(languages=LANGUAGES).read(text).replies
    if len(found) < 2:
        return text.count("\n") + 1
    before = found[0].content.rstrip("\n")
    return before.count("\n") + 1 if before.strip() else 0


def _up_to_quotation(text: str) -> str:
    kept = []
    for line in text.split("\n"):
        if _QUOTED.match(line) or ABOVE_THIS_LINE in line:
            break
        kept.append(line)
    return "\n".join(kept)


def _make(work: BinaryIO) -> bytes:
    given = json.load(work)
    plain = given["plain"].replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    whole = plain if plain.strip() else html_to_text(given["html"])
    new = new_text(whole, drop_quotes=given["drop_quotes"])
    return json.dumps({"new": new, "whole": whole}).encode()


if __name__ == "__main__":
    sys.exit(answer(_make, ValueError, memory=MOST_MEMORY, seconds=MOST_SECONDS))
