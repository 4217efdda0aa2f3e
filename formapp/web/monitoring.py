"""For machines that watch the desk: does it live, can it serve, how is it doing."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Iterator

from flask import Blueprint, abort, jsonify, make_response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from formapp import audit
from formapp.database import schema
from formapp.operations import lane_rounds
from formapp.operations.doctor import probe
from formapp.operations.metrics import Figures, figures_of
from formapp.web.audit_origin import audit_origin
from formapp.web.body.multipart import CHUNK
from formapp.web.context import web

blueprint = Blueprint("monitoring", __name__)
LIBRARY_MISSING = (
    "Metrics need the package prometheus-client. Install the extra: pip install 'support-guide[metrics]'\n"
)


@blueprint.get("/healthz")
def health() -> Response:
    """200 while this process answers at all; asks nobody else, so that an outage elsewhere restarts nothing."""
    answer = _plain("ok\n")
    # The form's script reads it from a guide on another host, too: by the word it knows that the desk answers.
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/readyz")
def ready() -> Response:
    """200 while tickets can be taken and worked on, else 503 with what is missing.

    A mailbox that is away is told beside: it keeps its mail, and nobody's ticket waits for it.
    """
    missing = "\n".join(_missing())
    if missing:
        return _plain(f"{missing}\n", 503)
    age = lane_rounds.stale_lanes(web().services, web().clock()).get(lane_rounds.FETCHING_MAIL)
    late = f"the mailbox was last looked into {int(age.total_seconds() // 60)} minutes ago\n" if age else ""
    return _plain(f"ready\n{late}")


def _missing() -> Iterator[str]:
    database = web().services.database
    try:
        current = schema.current_revision(database)
    except SQLAlchemyError:
        yield "the database doesn't answer"
        return
    if current != schema.newest_revision():
        yield f"the database is at revision {current}, not {schema.newest_revision()}; run: formapp db upgrade"
        return
    for lane, age in lane_rounds.stale_lanes(web().services, web().clock()).items():
        if lane == lane_rounds.FETCHING_MAIL:
            continue
        yield f"the worker's lane {lane} has finished no round for {int(age.total_seconds() // 60)} minutes"


@blueprint.get("/metrics")
def metrics() -> Response:
    """The desk's figures in Prometheus' text format, for who has the token of FORMAPP_METRICS_TOKEN."""
    desk = web()
    token = desk.services.settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        if token and given:
            details = {"method": request.method, "route": request.endpoint or ""}
            audit.note(desk.services, "permission-refused", audit_origin(None), desk.clock(), details=details)
        abort(404)
    try:
        from formapp.operations.prometheus import exposed
    except ImportError:
        return _plain(LIBRARY_MISSING, 501)
    figures: Figures = figures_of(desk.services, desk.clock())
    body, media_type = exposed(figures)
    answer = make_response(body)
    answer.headers["Content-Type"] = media_type
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/through")
def through() -> Response:
    """What of a request reaches the desk, for "formapp doctor --through" with the pass that it shows."""
    desk = web()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not probe.is_valid(given, desk.services.settings.secret_key, desk.clock()):
        abort(404)
    request.max_content_length = sys.maxsize
    length = 0
    while chunk := request.stream.read(CHUNK):
        length += len(chunk)
    forwarded = request.headers.get("X-Forwarded-For", "").replace(",", " ").split()
    port = request.environ.get("REMOTE_PORT", "")
    answer = jsonify(length=length, forwarded=forwarded, port=port, counted=request.remote_addr)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def refuse() -> Response:
    """The answer to the doctor where the header Origin got lost on its way."""
    answer = jsonify(error="The origin isn't one of ours")
    answer.status_code = 403
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _plain(words: str, status: int = 200) -> Response:
    answer = make_response(words, status)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    answer.headers["Cache-Control"] = "no-store"
    return answer
