"""Colleagues whom somebody at the desk mentions in a note or a reply: "@Sam Rivera", or "@Sam" where there is one."""

from __future__ import annotations

import re
from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.models import Account

# Not within a word: an address such as ada@shop.example mentions nobody.
_BEGINS = r"(?<![\w.@])@"
_ENDS = r"(?!\w)"


def mentioned_in(database: Session, text: str) -> list[int]:
    """The numbers of the accounts of staff whom a text mentions, by name or, where no two share it, first name."""
    if "@" not in text:
        return []
    working = database.execute(
        select(Account.id, Account.name).where(Account.is_staff, Account.disabled_at.is_(None)).order_by(Account.id)
    ).all()
    names = {number: " ".join(name.split()) for number, name in working}
    first_names = Counter(_first(name) for name in names.values())
    found = []
    for number, name in names.items():
        called = [name, _first(name)] if first_names[_first(name)] == 1 else [name]
        if any(_is_called(text, one) for one in called):
            found.append(number)
    return found


def _first(name: str) -> str:
    return name.partition(" ")[0].casefold()


def _is_called(text: str, name: str) -> bool:
    words = r"\s+".join(re.escape(word) for word in name.split())
    return bool(words) and re.search(rf"{_BEGINS}{words}{_ENDS}", text, re.IGNORECASE) is not None
