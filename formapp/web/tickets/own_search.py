"""A customer's search: the words of tickets of the person's projects, among what customers see."""

from __future__ import annotations

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.tickets import queries, search
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id
from formapp.web.tickets.presenters import present_list

KEYS = ("status", "priority", "project")
"""What a customer can filter by; the rest of the search language is about the desk's work."""


def searched(typed: str) -> Response:
    """The list of what a search finds; the ticket itself where it is a reference of one's own."""
    desk, person = web(), own_account_id()
    try:
        asked = search.parse_search(typed, KEYS)
    except UseCaseError as refused:
        # A page can't hold a NUL, so it is made visible.
        visible = typed.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return _list(422, tickets=[], typed=visible, error=refused.message)
    try:
        if reference := search.reference_in(asked):
            ticket = queries.ticket_for(desk.services, person, reference)
            return redirect(url_for("tickets.show", reference=ticket.reference), 303)
    except NotFound:
        # It may be a number in a text.
        pass
    after = request.args.get("after", "")
    try:
        found = search.find_own_page(desk.services, asked, person, desk.clock(), after)
    except NotFound:
        abort(404)
    words = asked.as_search()
    return _list(
        tickets=present_list(desk.services, person, found.tickets, desk.clock()),
        typed=words,
        state=asked.state or "any",
        first_page=url_for("tickets.mine", search=words) if after else "",
        next_page=url_for("tickets.mine", search=words, after=found.next_key) if found.next_key else "",
    )


def _list(status: int = 200, /, **words: object) -> Response:
    more = {"error": "", "state": "any", "first_page": "", "next_page": "", "waiting": [], "more_waiting": "", **words}
    return page("tickets.html", status, assets=("support-desk.css",), **more)
