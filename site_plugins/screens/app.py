"""What pictures are taken of: an app that answers at an address, and lets people sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import Page

from site_plugins.screens.model import ScreenList, SignIn


class NoSuchPerson(LookupError):
    """Nobody of this name can be signed in; the message says so."""


@dataclass(frozen=True, slots=True)
class Session:
    """An app that answers, and how people sign in there."""

    address: str
    sign_in: Callable[[Page, str], SignIn | None]
    """Opens what signs somebody in; steps of the list's that are left to do are handed back."""


class App(Protocol):
    """An app to walk in."""

    def session(self, state: str, /) -> AbstractContextManager[Session]:
        """The app in a state of its own."""


@dataclass(frozen=True, slots=True)
class RunningApp:
    """An app of a writer's own, which runs at the address that the list names."""

    screens: ScreenList

    @contextmanager
    def session(self, _state: str) -> Iterator[Session]:
        """The app as it is; what a picture needs is made ready by its own steps."""
        yield Session(self.screens.base_url, self._sign_in)

    def _sign_in(self, page: Page, who: str) -> SignIn:
        sign_in = self.screens.people[who]
        page.goto(f"{self.screens.base_url}{sign_in.open}")
        return sign_in
