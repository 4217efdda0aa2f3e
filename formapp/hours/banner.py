"""The file that tells the guide's pages of closures: static, so that it can be read while the desk is down."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from formapp.hours import closures
from formapp.logs import log
from formapp.models import StoredClosure
from formapp.services import Services
from formapp.translation import gettext as _
from formapp.when import both_ends, zone_words
from formapp.widgets.assets import CLOSURES_FILE
from formapp.widgets.built_site import version_folders
from formapp.widgets.closures import closure_labels
from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE, in_language

# A folder that can't be written stays so; it is told once, not at each round of the worker.
_told: set[tuple[Path, str]] = set()


def write(services: Services, now: datetime) -> bool:
    """Bring the file in the guide's folder up to date; whether it changed. Nothing is done without such a folder."""
    site_dir = services.settings.site_dir
    if site_dir is None:
        return False
    zone = services.policy.calendar.zone
    text = content(closures.upcoming_closures(services, now), zone, now)
    return write_beside_pages(site_dir, CLOSURES_FILE, text, "closures not written")


def write_beside_pages(site_dir: Path, name: str, text: str, event: str) -> bool:
    """Bring a file of the desk's in the guide's folder up to date, beside each of its versions; whether one changed.

    Where the folder can't be written the file stays as it was, which is logged once, as this
    ``event``: a guide that is served elsewhere must not stop the desk.
    """
    changed = [_write_into(folder / name, text, event) for folder in version_folders(site_dir) or (site_dir,)]
    return any(changed)


def _write_into(path: Path, text: str, event: str) -> bool:
    try:
        if path.exists() and path.read_bytes() == text.encode():
            return False
        _replace(path, text)
    except OSError as error:
        if (path, event) not in _told:
            _told.add((path, event))
            log.warning(event, file=str(path), reason=type(error).__name__)
        return False
    return True


def _replace(path: Path, text: str) -> None:
    """Put a whole file in place of the old one, readable for any server: nobody reads a half."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def content(announced: Sequence[StoredClosure], zone: ZoneInfo, now: datetime) -> str:
    """The file's text: each closure with its instants (UTC) and a sentence in the policy's zone, in each language."""
    rows = [
        {
            "start": _iso(one.starts_at),
            "end": _iso(one.ends_at),
            "words": _in(SOURCE_LANGUAGE, one, zone, now),
            "translations": {
                language: _in(language, one, zone, now) for language in LANGUAGES if language != SOURCE_LANGUAGE
            },
        }
        for one in announced
    ]
    labels = {"labels": closure_labels()} if rows else {}
    return json.dumps({"closures": rows, **labels}, ensure_ascii=False, indent=1) + "\n"


def _in(language: str, closure: StoredClosure, zone: ZoneInfo, now: datetime) -> str:
    with in_language(language):
        return sentence(closure, zone, now)


def sentence(closure: StoredClosure, zone: ZoneInfo, now: datetime) -> str:
    """ "Support is closed from Thursday 24 December, 12:00 to Monday 28 December, 09:00 Paris time: Winter break"."""
    start, end = both_ends(closure.starts_at, closure.ends_at, zone, now, short=False)
    return _(
        "Support is closed from %(start)s to %(end)s %(zone)s: %(note)s",
        start=start,
        end=end,
        zone=zone_words(zone),
        note=closure.note,
    )


def _iso(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
