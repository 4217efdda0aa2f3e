"""Whether a request comes from a page of ours, told from what the browser itself says of its origin.

``Sec-Fetch-Site`` can't be forged by a page and is there on https and on the loopback even under
``Referrer-Policy: no-referrer``, which turns ``Origin`` into ``null``; plain http sends only ``Origin``.
"Same site" is a sibling host, and no reason for trust. See the Fetch Metadata specification (W3C).
"""

from __future__ import annotations

from collections.abc import Collection


def check_origin(fetch_site: str | None, origin: str | None, allowed: Collection[str]) -> bool:
    """Whether the posting page is on this origin or on the exact list; unknown is False."""
    if fetch_site == "same-origin":
        return True
    return origin is not None and origin != "null" and origin in allowed
