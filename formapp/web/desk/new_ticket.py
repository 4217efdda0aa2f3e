"""The first step of a ticket that staff file for a customer who calls: who it is. The form itself is the customers'."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from formapp.accounts import customers
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("new_ticket", __name__)

LONGEST_SEARCH = 200
MOST_SHOWN = 20


@blueprint.get("/desk/new-ticket")
def choose() -> Response:
    """Customers whose name or address has these words, each leading to the form; for everybody at the desk."""
    typed = request.args.get("search", "")[:LONGEST_SEARCH].replace("\0", "\N{REPLACEMENT CHARACTER}")
    found = customers.find_customers(web().services, own_account_id(), typed, most=MOST_SHOWN + 1)
    return page(
        "desk-new-ticket.html",
        assets=("support-desk.css",),
        typed=typed,
        people=found[:MOST_SHOWN],
        more=len(found) > MOST_SHOWN,
    )
