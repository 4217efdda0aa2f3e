"""The first files of a site that gets a support guide: a small policy, a page, and what to add to ``mkdocs.yml``.

What is there already is never overwritten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.lists import format_list

from supportpolicy.languages import locale
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

POLICY_FILE = "support-policy.yml"
PAGE_FILE = "contact-support.md"
SETTINGS_FILE = "mkdocs.yml"
_LOCALTIME = Path("/etc/localtime")
_ADDRESS = re.compile(r"[^\s@\"'{}\[\],#]+@[^\s@\"'{}\[\],#]+\.[^\s@\"'{}\[\],#]+")

POLICY = """\
# What you promise, and how you decide. The handbook's page "Policy file" has every key. After an edit run:
#   python -m supportpolicy check
contact: {{email: {email}}}
calendar:
  timezone: {zone}
  hours: {{mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"],
          thu: ["09:00-17:00"], fri: ["09:00-17:00"]}}
  holidays: [{holidays}]
priorities:
  - id: urgent
    label: Urgent
    response: 2 business hours
    resolution: 1 business day
    criteria: [{{heading: Work stands still, list: [{{id: stopped, text: Nothing works and there is no way round.}}]}}]
  - id: normal
    label: Normal
    response: 1 business day
    resolution: best effort
    criteria: [{{heading: Work goes on, list: [{{id: hindered, text: Something is broken or missing.}}]}}]
chooser:
  questions:
    - id: work
      title: Can you go on working?
      options:
        - {{id: stopped, label: "No, nothing works"}}
        - {{id: hindered, label: "Yes, more or less"}}
  decide:
    - {{rule: stopped, when: {{work: stopped}}, priority: urgent, criterion: stopped, because: your work stands still}}
    - {{rule: hindered, when: {{work: hindered}}, priority: normal, criterion: hindered, because: your work goes on}}
form:
  subject_length: 200
  url_length: 2000
  description_length: 20000
  attachments: {{count: 10, size_mb: 10, total_mb: 25, kinds: [log, txt, csv, json, png, jpg, jpeg, webp, pdf, zip]}}
"""
PAGE = """\
# Contact support

```support-table
```

## Which priority?

```support-chooser
```

```support-table
show: criteria
```

## Open a ticket

```support-form
```
"""
# A site's first: with the search, which MkDocs has only where no plugins are named.
PLUGINS = "plugins:\n  - search\n  - support:\n      policy: support-policy.yml\n"
ITEM = "{indent}- support:\n{indent}    policy: support-policy.yml\n"


class NotStarted(Exception):
    """The files can't be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Start:
    """What would be written: each file with its whole text, and what else its writer has to do, as sentences."""

    files: Mapping[Path, str]
    changed: tuple[str, ...]
    to_do: tuple[str, ...]


def plan(folder: Path, email: str, zone: str, today: date) -> Start:
    """What a site in this folder needs. Raises NotStarted; nothing is written."""
    if not _ADDRESS.fullmatch(email):
        raise NotStarted(
            _(
                '"%(email)s" is no address; write one that people can always write to, as in help@shop.example.',
                email=email,
            )
        )
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise NotStarted(_('There is no time zone "%(zone)s"; write it as in Europe/Paris.', zone=zone)) from None
    settings = folder / SETTINGS_FILE
    text = settings.read_text("utf-8") if settings.is_file() else ""
    docs = folder / _value_of(text, "docs_dir", "docs")
    # A site's first page is its home.
    page = docs / (PAGE_FILE if text or (docs / "index.md").exists() else "index.md")
    new = {folder / POLICY_FILE: _policy(email, zone, today), page: PAGE}
    there = [path.relative_to(folder).as_posix() for path in new if path.exists()]
    if there:
        raise NotStarted(
            ngettext(
                "%(files)s is there already; nothing is changed.",
                "%(files)s are there already; nothing is changed.",
                len(there),
                files=format_list(there, locale=locale()),
            )
        )
    if not text:
        return Start({**new, settings: f"site_name: Support\n{PLUGINS}"}, (), tuple(_to_do(text)))
    with_plugin, added = _with_plugin(text)
    if not added:
        where = _("Add to the plugins in %(file)s:", file=SETTINGS_FILE)
        by_hand = (f"{where}\n{ITEM.format(indent='  ').rstrip()}",)
        return Start(new, (), (*by_hand, *_to_do(text)))
    return Start({**new, settings: with_plugin}, added, tuple(_to_do(text)))


def write(start: Start) -> None:
    """Write the files, new ones only where there are none. Raises OSError."""
    for path, text in start.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if path.name == SETTINGS_FILE else "x", encoding="utf-8") as file:
            file.write(text)


def own_zone(environment: Mapping[str, str] = os.environ) -> str:
    """This machine's time zone, as far as it can be told; else UTC."""
    named = environment.get("TZ", "").removeprefix(":")
    if not named and _LOCALTIME.is_symlink():
        named = str(_LOCALTIME.readlink()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key if named else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def _policy(email: str, zone: str, today: date) -> str:
    holidays = [date(year, *day) for year in (today.year, today.year + 1) for day in ((1, 1), (12, 25))]
    coming = [*(day for day in holidays if day >= today), date(today.year + 2, 1, 1)]
    return POLICY.format(email=email, zone=zone, holidays=", ".join(map(str, coming)))


def _with_plugin(text: str) -> tuple[str, tuple[str, ...]]:
    """The settings with our plugin, and the lines that were added; none where only a person can tell where."""
    if re.search(r"^\s*-\s+support\s*(:|$)", text, re.MULTILINE):
        return text, ()
    named = re.search(r"^plugins:[ \t]*(#.*)?\n((?:[ \t]*(#.*)?\n)*)(?P<indent>[ \t]*)- ", text, re.MULTILINE)
    if named:
        place, item = named.start("indent"), ITEM.format(indent=named["indent"])
        return text[:place] + item + text[place:], tuple(item.splitlines())
    if re.search(r"^plugins\s*:", text, re.MULTILINE):
        return text, ()
    return text.rstrip("\n") + f"\n\n{PLUGINS}", tuple(PLUGINS.splitlines())


def _to_do(text: str) -> Iterator[str]:
    if re.search(r"^nav\s*:", text, re.MULTILINE):
        line = f"- Contact support: {PAGE_FILE}"
        yield _('Add "%(line)s" to "nav" in %(file)s, where you want it.', line=line, file=SETTINGS_FILE)
    yield _("Edit %(file)s: hours, holidays and promises are only a beginning.", file=POLICY_FILE)
    yield _("Look at it: %(command)s", command="mkdocs serve")


def _value_of(text: str, key: str, default: str) -> str:
    found = re.search(rf"^{key}\s*:\s*[\"']?([^\"'#\n]+?)[\"']?\s*(#.*)?$", text, re.MULTILINE)
    return found[1] if found else default
