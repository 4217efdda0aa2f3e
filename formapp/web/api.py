"""What other programs and the form's script fetch: dates, policy and hours for everybody, and what is one person's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Blueprint, jsonify, make_response, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from formapp.accounts.projects import active_projects_of
from formapp.hours import icalendar
from formapp.hours.quote import DueDate, PriorityQuote, quote_now
from formapp.translation import gettext as _
from formapp.web import form_owner
from formapp.web.context import web
from formapp.web.language import known_language
from formapp.web.session_cookie import current_person
from formapp.web.tickets.presenters import present_similar
from formapp.widgets import promised
from formapp.widgets.rendering import promise_words
from formapp.widgets.table import hours_sentence
from supportpolicy.languages import SOURCE_LANGUAGE, current_language, in_language

blueprint = Blueprint("api", __name__)
A_MINUTE = 60
AN_HOUR = 3600


def needs_database(view: Callable[[], Response]) -> Callable[[], Response]:
    """Answer a program plainly, not with a page, while the database is away."""

    @wraps(view)
    def answered() -> Response:
        try:
            return view()
        except SQLAlchemyError:
            answer = make_response(json.dumps({"error": "The database doesn't answer. Try again in a minute."}), 503)
            answer.headers["Content-Type"] = "application/json"
            answer.headers["Cache-Control"] = "no-store"
            answer.headers["Retry-After"] = str(A_MINUTE)
            return _shared(answer)

    return answered


@blueprint.get("/dates.json")
@needs_database
def dates() -> Response:
    """By when each priority is answered and solved if it is filed now, and whether support is open.

    Its words are English, whoever asks, or in the ``language`` that the address names.
    """
    desk = web()
    language = _language_asked_for() or SOURCE_LANGUAGE
    with in_language(language):
        policy = desk.services.policy.translated(language)
        found = quote_now(desk.services, desk.clock())
        promises = {
            one.id: {
                "response": one.response.words,
                "resolution": one.resolution.words,
                "words": promise_words(one),
            }
            for one in policy.priorities
        }
        opening = {"name": _("Opening hours"), "words": hours_sentence(policy.calendar)}
        gone = _("No longer offered")
    answer = {
        "policy_version": policy.version,
        "timezone": policy.calendar.zone.key,
        "at": _iso(found.at),
        "support": {
            "open": found.is_open,
            "until": _iso(found.changes) if found.changes else None,
            "words": found.state,
        },
        # By these a page that was made before the policy changed tells what it must not promise any more.
        "promised": promised.written(policy),
        "promises": promises,
        "hours": opening,
        "gone": gone,
        "priorities": {one.priority: _dates(one) for one in found.dates},
    }
    return _answer(json.dumps(answer, ensure_ascii=False), "application/json", A_MINUTE)


@blueprint.get("/policy.json")
def policy() -> Response:
    """The whole policy and its version, which is the SHA-256 of the text after ``"policy":``."""
    found = web().services.policy
    return _answer(f'{{"version":"{found.version}","policy":{found.canonical}}}', "application/json", AN_HOUR)


@blueprint.get("/hours.ics")
@needs_database
def hours() -> Response:
    """When support is open, for calendars that subscribe."""
    desk = web()
    with in_language(SOURCE_LANGUAGE):
        calendar = icalendar.hours_calendar(desk.services, desk.clock())
    answer = _answer(calendar, "text/calendar; charset=utf-8", AN_HOUR)
    answer.headers.set("Content-Disposition", "inline", filename="support-hours.ics")
    return answer


@blueprint.get("/form-context.json")
def form_context() -> Response:
    """Who is signed in and their projects, for the guide's form; only this origin's script can read it."""
    person = current_person()
    projects = active_projects_of(web().services, person.account_id) if person else ()
    return _personal(
        signed_in_as=person.email if person else "",
        sending_as=form_owner.words_for(person) if person else "",
        made_for=form_owner.mark(person.account_id) if person else "",
        projects=[{"key": project.key, "name": project.name} for project in projects],
    )


@blueprint.get("/similar.json")
def similar() -> Response:
    """What colleagues have just reported about the same thing, for the form's script; nothing for others."""
    person = current_person()
    with in_language(_language_asked_for() or current_language()):
        found = present_similar(person, request.args.get("project", ""), request.args.get("subject", ""))
    return _personal(
        similar=[
            {
                "reference": one.reference,
                "subject": one.subject,
                "sentence": one.sentence,
                "url": url_for("tickets.show", reference=one.reference),
            }
            for one in found
        ]
    )


def _language_asked_for() -> str:
    """The language of the page whose script asks; empty where the address names none that we speak."""
    return known_language(request.args.get("language"))


def _dates(found: PriorityQuote) -> dict[str, Any]:
    return {"response": _due(found.response), "resolution": _due(found.resolution)}


def _due(found: DueDate | None) -> dict[str, str] | None:
    return {"due": _iso(found.instant), "words": found.words, "short": found.short} if found else None


def _iso(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _answer(text: str, kind: str, seconds: int) -> Response:
    """An answer that everybody may keep for so long, and then only ask whether it still holds."""
    answer = make_response(text)
    answer.headers["Content-Type"] = kind
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    answer.add_etag()
    return _shared(answer).make_conditional(request)


def _personal(**values: Any) -> Response:  # noqa: ANN401 - what JSON can say
    """An answer for the person who is signed in, and for nobody's cache."""
    answer = jsonify(values)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Cookie")
    return answer


def _shared(answer: Response) -> Response:
    """Let pages of the further allowed origins read it; it is the same for all, so no cookies are wanted."""
    answer.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin in web().services.settings.origins:
        answer.headers["Access-Control-Allow-Origin"] = origin
    return answer
