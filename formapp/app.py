"""The factory: it wires the desk's web side together and decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from formapp.services import Services, make_services, utc_now
from formapp.settings import Settings, settings_from
from formapp.translation import gettext, ngettext
from formapp.web import api, dev_inbox, feedback, monitoring, resubmission
from formapp.web.account import address_change, mails, unsubscribe
from formapp.web.account import settings as account
from formapp.web.account import sign_in as signin
from formapp.web.context import PREFIX, Clock, Web
from formapp.web.csrf import init_csrf
from formapp.web.desk import (
    audit_log,
    bulk,
    closures,
    gaps,
    new_ticket,
    people,
    projects,
    queue,
    reports,
    saved_replies,
    saved_views,
    tagging,
)
from formapp.web.desk import mail as incoming_mail
from formapp.web.desk import outbox as outgoing
from formapp.web.desk import ticket as desk_pages
from formapp.web.errors import init_error_pages
from formapp.web.hosts import init_hosts
from formapp.web.language import init_language
from formapp.web.layout import assets
from formapp.web.layout.filters import init_filters
from formapp.web.layout.shell import ShellFile
from formapp.web.permissions import init_permissions
from formapp.web.rate_limits import RateLimits
from formapp.web.request_head import init_request_head
from formapp.web.request_log import init_request_log
from formapp.web.security_headers import init_headers
from formapp.web.site import SiteFolder, guide_blueprint
from formapp.web.tickets import attachments as files
from formapp.web.tickets import confirm, in_copy, reply_form, solved, submit, watchers
from formapp.web.tickets import views as tickets

# Of the forms that take no files; the others are read to bounds of their own (formapp.web.body.form_data).
LARGEST_FORM = 1_000_000


class DeskApp(Flask):
    """Flask for plain functions, as our views all are: it needn't ask at each call whether one is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def create_app(
    settings: Settings | None = None,
    *,
    services: Services | None = None,
    clock: Clock | None = None,
    limits: RateLimits | None = None,
) -> Flask:
    """The guide and the desk as one WSGI application.

    Without arguments everything comes from the environment. Raises BadSetting or PolicyError where
    that can't be used; an absent database shows at the first request, not here.
    """
    services = services or make_services(settings or settings_from())
    settings = services.settings
    clock = clock or utc_now
    desk = Web(
        services=services,
        clock=clock,
        shell=ShellFile(settings.site_dir),
        assets=assets.load_assets(),
        limits=limits or RateLimits(services, clock),
        guide=SiteFolder(settings.site_dir) if settings.site_dir else None,
        origins=frozenset({settings.base_url, *settings.origins}),
    )
    app = DeskApp(__name__, static_folder=None, template_folder="web/templates")
    app.extensions["formapp"] = desk
    _configure(app, desk)
    # In this order: each request gets its id and its browser's language, then its length, its host and its
    # origin are judged, then whether its form was made for who sends it, and its right to the route.
    init_request_log(app)
    init_language(app)
    init_request_head(app)
    init_hosts(app)
    texts = {
        "tickets.reply": tickets.unsent_reply,
        "solved.answer": solved.unsent_answer,
        "desk.reply": desk_pages.unsent_text,
        "desk.note": desk_pages.unsent_text,
        "desk.insert": desk_pages.unsent_text,
    }
    asking = {endpoint: resubmission.text_from_elsewhere(show) for endpoint, show in texts.items()}
    scripted = {"files.upload": files.refuse, "files.remove": files.refuse, "monitoring.through": monitoring.refuse}
    # Mail programs send it, from anywhere and without cookies (RFC 8058); its signed address alone decides.
    by_mail_programs = {"unsubscribe.use"}
    init_csrf(
        app,
        {"tickets.create": submit.ask_once_more, **asking},
        scripted,
        resubmission.from_elsewhere,
        by_mail_programs,
    )
    resubmission.init_resubmission(
        app, {endpoint: resubmission.text_of_another_person(show) for endpoint, show in texts.items()}
    )
    init_permissions(app)
    init_headers(app, https=desk.https)
    without_database = dict.fromkeys(asking, reply_form.without_database)
    init_error_pages(app, {**without_database, "desk.insert": desk_pages.insert_without_database})
    at_the_queue = (queue, bulk, saved_views, saved_replies, reports, gaps, tagging, new_ticket)
    at_the_desk = (*at_the_queue, incoming_mail, closures, outgoing, audit_log, people, projects, desk_pages)
    at_the_door = (signin, address_change, confirm, in_copy, account, mails, unsubscribe)
    for_readers = (tickets, solved, watchers, feedback)
    for room in (*for_readers, *at_the_desk, *at_the_door, files, dev_inbox, assets, api, monitoring):
        app.register_blueprint(room.blueprint, url_prefix=PREFIX)
    if desk.guide is not None:
        app.register_blueprint(guide_blueprint(desk.guide, desk.guide.path))
    if settings.proxies:
        # What is limited by machine would else be limited for all visitors together. Nothing but the address
        # is believed: origin and host are the settings' to say.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, desk: Web) -> None:
    app.config.update(
        SECRET_KEY=desk.services.settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SESSION_COOKIE_NAME=desk.cookie("support"),
        SESSION_COOKIE_SECURE=desk.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        # An hour-old token must not cost an hour's typing; the origin is judged by us, before the token.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.jinja_env.auto_reload = False
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    init_filters(app.jinja_env)
