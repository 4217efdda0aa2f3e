"""Making a page: a template filled and put into the guide's layout."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, current_app, make_response, url_for

from formapp.web.context import web
from formapp.web.form_owner import own_fields, words_for
from formapp.web.session_cookie import loaded_person
from formapp.widgets.sending import render_draft_line, render_sending
from supportpolicy.languages import current_language, direction

PAGE_ASSETS = ("support-common.css", "support-pages.css", "support-pages.js")


def page(name: str, status: int = 200, /, *, assets: tuple[str, ...] = (), **words: Any) -> Response:  # noqa: ANN401 - template values
    """The answer that shows template ``name``; ``assets`` are those it needs beside every page's own.

    Needs no database: the tabs appear only when this request has looked up who is signed in.
    """
    desk = web()
    shell = desk.shell.current()
    plain = ("support-plain.css",) if shell.is_plain else ()
    # The guide's layout brings the widgets' script and style itself.
    wanted = [desk.assets.by_name[asset] for asset in (*PAGE_ASSETS, *assets, *plain)]
    html = current_app.jinja_env.get_template(name).render(
        shell=shell,
        page_assets=[asset for asset in wanted if not shell.brings(asset.hashed_name)],
        url_for=url_for,
        own_fields=own_fields,
        person=loaded_person(),
        words_for=words_for,
        lang=current_language(),
        dir=direction(current_language()),
        reads_mail=bool(desk.services.settings.incoming_address),
        contact_email=desk.services.policy.contact_email,
        draft_line=render_draft_line,
        sending=partial(render_sending, desk.services.policy, "body submission", url_for("monitoring.health")),
        **words,
    )
    answer = make_response(html, status)
    # "no-store" would empty the form on Back; "no-cache" keeps it and still asks again.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(("Cookie", "Accept-Language"))
    return answer
