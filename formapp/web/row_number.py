"""The numbers of rows in addresses."""

from __future__ import annotations

import re

from flask import abort

from formapp.models import LARGEST_ID

# Not the "int" of routes, which takes digits of any script and numbers of any length.
_NUMBER = re.compile("[1-9][0-9]{0,9}")


def row_number(text: str) -> int:
    """The number of a row, as an address names it; answers 404 for what can't be one."""
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST_ID:
        abort(404)
    return int(text)
