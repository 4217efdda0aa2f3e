"""What several tables say of their columns."""

from __future__ import annotations

LARGEST_ID = 2**31 - 1
"""Beyond it PostgreSQL has no numbers for rows."""


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition of a column that holds one of a few words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
