"""From the list's file to its values: every mistake in it is told with its line, and what can be read is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import yaml

from site_plugins.screens.model import NOBODY, Action, Entry, Kind, ScreenList, SignIn, Target, View
from site_plugins.translation import gettext as _
from supportpolicy.problems import Problem
from supportpolicy.reading import Node, Reader, did_you_mean

ROLES = (
    *("alert", "article", "banner", "button", "cell", "checkbox", "combobox", "complementary", "contentinfo", "dialog"),
    *("form", "group", "heading", "img", "link", "list", "listitem", "main", "menuitem", "navigation", "option"),
    *("radio", "region", "row", "search", "searchbox", "status", "switch", "tab", "table", "tabpanel", "textbox"),
)
KINDS = (*ROLES, "field", "text", "css")
STATES = ("people", "tickets")
_ENTRY = ("picture", "text", "alt", "state", "signed_in", "open", "before", "steps", "visible", "crop", "ring", "phone")
_NO_VIEW = View((), ())


class ListError(ValueError):
    """The list can't be used; ``problems`` holds all that is wrong with it, in the order of its lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


def load_list(file: Path) -> ScreenList:
    """The list in this file. Raises ListError."""
    reader = Reader(file.as_posix())
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        reader.problem(error.object[: error.start].count(b"\n") + 1, "", _("This line is not UTF-8 text."))
        raise ListError(reader.problems) from None
    except OSError as error:
        reader.problem(1, "", _("The list can't be read: %(reason)s.", reason=error.strerror))
        raise ListError(reader.problems) from None
    root = reader.compose(text if text.strip() else "{}")
    found = _read(root, file) if root else None
    if found is None or reader.problems:
        raise ListError(reader.problems)
    return found


def _read(root: Node, file: Path) -> ScreenList:
    fields = root.fields(("pictures",), ("base_url", "clock", "language", "time_zone", "width", "folder", "people"))
    base_url = _base_url(fields["base_url"]) if "base_url" in fields else ""
    people = _people(fields["people"], base_url) if "people" in fields else {}
    entries: list[Entry] = []
    for node in fields["pictures"].items() if "pictures" in fields else ():
        entry = _entry(node, entries[-1] if entries else None)
        if base_url and entry.signed_in not in {*people, NOBODY, ""}:
            sentence = _('"people" says nothing of "%(who)s"', who=entry.signed_in)
            node.problem(did_you_mean(sentence, entry.signed_in, people))
        if base_url and entry.state != STATES[0]:
            node.problem(_('"state" is one of the demo; an app of yours is made ready by "before".'))
        entries.append(entry)
    _find_twins(root.reader, entries)
    return ScreenList(
        file=file,
        base_url=base_url,
        clock=_clock(fields["clock"]) if "clock" in fields else None,
        language=_text(fields, "language") or "en-GB",
        time_zone=_text(fields, "time_zone") or "UTC",
        width=(fields["width"].number(320, 2000) or 0) if "width" in fields else 720,
        folder=_text(fields, "folder") or "pictures",
        people=people,
        entries=tuple(entries),
    )


def _text(fields: Mapping[str, Node], name: str) -> str:
    return (fields[name].text() or "") if name in fields else ""


def _base_url(node: Node) -> str:
    text = node.text() or ""
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname):
        node.problem(_('"%(text)s" is no address; write one as in "https://app.example".', text=text))
    return text.rstrip("/")


def _clock(node: Node) -> datetime | None:
    text = node.text()
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        found = None
    if text and (found is None or found.tzinfo is None):
        node.problem(
            _('"%(text)s" is no instant; write one with its zone, as in "2026-11-24T14:00:00+00:00".', text=text)
        )
        return None
    return found


def _people(node: Node, base_url: str) -> dict[str, SignIn]:
    if not base_url:
        node.problem(_('"people" is for an app of yours, with "base_url"; the demo knows its own.'))
    found = {}
    for name, one in node.entries().items():
        fields = one.fields(("open",), ("steps",))
        found[name] = SignIn(_address(fields["open"]) if "open" in fields else "", _actions(fields, "steps"))
    return found


def _address(node: Node) -> str:
    text = node.text() or ""
    if text and not text.startswith("/"):
        node.problem(_('"%(text)s" is no address within the app; begin with "/".', text=text))
    return text


def _entry(node: Node, before: Entry | None) -> Entry:
    """One entry. State and person go on from the one before it on the same page; so does the place without ``open``."""
    fields = node.fields(("page",), _ENTRY)
    page = _text(fields, "page")
    same = before if before is not None and before.page == page else None
    picture, text = _text(fields, "picture"), _text(fields, "text")
    if bool(picture) == bool(text) and "page" in fields:
        node.problem(_('Write either "picture", with its file, or "text", with words of the line that is tried.'))
    if picture:
        _find_missing_parts(node, fields)
    if same is None and "open" not in fields and fields:
        node.problem(_('The first entry of a page needs "open", the address at which it begins.'))
    wide = _view(fields, _NO_VIEW)
    phone = fields["phone"].fields((), ("crop", "ring")) if "phone" in fields else {}
    return Entry(
        line=node.line,
        page=page,
        picture=picture,
        text=text,
        alt=_text(fields, "alt"),
        state=_state(fields["state"]) if "state" in fields else same.state if same else STATES[0],
        signed_in=_text(fields, "signed_in") or (same.signed_in if same else ""),
        open=_address(fields["open"]) if "open" in fields else "",
        before=_actions(fields, "before"),
        steps=_actions(fields, "steps"),
        visible=_targets(fields, "visible"),
        wide=wide,
        phone=_view(phone, wide),
    )


def _find_missing_parts(node: Node, fields: Mapping[str, Node]) -> None:
    for name in ("alt", "crop"):
        if name not in fields:
            node.problem(_('A picture needs "%(name)s".', name=name))
    if "picture" in fields and not (fields["picture"].text() or "").endswith(".webp"):
        fields["picture"].problem(_('Pictures are saved as WebP; end the name in ".webp".'))


def _find_twins(reader: Reader, entries: list[Entry]) -> None:
    first: dict[str, int] = {}
    for entry in entries:
        if entry.picture and entry.picture in first:
            sentence = _(
                '"%(picture)s" is on the list twice, first in line %(line)s.',
                picture=entry.picture,
                line=first[entry.picture],
            )
            reader.problem(entry.line, "", sentence)
        first.setdefault(entry.picture, entry.line)


def _state(node: Node) -> str:
    text = node.text() or ""
    if text and text not in STATES:
        node.problem(did_you_mean(_('The demo has no state "%(state)s"', state=text), text, STATES))
    return text


def _view(fields: Mapping[str, Node], other: View) -> View:
    return View(
        _targets(fields, "crop") if "crop" in fields else other.crop,
        _targets(fields, "ring") if "ring" in fields else other.ring,
    )


def _targets(fields: Mapping[str, Node], name: str) -> tuple[Target, ...]:
    return tuple(_target(one) for one in fields[name].one_or_more()) if name in fields else ()


def _target(node: Node) -> Target:
    """Something on a page: ``banner``, or ``link: Open a ticket`` with ``within`` where there are several."""
    if isinstance(node.node, yaml.ScalarNode):
        kind = node.text() or ""
        if kind and kind not in ROLES:
            node.problem(did_you_mean(_('There is no role "%(role)s"', role=kind), kind, ROLES))
        return Target(kind, "", node.line)
    entries = node.entries()
    within = _target(entries.pop("within")) if "within" in entries else None
    if len(entries) != 1:
        node.problem(_('Name one thing by its role and name, as in "{link: Open a ticket}".'))
        return Target("", "", node.line, within)
    ((kind, name),) = entries.items()
    if kind not in KINDS:
        name.problem(did_you_mean(_('There is no role "%(role)s"', role=kind), kind, KINDS))
    return Target(kind, name.text() or "", name.line, within)


def _actions(fields: Mapping[str, Node], name: str) -> tuple[Action, ...]:
    return tuple(_action(one) for one in fields[name].items()) if name in fields else ()


def _action(node: Node) -> Action:
    if isinstance(node.node, yaml.ScalarNode) and node.node.value == "picture":
        return Action("picture", Target("", "", node.line), "", "", None, node.line)
    kinds = [kind for kind in ("press", "fill", "choose") if kind in node.entries()]
    if len(kinds) != 1:
        node.problem(_('A step is one of "press", "fill" and "choose", as in "press: {link: Open a ticket}".'))
        return Action("press", Target("", "", node.line), "", "", None, node.line)
    kind = cast(Kind, kinds[0])
    value = {"press": (), "fill": ("with",), "choose": ("option",)}[kind]
    fields = node.fields((kind, *(value if kind == "fill" else ())), (*value, "leads_to", "shows"))
    return Action(
        kind=kind,
        target=_target(fields[kind]),
        value=_text(fields, value[0]) if value else "",
        leads_to=_address(fields["leads_to"]) if "leads_to" in fields else "",
        shows=_target(fields["shows"]) if "shows" in fields else None,
        line=node.line,
    )
