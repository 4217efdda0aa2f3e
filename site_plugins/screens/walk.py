"""Walks an app as a list says: what a step presses must be there, and lead to where it says.

What isn't there is told with the line of the guide whose step speaks of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Locator, Page
from playwright.sync_api import TimeoutError as TookTooLong

from site_plugins.screens.agreement import Step, path_of
from site_plugins.screens.app import App, NoSuchPerson, Session
from site_plugins.screens.model import NOBODY, Action, Entry, ScreenList, Target
from site_plugins.translation import gettext as _
from supportpolicy.problems import Problem
from supportpolicy.reading import did_you_mean

PHONE_WIDTH, HEIGHT, SHARPNESS = 360, 900, 2
# How long a step waits for what it presses, and a page to be answered, in milliseconds.
PATIENCE, PAGE_PATIENCE = 10_000, 30_000
# What a label may belong to.
FIELDS = {"checkbox", "combobox", "listbox", "radio", "searchbox", "slider", "spinbutton", "switch", "textbox"}
_NAMED = re.compile(r'^\s*- (?P<role>\w+) "(?P<name>(?:[^"\\]|\\.)*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Look:
    """In which colours, and on how wide a screen, an app is looked at."""

    dark: bool = False
    phone: bool = False


class Broken(Exception):
    """A step can't be done; the message says what is missing."""


Take = Callable[[Entry, Page], None]


@dataclass(frozen=True, slots=True)
class Walk:
    """One way through a list. ``take`` is called where an entry's picture is to be seen."""

    screens: ScreenList
    steps: Mapping[int, Step]
    app: App
    browser: Browser
    look: Look = Look()
    patience: int = PATIENCE

    def problems(self, take: Take | None = None) -> Iterator[Problem]:
        """What is missing, page by page; after a step that can't be done, the next with an address goes on."""
        for _page, entries in groupby(self.screens.entries, key=lambda entry: entry.page):
            with ExitStack() as stack:
                yield from self._page_problems(list(entries), stack, take)

    def _page_problems(self, entries: list[Entry], stack: ExitStack, take: Take | None) -> Iterator[Problem]:
        session: Session | None = None
        page: Page | None = None
        here, lost = ("", ""), False
        for entry in entries:
            if lost and not entry.open:
                continue
            try:
                if session is None or here[0] != entry.state:
                    session = stack.enter_context(self.app.session(entry.state))
                    page = None
                if page is None or here[1] != entry.signed_in:
                    page = self._new_page(stack, session)
                    self._sign_in(page, session, entry.signed_in)
                here, lost = (entry.state, entry.signed_in), False
                self._enter(page, session, entry, take)
            except (Broken, NoSuchPerson) as broken:
                lost = True
                yield self._problem(entry, str(broken))
            except Error as error:
                lost = True
                yield self._problem(entry, _("The browser says: %(error)s", error=error.message.splitlines()[0]))

    def _problem(self, entry: Entry, sentence: str) -> Problem:
        step = self.steps.get(entry.line)
        if step is None:
            return Problem(self.screens.file.as_posix(), entry.line, path_of(entry), sentence)
        return Problem(step.file, step.line, path_of(entry), f"{sentence} ({self.screens.place(entry.line)})")

    def _new_page(self, stack: ExitStack, session: Session) -> Page:
        width = PHONE_WIDTH if self.look.phone else self.screens.width
        context = self.browser.new_context(
            base_url=session.address,
            viewport={"width": width, "height": HEIGHT},
            device_scale_factor=SHARPNESS,
            locale=self.screens.language,
            timezone_id=self.screens.time_zone,
            reduced_motion="reduce",
            color_scheme="dark" if self.look.dark else "light",
        )
        stack.callback(context.close)
        context.set_default_timeout(self.patience)
        context.set_default_navigation_timeout(PAGE_PATIENCE)
        if self.screens.clock is not None:
            context.clock.set_fixed_time(self.screens.clock)
        return context.new_page()

    def _sign_in(self, page: Page, session: Session, who: str) -> None:
        if who in {"", NOBODY}:
            return
        left = session.sign_in(page, who)
        for action in left.steps if left else ():
            self._do(page, action)

    def _enter(self, page: Page, session: Session, entry: Entry, take: Take | None) -> None:
        if entry.open:
            answer = page.goto(f"{session.address}{entry.open}")
            if answer is not None and answer.status >= 400:
                raise Broken(_("%(path)s answers %(status)s.", path=entry.open, status=answer.status))
        for action in entry.before:
            self._do(page, action)
        for action in entry.steps[: entry.picture_before]:
            self._do(page, action)
        self._look(page, entry, take)
        for action in entry.steps[entry.picture_before :]:
            self._do(page, action)

    def _look(self, page: Page, entry: Entry, take: Take | None) -> None:
        view = entry.phone if self.look.phone else entry.wide
        for target in (*entry.visible, *view.crop, *view.ring):
            self.find(page, target)
        if take is not None and entry.picture:
            page.wait_for_load_state("networkidle")
            take(entry, page)

    def _do(self, page: Page, action: Action) -> None:
        if action.kind == "picture":
            return
        found = self.find(page, action.target)
        if action.kind == "press":
            found.click()
        elif action.kind == "fill":
            found.fill(_value(action.value))
        elif action.value:
            self._choose(found, action)
        else:
            found.check()
        if action.leads_to:
            self._arrive(page, action)
        if action.shows is not None:
            self.find(page, action.shows)

    def _choose(self, found: Locator, action: Action) -> None:
        options = [" ".join(one.split()) for one in found.locator("option").all_inner_texts()]
        if action.value not in options:
            sentence = _('%(field)s has no choice "%(option)s"', field=action.target, option=action.value)
            raise Broken(did_you_mean(sentence, action.value, options))
        found.select_option(label=action.value)

    def _arrive(self, page: Page, action: Action) -> None:
        try:
            page.wait_for_url(lambda url: fnmatchcase(urlsplit(url).path, action.leads_to), timeout=self.patience)
        except TookTooLong:
            raise Broken(
                _(
                    "%(what)s leads to %(path)s, not to %(expected)s.",
                    what=action.target,
                    path=urlsplit(page.url).path,
                    expected=action.leads_to,
                )
            ) from None

    def find(self, page: Page, target: Target) -> Locator:
        """The first that is seen of what is meant. Raises Broken."""
        within = self.find(page, target.within) if target.within else page.locator("body")
        found = _locate(within, target).filter(visible=True).first
        try:
            found.wait_for(state="visible")
        except TookTooLong:
            raise Broken(_missing(page, target)) from None
        return found


def _locate(within: Locator, target: Target) -> Locator:
    if target.kind == "css":
        return within.locator(target.name)
    name = _pattern(target.name)
    if target.kind == "field":
        return within.get_by_label(name)
    if target.kind == "text":
        return within.get_by_text(name)
    return within.get_by_role(target.kind, name=name) if target.name else within.get_by_role(target.kind)  # type: ignore[arg-type]


def _pattern(name: str) -> re.Pattern[str]:
    """The whole name, or the beginning of one, with any spaces between its words."""
    words = r"\s+".join(map(re.escape, name.removesuffix("...").split()))
    return re.compile(rf"^\s*{words}" + ("" if name.endswith("...") else r"\s*$"))


def _missing(page: Page, target: Target) -> str:
    """What isn't there, where, and what has nearly its name."""
    sentence = _("There is no %(what)s on %(path)s", what=target, path=urlsplit(page.url).path)
    roles = FIELDS if target.kind == "field" else {target.kind}
    known = {one["name"] for one in _NAMED.finditer(page.locator("body").aria_snapshot()) if one["role"] in roles}
    near = did_you_mean(sentence, target.said, known)
    return near if len(known) < 8 or "?" in near else f"{sentence}."


def _value(written: str) -> str:
    """What is typed; "$NAME" is what the environment has, so that no password stands in a list."""
    if not re.fullmatch(r"\$[A-Z][A-Z0-9_]*", written):
        return written
    if written[1:] not in os.environ:
        raise Broken(_("The environment has no %(name)s, which the list types.", name=written[1:]))
    return os.environ[written[1:]]
