"""What is new in a mail's text, without what it quotes and without the signature.

By mail-parser-reply, which knows how mail programs of many languages begin a quotation. It says where the text
is cut; the lines are taken as they were typed. Where everything stands below the quotation, or between its
lines, it is kept with what it answers: no word is ever lost, and the whole mail stays beside.
"""

from __future__ import annotations

import re

from mailparser_reply import EmailReplyParser

from formapp.incoming_mail.html_text import html_to_text
from formapp.notifications.email.above_this_line import ABOVE_THIS_LINE

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "da", "sv", "cs", "ja", "zh"]
# RFC 3676, 4.3; mail programs drop the blank at its end.
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_QUOTED = re.compile(r"^\s*>")
# An empty line, or the one that Outlook puts above a quotation.
_RULE = re.compile(r"\s*(?:_*|-{3,}[^-]*-{3,})\s*")


def new_text(text: str, *, drop_quotes: bool) -> str:
    """What is new in a text whose lines end with a line feed.

    With ``drop_quotes`` nothing is left of what stands below the beginning of a quotation, and no quoted line.
    """
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
        kept = [line for line in kept if not _QUOTED.match(line)]
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


def whole_text(plain: str, html: str) -> str:
    """What a mail says, by its plain part where that says anything, else by its HTML. Lines end with a line feed."""
    said = plain.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return said if said.strip() else html_to_text(html)
