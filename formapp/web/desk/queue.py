"""The staff queue: its pages, its search and filters, its export. All of it is for people at the desk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from formapp import audit
from formapp.errors import NotFound, UseCaseError
from formapp.incoming_mail import held
from formapp.operations import policy_in_use
from formapp.tickets import bulk, csv_export, saved_views, search, triage
from formapp.tickets.search import Filters, QueuePage
from formapp.tickets.tags import known_tags
from formapp.web.audit_origin import audit_origin
from formapp.web.context import web
from formapp.web.desk.bulk_presenter import BulkView, present_bulk
from formapp.web.desk.queue_presenter import (
    is_filtered,
    is_worth_saving,
    present_choices,
    present_queue,
    present_views,
)
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id, require_person
from formapp.when import zone_words

blueprint = Blueprint("queue", __name__)

CHOICES = ("status", "priority", "project", "assignee", "overdue")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected in the queue and typed into its form for several tickets, and why that was refused."""

    tickets: frozenset[str] = frozenset()
    assignee: str = ""
    tag: str = ""
    error: str = ""
    field: str = ""

    def after(self, refused: UseCaseError) -> Selection:
        """The same with what was refused."""
        return replace(self, error=refused.message, field=refused.field)


NOTHING_SELECTED = Selection()


@blueprint.get("/desk/")
def tickets() -> Answer:
    """A page of the queue. A sent form leads on to the one address that says what it asks for."""
    desk, arguments = web(), request.args
    typed, shown = arguments.get("search", ""), _search(arguments.get("was", ""))
    sent = "was" in arguments or any(name in arguments for name in CHOICES)
    chosen = _chosen(arguments, shown) if sent else shown
    try:
        asked = search.parse_search(typed)
    except UseCaseError as refused:
        # A page can't hold a NUL, so it is made visible.
        visible = typed.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return _queue_page(chosen, visible, shown.as_search(), error=refused.message)
    if sent:
        asked = search.merge_filters(asked, chosen, shown)
    if (ticket := _named_ticket(asked)) is not None:
        return redirect(url_for("desk.show", reference=ticket), 303)
    if sent:
        return redirect(_address(asked.as_search()), 303)
    after = arguments.get("after", "")
    try:
        found = search.find_page(desk.services, asked, own_account_id(), desk.clock(), after)
    except NotFound:
        abort(404)
    typed_for_several = Selection(tag=arguments.get("tag", "").replace("\0", ""))
    return _queue_page(asked, asked.as_search(), asked.as_search(), found, selection=typed_for_several, after=after)


def show_selection(typed: str, after: str, selection: Selection) -> Answer:
    """The page of the queue that a refused form for several tickets came from, with all that was selected."""
    desk = web()
    asked = _search(typed)
    try:
        found = search.find_page(desk.services, asked, own_account_id(), desk.clock(), after)
    except NotFound:
        abort(404)
    return _queue_page(asked, asked.as_search(), asked.as_search(), found, selection=selection, after=after)


@blueprint.get("/desk/tickets.csv")
def export() -> Answer:
    """All tickets of a search, as a file for spreadsheets; what can't be searched for is said on the page."""
    desk, typed = web(), request.args.get("search", "")
    try:
        asked = search.parse_search(typed)
    except UseCaseError:
        return redirect(_address(typed), 303)
    now = desk.clock()
    # What can't be recorded isn't handed out.
    audit.record_alone(
        desk.services, "tickets-exported", audit_origin(require_person()), now, details={"all": not typed.strip()}
    )
    lines = csv_export.csv_rows(desk.services, asked, own_account_id(), now)
    # Without the mark spreadsheets misread letters beyond ASCII.
    answer = Response(chain(["\ufeff"], lines), mimetype="text/csv")
    day = now.astimezone(desk.services.policy.calendar.zone).date()
    answer.headers.set("Content-Disposition", "attachment", filename=f"tickets-{day}.csv")
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _named_ticket(asked: Filters) -> str | None:
    """The reference of the ticket that the search names and that is there."""
    reference = search.reference_in(asked)
    try:
        return reference and triage.staff_ticket(web().services, own_account_id(), reference).reference
    except NotFound:
        return None


def _search(text: str) -> Filters:
    """What the form had when it was made; one that can't be read had nothing."""
    try:
        return search.parse_search(text)
    except UseCaseError:
        return Filters()


def _chosen(arguments: MultiDict[str, str], shown: Filters) -> Filters:
    return Filters(
        state=arguments.get("status", shown.shown_state),
        priority=arguments.get("priority", ""),
        project=arguments.get("project", ""),
        assignee=arguments.get("assignee", ""),
        overdue="overdue" in arguments,
    )


def _address(search: str, after: str = "", select: str = "") -> str:
    return url_for("queue.tickets", search=search or None, after=after or None, select=select or None)


def _bulk_result(number: str, person: int, now: datetime) -> BulkView | None:
    """What one's own action on several tickets did, where the address names one."""
    if not number:
        return None
    try:
        return present_bulk(bulk.result_of(web().services, person, row_number(number), now))
    except NotFound:
        return None


def _queue_page(
    filters: Filters,
    typed: str,
    was: str,
    found: QueuePage | None = None,
    *,
    error: str = "",
    after: str = "",
    selection: Selection = NOTHING_SELECTED,
) -> Answer:
    desk, now, arguments = web(), web().clock(), request.args
    person = own_account_id()
    rows = present_queue(desk.services, found.tickets, now) if found else []
    if arguments.get("select") == "all" and not selection.error:
        selection = replace(selection, tickets=frozenset(row.reference for row in rows))
    return page(
        "queue.html",
        422 if error or selection.error else 200,
        assets=("support-desk.css", "support-queue.css", "support-queue.js", "support-keys.js"),
        rows=rows,
        views=present_views(desk.services, filters if found else None, person, now),
        can_save=found is not None and is_worth_saving(desk.services, filters, person),
        choices=(choices := present_choices(filters, desk.services)),
        people=[choice for choice in choices["assignee"] if "@" in choice.value],
        selection=selection,
        select_all=_address(typed, after, select="all"),
        after=after,
        shown=now.isoformat(),
        known_tags=known_tags(desk.services),
        bulk=_bulk_result(arguments.get("done", ""), person, now),
        view_name_length=saved_views.LONGEST_NAME,
        filters=filters,
        is_filtered=is_filtered(filters),
        all_states=_address(replace(filters, state="any").as_search()),
        open_alone=_address(replace(filters, state="open").as_search()),
        typed=typed,
        was=was,
        error=error,
        held_mails=held.held_count(desk.services),
        edited_policy=policy_in_use.edited_file(desk.services.settings),
        zone=zone_words(desk.services.policy.calendar.zone),
        first_page=_address(typed) if after else "",
        next_page=_address(typed, found.next_key) if found and found.next_key else "",
        export=url_for("queue.export", search=typed or None),
    )
