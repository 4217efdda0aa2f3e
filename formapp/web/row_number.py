"""The numbers of rows in addresses: in paths and, where a list goes on, in the query."""

from __future__ import annotations

import re

from flask import abort

from formapp.models import LARGEST_ID

# Not the "int" of routes, which takes digits of any script and numbers of any length; nor a converter of our own: a
# path that no route matches is the guide's, which answers a form with 405.
_NUMBER = re.compile("[1-9][0-9]{0,9}")


def is_row_number(text: str) -> bool:
    """Whether a text can be the number of a row."""
    return bool(_NUMBER.fullmatch(text)) and int(text) <= LARGEST_ID


def row_number(text: str) -> int:
    """The number of a row, as an address names it; answers 404 for what can't be one."""
    if not is_row_number(text):
        abort(404)
    return int(text)
