"""The audit log for people at the desk: who did what, when and from where. It can be read, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, request, url_for
from werkzeug.wrappers import Response

from formapp import audit
from formapp.accounts.accounts import find_account_by_email
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number

blueprint = Blueprint("audit_log", __name__)

PAGE_SIZE = 50
LONGEST_ADDRESS = 254
OPERATOR, DESK, SOMEBODY = gettext_noop("An operator"), gettext_noop("The desk"), gettext_noop("Somebody")
REASONS = {
    "link": gettext_noop("the link was used, had run out, or never was"),
    "too-often": gettext_noop("too many links were asked for"),
    "unknown-address": gettext_noop("the address has no account"),
    "disabled": gettext_noop("the account is disabled"),
}

PLACES = {"mail": gettext_noop("mail"), "unknown": gettext_noop("unknown"), "worker": gettext_noop("worker")}
DETAILS = {
    "channel": gettext_noop("Channel"),
    "conversations": gettext_noop("Conversations"),
    "files": gettext_noop("Files"),
    "kind": gettext_noop("Kind"),
    "lines": gettext_noop("Lines"),
    "messages": gettext_noop("Messages"),
    "method": gettext_noop("Method"),
    "number": gettext_noop("Number"),
    "project": gettext_noop("Project"),
    "route": gettext_noop("Route"),
    "rows": gettext_noop("Rows"),
    "staff": gettext_noop("Staff"),
    "ticket": gettext_noop("Ticket"),
    "tickets": gettext_noop("Tickets"),
}


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of the log in words."""

    at: datetime
    who: str
    email: str
    what: str
    origin: str
    details: tuple[str, ...]


@blueprint.get("/desk/audit")
def lines() -> Response:
    """A page of the log, the newest first; of one person or one kind, where that is asked for."""
    desk, typed, kind = web(), request.args.get("person", "").strip(), request.args.get("kind", "")
    if kind and kind not in audit.KINDS:
        abort(404)
    key = request.args.get("before", "")
    before = row_number(key) if key else None
    account = find_account_by_email(desk.services, typed) if 0 < len(typed) <= LONGEST_ADDRESS else None
    error = _("No account has this address") if typed and account is None else ""
    found = (
        ()
        if error
        else audit.entries(
            desk.services, account_id=account.id if account else None, kind=kind, before=before, most=PAGE_SIZE + 1
        )
    )
    return page(
        "audit-log.html",
        422 if error else 200,
        assets=("support-desk.css", "support-ticket.css"),
        lines=[_present(entry) for entry in found[:PAGE_SIZE]],
        kinds={key: _(words) for key, words in audit.KINDS.items()},
        kind=kind,
        # A page can't hold a NUL, so it is made visible.
        typed=typed[:LONGEST_ADDRESS].replace("\0", "\N{REPLACEMENT CHARACTER}"),
        error=error,
        first_page=_address(typed, kind) if before else "",
        next_page=_address(typed, kind, found[PAGE_SIZE - 1].id) if len(found) > PAGE_SIZE else "",
    )


def _address(person: str, kind: str, before: int | None = None) -> str:
    return url_for("audit_log.lines", person=person or None, kind=kind or None, before=before)


def _present(entry: audit.Entry) -> LineView:
    unknown = OPERATOR if entry.origin.startswith("command line") else DESK if entry.origin == "worker" else SOMEBODY
    words = _(audit.KINDS.get(entry.kind, entry.kind))
    return LineView(
        at=entry.at,
        who=entry.name or _(unknown),
        email=entry.email,
        what=words[:1].lower() + words[1:],
        origin=_place(entry.origin),
        details=tuple(_details(entry)),
    )


def _place(origin: str) -> str:
    """Where a line comes from: a network address is of no language."""
    where, comma, user = origin.partition(", ")
    if where == "command line":
        return _("command line, %(user)s", user=user) if comma else _("command line")
    return _(PLACES[origin]) if origin in PLACES else origin


def _details(entry: audit.Entry) -> list[str]:
    said = [f"{entry.subject_name}, {entry.subject_email}"] if entry.subject_email else []
    for name, value in entry.details.items():
        if name == "all":
            said.append(_("All open tickets") if value else _("What a search found"))
        elif name == "everywhere":
            said += [_("On all devices")] if value else []
        elif name == "reason":
            said.append(_("Why: %(reason)s", reason=_(REASONS.get(str(value), str(value)))))
        else:
            label = _(DETAILS[name]) if name in DETAILS else name.capitalize()
            said.append(f"{label}: {_word(value)}")
    return said


def _word(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
