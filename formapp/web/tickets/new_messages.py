"""Whether a ticket has messages that an open page doesn't show yet: asked by its script, so cheap to answer."""

from __future__ import annotations

import re

from flask import jsonify, request
from werkzeug.wrappers import Response

from formapp.models import LARGEST_ID
from formapp.tickets import replies
from formapp.translation import ngettext
from formapp.web.context import web
from supportpolicy.languages import current_language

_NUMBER = re.compile("[0-9]{1,10}")


def new_messages(ticket_id: int, *, with_notes: bool) -> Response:
    """How many came after the one that the page names, in words; 304 while nothing changes. Notes only for staff."""
    told = request.args.get("after", "")
    after = int(told) if _NUMBER.fullmatch(told) else 0
    newest, count = replies.newer_messages(web().services, ticket_id, min(after, LARGEST_ID), with_notes=with_notes)
    said = ngettext("One new message.", "%(count)s new messages.", count, count=count) if count else ""
    answer = jsonify(said=said)
    answer.set_etag(f"{newest}-{count}-{current_language()}")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(("Cookie", "Accept-Language"))
    return answer.make_conditional(request)
