"""The bar below each page of a preview: who is signed in at the sandbox desk, and what time it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Protocol
from urllib.parse import urlsplit

from babel.dates import format_date
from jinja2 import Environment, StrictUndefined
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from formapp.accounts import sessions
from formapp.demo.company import MEMBERS, PEOPLE
from formapp.models import Account
from formapp.preview.clock import PretendedClock
from formapp.services import Services
from formapp.translation import gettext, ngettext, spoken_locale
from formapp.translation import gettext as _
from formapp.web.context import PREFIX
from formapp.web.session_cookie import COOKIE, clear_session_cookie, set_session_cookie
from formapp.when import short_words, zone_words
from supportpolicy.languages import current_language, direction

HERE = f"{PREFIX}/sandbox"
STYLE = f"{HERE}/bar.css"
PERSON = f"{HERE}/person"
TIME = f"{HERE}/time"
STAFF_PAGES = f"{PREFIX}/desk/"
# As far as calendars and promises are counted without a thought for the ends of time.
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59)  # noqa: DTZ001 - of the policy's zone
SATURDAY = 5
NIGHT_HOUR = 2


class App(Protocol):
    """What the bar needs of the desk's web side."""

    def app_context(self) -> AbstractContextManager[object]:
        """The context in which the desk's cookies are set."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A person whom one can be, in words."""

    email: str
    words: str


class Bar:
    """Answers the bar's own addresses, and makes its HTML."""

    def __init__(self, clock: PretendedClock) -> None:
        self._clock = clock
        folder = resources.files("formapp.preview")
        self._style = folder.joinpath("assets", "bar.css").read_text("utf-8")
        environment = Environment(
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        self._template = environment.from_string(folder.joinpath("templates", "bar.html").read_text("utf-8"))

    def answer(self, services: Services, app: App, request: Request) -> Response | None:
        """What one of the bar's own addresses answers; None for any other."""
        if request.path == STYLE:
            return Response(self._style, content_type="text/css; charset=utf-8")
        if request.method != "POST" or request.path not in {PERSON, TIME}:
            return None
        try:
            form = request.form
        except HTTPException as error:
            return Response(status=error.code)
        if request.path == PERSON:
            return self._become(services, app, request, form.get("email", ""))
        return self._set_clock(services, app, request, form.get("preset") or form.get("at", ""))

    def html(self, services: Services, request: Request) -> str:
        """The bar as it stands at the end of a page."""
        now, zone = self._clock(), services.policy.calendar.zone
        person = self._person(services, request)
        local = now.astimezone(zone)
        return self._template.render(
            person=person,
            people=[*choices(), *_one_more(person)],
            now=short_words(now, zone, now),
            is_real=self._clock.is_real,
            value=f"{local:%Y-%m-%dT%H:%M}",
            earliest=f"{EARLIEST:%Y-%m-%dT%H:%M}",
            latest=f"{LATEST:%Y-%m-%dT%H:%M}",
            night=f"{_next_night(local):%Y-%m-%dT%H:%M}",
            night_words=f"{format_date(_next_night(local), 'EEEE', locale=spoken_locale())} {_next_night(local):%H:%M}",
            zone=zone_words(zone),
            language=current_language(),
            direction=direction(current_language()),
            style=STYLE,
            to_person=PERSON,
            to_time=TIME,
            prefix=PREFIX,
        )

    def _person(self, services: Services, request: Request) -> sessions.SignedIn | None:
        token = request.cookies.get(COOKIE)
        return sessions.signed_in_by(services, token, self._clock()) if token else None

    def _become(self, services: Services, app: App, request: Request, email: str) -> Response:
        """Sign this person in, or nobody."""
        answer = redirect(_back(request), 303)
        with services.read() as database:
            found = database.execute(select(Account.id, Account.is_staff).where(Account.email == email)).one_or_none()
        with app.app_context():
            if found is None:
                clear_session_cookie(answer)
            else:
                set_session_cookie(answer, sessions.open_session(services, found.id, self._clock()))
        if (found is None or not found.is_staff) and _back(request).startswith(STAFF_PAGES):
            answer.location = f"{PREFIX}/tickets"
        return answer

    def _set_clock(self, services: Services, app: App, request: Request, wanted: str) -> Response:
        """Let it be another time. Whoever is signed in stays so, however far that is away."""
        person = self._person(services, request)
        if wanted == "now":
            self._clock.pretend(None)
        else:
            local = _local(wanted)
            if local is None:
                sentence = _("Choose a day and a time between 2000 and 2099, then go back and try again.")
                return Response(f"{sentence}\n", 422, content_type="text/plain; charset=utf-8")
            self._clock.pretend(local.replace(tzinfo=services.policy.calendar.zone))
        answer = redirect(_back(request), 303)
        if person is not None:
            with app.app_context():
                set_session_cookie(answer, sessions.open_session(services, person.account_id, self._clock()))
        return answer


def choices() -> Iterator[Choice]:
    """The made-up people, each with what they are."""
    for email, name, is_staff in PEOPLE:
        count = sum(member == email for member, _project in MEMBERS)
        if is_staff:
            words = _("%(name)s, support staff", name=name)
        elif not count:
            words = _("%(name)s, customer without a project", name=name)
        else:
            words = ngettext(
                "%(name)s, customer with %(count)s project",
                "%(name)s, customer with %(count)s projects",
                count,
                name=name,
            )
        yield Choice(email, words)


def _one_more(person: sessions.SignedIn | None) -> Iterator[Choice]:
    """Somebody who came by a link of the inbox and is none of the made-up people."""
    if person is not None and all(person.email != email for email, _name, _staff in PEOPLE):
        yield Choice(person.email, person.name or person.email)


def _next_night(local: datetime) -> datetime:
    """The next Saturday at two in the morning."""
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night + timedelta(days=(SATURDAY - local.weekday()) % 7 or 7)


def _local(wanted: str) -> datetime | None:
    """A time as a browser's field sends it, without a zone; None for anything else."""
    try:
        found = datetime.fromisoformat(wanted)
    except ValueError:
        return None
    return found if found.tzinfo is None and EARLIEST <= found <= LATEST else None


def _back(request: Request) -> str:
    """The page of this server on which the button was pressed."""
    came_from = urlsplit(request.referrer or "")
    is_page = came_from.netloc == request.host and came_from.path.startswith("/") and came_from.path[1:2] != "/"
    if not is_page:
        return f"{PREFIX}/"
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
