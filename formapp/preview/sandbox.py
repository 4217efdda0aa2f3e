"""A desk to try a guide with: made-up people, a database that is thrown away, mails to look at, any time of day.

It answers on the port on which the guide is served, and only on the loopback: whoever reaches it may be anybody.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from formapp.app import create_app
from formapp.database import schema
from formapp.database.engine import open_database
from formapp.demo.company import add_demo
from formapp.logs import lines
from formapp.preview.bar import Bar
from formapp.preview.clock import PretendedClock
from formapp.preview.rounds import Rounds
from formapp.services import Services
from formapp.setting_values import is_loopback
from formapp.settings import Settings, sqlite_url
from formapp.storage import open_file_store
from formapp.tokens import new_token
from formapp.translation import gettext as _
from formapp.web.context import PREFIX
from formapp.web.csrf import SAFE, check_origin
from supportpolicy import Policy
from supportpolicy.languages import in_language, language_of_environment

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_FORM = 10_000
NAMES_OF_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


class NotOnLoopback(Exception):
    """The guide is served on an address that others may reach; the message says what to do."""


def require_loopback(host: str) -> None:
    """Raises NotOnLoopback where a guide on this host could be reached from other machines."""
    if not is_loopback(host):
        raise NotOnLoopback(
            _(
                "There is no sandbox desk on %(host)s, because everybody who reaches it could be anybody there. Serve "
                "the guide on 127.0.0.1 to have one.",
                host=host,
            )
        )


class Desk:
    """The desk's web side with one policy."""

    def __init__(self, services: Services, clock: PretendedClock) -> None:
        self.services = services
        self.app = create_app(services=services, clock=clock)


class Sandbox:
    """The desk while a guide is served. ``close`` ends its thread and removes all that it has written."""

    def __init__(self, policy_file: Path, site_dir: Path, host: str, port: int) -> None:
        require_loopback(host)
        self._folder = tempfile.TemporaryDirectory(prefix="support-sandbox-", ignore_cleanup_errors=True)
        var = Path(self._folder.name)
        here = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._settings = Settings(
            database_url=sqlite_url(var / "desk.sqlite3"),
            secret_key=new_token(),
            policy=policy_file,
            var=var,
            site_dir=site_dir,
            base_url=here,
            origins=frozenset(f"http://{name}:{port}" for name in NAMES_OF_THIS_MACHINE),
            dev_inbox=True,
        )
        self._clock = PretendedClock()
        self._database = open_database(self._settings.database_url)
        schema.upgrade(self._database)
        self._policy: Policy | None = None
        self._desk: Desk | None = None
        self._making = threading.Lock()
        self._bar = Bar(self._clock)
        self._wants_info, lines.wants_info = lines.wants_info, False
        self._rounds = Rounds(self._services, self._clock)

    def use_policy(self, policy: Policy) -> None:
        """Let this policy count from the next request on; promises that were given stay as they are."""
        self._policy = policy

    def around(self, guide: WSGIApplication) -> WSGIApplication:
        """The guide with the desk: what is below the desk's address goes to the desk, all else to the guide."""

        def both(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            return self._answer(guide, environ)(environ, start_response)

        return both

    def close(self) -> None:
        """End the thread and remove what was written. What is closed already stays so."""
        self._rounds.end()
        self._database.engine.dispose()
        self._folder.cleanup()
        lines.wants_info = self._wants_info

    def _answer(self, guide: WSGIApplication, environ: WSGIEnvironment) -> WSGIApplication:
        request = Request(environ)
        request.max_content_length = LONGEST_FORM
        is_desk = request.path == PREFIX or request.path.startswith(f"{PREFIX}/")
        desk = self._present_desk()
        if desk is None:
            return _without_policy() if is_desk else guide
        # The sandbox is for whoever sits here; a page of elsewhere neither reads it nor presses its buttons.
        if not self._is_from_here(request):
            return desk.app if is_desk else guide
        with in_language(language_of_environment()):
            if own := self._bar.answer(desk.services, desk.app, request):
                return own
        if not is_desk:
            return self._with_bar(desk, request, Response.from_app(guide, environ))
        answer = Response.from_app(desk.app, environ)
        if request.method not in SAFE:
            self._rounds.soon()
        return self._with_bar(desk, request, answer)

    def _is_from_here(self, request: Request) -> bool:
        origins = {self._settings.base_url, *self._settings.origins}
        if f"http://{request.host}" not in origins:
            return False
        own = check_origin(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), origins)
        return request.method in SAFE or own

    def _with_bar(self, desk: Desk, request: Request, answer: Response) -> Response:
        if answer.mimetype == "text/html" and request.method == "GET":
            page = answer.get_data()
            place = page.rfind(b"</body>")
            if place >= 0:
                with in_language(language_of_environment()):
                    bar = self._bar.html(desk.services, request)
                answer.set_data(page[:place] + bar.encode() + page[place:])
        return answer

    def _services(self) -> Services | None:
        desk = self._present_desk()
        return desk.services if desk else None

    def _present_desk(self) -> Desk | None:
        """The desk with the policy that counts now; None while there has been none that can be read."""
        with self._making:
            policy = self._policy
            if policy is None or (self._desk is not None and _says_the_same(self._desk.services.policy, policy)):
                return self._desk
            is_first = self._desk is None
            files = open_file_store("", self._settings.var)
            services = Services(self._settings, self._database, policy, files)
            if is_first:
                add_demo(services, self._clock())
            self._desk = Desk(services, self._clock)
            return self._desk


def open_sandbox(policy_file: Path, site_dir: Path, host: str, port: int) -> Sandbox:
    """A sandbox for the guide that is served from ``site_dir`` at this address. Raises NotOnLoopback."""
    return Sandbox(policy_file, site_dir, host, port)


def _says_the_same(one: Policy, other: Policy) -> bool:
    """Whether two policies are one that was read twice, as at each rebuild: the desk then stays as it is."""
    return one is other or (one.version, one.translations) == (other.version, other.translations)


def _without_policy() -> Response:
    with in_language(language_of_environment()):
        sentence = _("The help desk begins when the policy can be read. The preview says what is wrong with it.")
    return Response(f"{sentence}\n", 503, content_type="text/plain; charset=utf-8")
