"""Each page of the desk by the list of its routes, with who looks at it: for walks over them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import NamedTuple
from urllib.parse import urlsplit

from formapp.accounts import address_changes, magic_links
from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.incoming_mail import held, processing
from formapp.incoming_mail.receive import receive
from formapp.models import Account, OutboxMessage
from formapp.notifications.recipients import NEW, OUTSIDE
from formapp.notifications.unsubscribing import Subscription, unsubscribe_url
from formapp.tickets import copy_invitations, drafts, page_feedback
from tests.browser.conftest import Desk
from tests.builders import stored
from tests.incoming_mail.mails import build_mail

STAFF, TICKET = "sam@platform.example", "SUP-1001"
ANYBODY, CUSTOMER, DESK = "", demo.CUSTOMER, STAFF
NO_PAGES = frozenset(
    {
        *("guide.home", "guide.page", "tickets.home", "layout.asset", "mail.whole", "queue.export", "reports.export"),
        *(
            "files.download",
            "files.preview",
            "files.desk_download",
            "files.desk_preview",
            "desk.filled_reply",
            "desk.newer",
            "tickets.newer",
        ),
        *("api.dates", "api.form_context", "api.hours", "api.policy", "api.similar"),
        *("monitoring.health", "monitoring.metrics", "monitoring.ready"),
    }
)
"""What is no page of the desk: files, data, the guide, and an address that only leads on."""


_NUMBERS = count(1)


class Place(NamedTuple):
    """Who looks at a page, and where it is."""

    who: str
    path: str | Callable[[Desk], str]


def staff_of(desk: Desk) -> Account:
    found = find_account_by_email(desk.services, STAFF)
    assert found
    return found


def newest_link(desk: Desk, kind: str) -> str:
    link = [one for one in stored(desk.services, OutboxMessage) if one.kind == kind][-1].payload["link"]
    return urlsplit(link).path


def sign_in_link(desk: Desk) -> str:
    return urlsplit(magic_links.create_link(desk.services, CUSTOMER, desk.clock())).path


def copy_link(desk: Desk) -> str:
    copy_invitations.ask(desk.services, staff_of(desk).id, 1, f"kim-{next(_NUMBERS)}@agency.example", desk.clock())
    return newest_link(desk, copy_invitations.MAIL)


def change_address_link(desk: Desk) -> str:
    """Of somebody else than who looks at pages; from the address of now, as a link may have been used."""
    (nora,) = [one for one in stored(desk.services, Account) if one.name == "Nora Haas"]
    new = f"nora-{next(_NUMBERS)}@new.example"
    address_changes.ask_to_change_address(desk.services, nora.email, new, desk.clock())
    return newest_link(desk, address_changes.CONFIRM_MAIL)


def confirm_link(desk: Desk) -> str:
    fields = {"subject": "Prices", "email": "lee@elsewhere.example", "description": "How much is it?"}
    return f"/support/confirm/{drafts.save_draft(desk.services, None, fields, desk.clock())}"


def feedback_thanks(desk: Desk) -> str:
    token = page_feedback.give_feedback(desk.services, "/ticket-priority/", "Too long", desk.clock(), helpful=False)
    return f"/support/feedback/{token}"


def leave_link(desk: Desk) -> str:
    named = Subscription(staff_of(desk).id, OUTSIDE, 1)
    return urlsplit(unsubscribe_url(desk.services.settings, named)).path


def held_mail(desk: Desk) -> str:
    """A mail of somebody unknown, another at each look."""
    mail = build_mail(sender="nobody@elsewhere.example", message_id=f"<{next(_NUMBERS)}@elsewhere.example>")
    number = receive(desk.services, mail, "pipe", desk.clock())
    processing.process(desk.services, number, desk.clock())
    return f"/support/desk/mail/{number}"


def spam_mail(desk: Desk) -> str:
    path = held_mail(desk)
    held.mark_as_spam(desk.services, staff_of(desk).id, int(path.rpartition("/")[2]), desk.clock())
    return path


def newest_mail(desk: Desk) -> str:
    mails = [one.id for one in stored(desk.services, OutboxMessage) if one.channel == "mail"]
    return f"/support/inbox/{mails[-1]}"


PAGES: Mapping[str, tuple[Place, ...]] = {
    "signin.ask": (Place(ANYBODY, "/support/sign-in"),),
    "signin.check_mail": (Place(ANYBODY, "/support/check-mail"),),
    "signin.look": (Place(ANYBODY, sign_in_link), Place(ANYBODY, "/support/sign-in/gone")),
    "confirm.look": (Place(ANYBODY, confirm_link), Place(ANYBODY, "/support/confirm/gone")),
    "confirm.done": (Place(ANYBODY, "/support/confirmed"),),
    "address.look": (Place(ANYBODY, change_address_link), Place(ANYBODY, "/support/change-address/gone")),
    "in_copy.look": (Place(ANYBODY, copy_link), Place(ANYBODY, "/support/in-copy/gone")),
    "unsubscribe.look": (
        Place(ANYBODY, leave_link),
        Place(
            ANYBODY,
            lambda desk: urlsplit(unsubscribe_url(desk.services.settings, Subscription(staff_of(desk).id, NEW))).path,
        ),
        Place(ANYBODY, "/support/unsubscribe/gone"),
    ),
    "feedback.ask": (Place(ANYBODY, "/support/feedback?page=/ticket-priority/"),),
    "feedback.thanks": (Place(ANYBODY, feedback_thanks),),
    "inbox.messages": (Place(ANYBODY, "/support/inbox"),),
    "inbox.message": (Place(ANYBODY, newest_mail),),
    "tickets.new": (
        Place(ANYBODY, "/support/tickets/new"),
        Place(CUSTOMER, "/support/tickets/new"),
        Place(DESK, "/support/tickets/new?customer=1"),
    ),
    "tickets.mine": (Place(CUSTOMER, "/support/tickets"),),
    "tickets.show": (Place(CUSTOMER, f"/support/tickets/{TICKET}"),),
    "tickets.sent": (Place(CUSTOMER, f"/support/tickets/{TICKET}/sent"),),
    "solved.look": (Place(CUSTOMER, "/support/tickets/SUP-1005/solved?answer=no"),),
    "account.projects": (Place(CUSTOMER, "/support/projects"),),
    "account.settings": (Place(CUSTOMER, "/support/account"), Place(DESK, "/support/account")),
    "account.sessions": (Place(CUSTOMER, "/support/account/sessions"),),
    "queue.tickets": (Place(DESK, "/support/desk/"),),
    "desk.show": (Place(DESK, f"/support/desk/{TICKET}"),),
    "new_ticket.choose": (Place(DESK, "/support/desk/new-ticket?search=a"),),
    "views.saved": (Place(DESK, "/support/desk/views"),),
    "saved_replies.saved": (Place(DESK, "/support/desk/saved-replies"),),
    "gaps.show": (Place(DESK, "/support/desk/guide"),),
    "reports.show": (Place(DESK, "/support/desk/reports"),),
    "closures.coming": (Place(DESK, "/support/desk/closures"),),
    "outgoing.messages": (Place(DESK, "/support/desk/outgoing"),),
    "outgoing.endpoint": (Place(DESK, "/support/desk/outgoing/endpoints/1"),),
    "mail.mails": (Place(DESK, "/support/desk/mail"),),
    "mail.one_mail": (Place(DESK, held_mail), Place(DESK, spam_mail)),
    "audit_log.lines": (Place(DESK, "/support/desk/audit"),),
    "people.everybody": (Place(DESK, "/support/desk/people"),),
    "people.person": (Place(DESK, "/support/desk/people/1"),),
    "people.add_form": (Place(DESK, "/support/desk/people/add"),),
    "people.import_form": (Place(DESK, "/support/desk/people/import"),),
    "projects.every": (Place(DESK, "/support/desk/projects"),),
    "projects.project": (Place(DESK, "/support/desk/projects/shop"),),
    "projects.add_form": (Place(DESK, "/support/desk/projects/add"),),
}


def places_of(desk: Desk, who: str) -> Iterator[str]:
    """The paths of the pages that this person looks at."""
    for place in (place for places in PAGES.values() for place in places if place.who == who):
        yield place.path if isinstance(place.path, str) else place.path(desk)
