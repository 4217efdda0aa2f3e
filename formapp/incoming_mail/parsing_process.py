"""Takes a received message apart in a process of its own (``python -m formapp.incoming_mail.parsing_process``).

Strangers write what is read, and the parsers of messages, HTML and quotations take longer over some of it than
anybody may wait. Each mail starts such a process, so it imports no more than these parsers.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from dataclasses import asdict
from typing import BinaryIO

from formapp.incoming_mail.parsing import Unreadable, parse
from formapp.incoming_mail.reply_text import new_text, whole_text
from formapp.limited_process import answer

MOST_SECONDS = 10
MOST_MEMORY = 1024 * 1024 * 1024


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
