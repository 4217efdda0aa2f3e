"""What a policy may ask for at the most: what whoever keeps it can receive and store.

Plain numbers, so that this package knows nothing of the desk; the desk's tests compare them with its columns and with
what its web server takes.
"""

from __future__ import annotations

LONGEST_ID = 64
LONGEST_SUBJECT = 1_000
LONGEST_URL = 8_000
LONGEST_DESCRIPTION = 100_000
MOST_FILES = 100
MOST_MEGABYTES = 100
"""Of all files of one form together: without script they come in one request."""
MOST_DAYS_TO_REOPEN = 365
LONGEST_KIND = 32
MOST_FORMS = 20
MOST_FIELDS = 50
LONGEST_FIELD_TEXT = 1_000
MOST_DAYS_BEFORE = 366
TAKEN_NAMES = frozenset(
    "answers clean csrf_token customer description draft email feedback file files follows form language made_for page "  # noqa: SIM905
    "pages_shown priority project promised section submission subject url version written_from".split()
)
"""What a form has of its own, or an address that leads to it: no field of a policy can be called so."""
RUN_BY_BROWSERS = frozenset({"svg", "svgz", "html", "htm", "xhtml", "xht", "shtml", "mhtml", "mht"})
"""Endings of files in which browsers run script."""
PROGRAMS = frozenset("exe com scr pif msi bat cmd vbs vbe jse wsf wsh hta cpl lnk".split())  # noqa: SIM905
"""Endings of files that a double click runs."""
NOT_RECOGNISED = frozenset(
    "apk class dll docm dmp ear etl evtx hprof ipa jar jfr msg numbers p12 pages parquet pcap pcapng pfx pptm pyc so "  # noqa: SIM905
    "tar.bz2 tar.xz tar.zst war xlsm".split()
)
"""Kinds of binary files that the desk can't tell by their content, so that it refuses each: it takes them for text."""
RECOGNISED = frozenset("7z bz2 docx gif gz jpg jpeg mp4 pdf png pptx rar tar webp xlsx xz zip zst".split())  # noqa: SIM905
"""Endings that are told by content, each alone: a kind of several parts that ends so is refused, but for tar.gz."""
