"""Sizes of files in words; 1 MB is 1,000,000 bytes, as in the policy."""

from __future__ import annotations


def size_words(size: int) -> str:
    """A number of bytes as people read it: "812 bytes", "34 kB", "1.2 MB"; never rounded down to nothing."""
    if size < 1000:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    # From 999,500 on it would be "1,000 kB".
    if size < 999_500:
        return f"{(size + 500) // 1000} kB"
    tenths = (size + 50_000) // 100_000
    return f"{tenths // 10} MB" if tenths % 10 == 0 else f"{tenths / 10:.1f} MB"
