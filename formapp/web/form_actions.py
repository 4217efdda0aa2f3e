"""What each form of the desk does, in words: those of its button, what would happen, and the page that it stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import request

from formapp.text import excerpt
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.form_data import FormData

TICKET, DESK_TICKET = "tickets.show", "desk.show"
LONGEST_SHOWN = 100


class Action(NamedTuple):
    """What a form does: its button, the action in words, and where it stands, by endpoint and by name.

    Its words are in English until they are said. ``would`` names the ticket and what else the form says;
    ``has_text`` says that something is typed into it. ``unnamed`` says the action without the form's words, where
    ``would`` needs them.
    """

    button: str
    would: str
    page: str
    page_name: str
    has_text: bool = False
    unnamed: str = ""


_QUEUE = ("queue.tickets", gettext_noop("Queue"))
_VIEWS = ("views.saved", gettext_noop("Saved views"))
_REPLIES = ("saved_replies.saved", gettext_noop("Saved replies"))
_PEOPLE = ("people.everybody", gettext_noop("People"))
_PROJECTS = ("projects.every", gettext_noop("Projects"))
_PUT_IN_COPY = (gettext_noop("Put in copy"), gettext_noop("put a colleague in copy of %(reference)s"))
_TAKE_OUT_OF_COPY = (gettext_noop("Take out"), gettext_noop("take a colleague out of copy of %(reference)s"))
_ASK_INTO_COPY = (gettext_noop("Ask by mail"), gettext_noop("ask %(address)s to be in copy of %(reference)s"))
_ASK_NO_LONGER = (gettext_noop("Remove"), gettext_noop("no longer ask %(address)s to be in copy of %(reference)s"))
ACTIONS: Mapping[str, Action] = {
    "tickets.reply": Action(
        gettext_noop("Send reply"), gettext_noop("send it to %(reference)s"), TICKET, "%(reference)s", has_text=True
    ),
    "tickets.close": Action(gettext_noop("Close ticket"), gettext_noop("close %(reference)s"), TICKET, "%(reference)s"),
    "solved.answer": Action(
        gettext_noop("Send answer"),
        gettext_noop("send it to %(reference)s"),
        TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "watchers.add": Action(*_PUT_IN_COPY, TICKET, "%(reference)s"),
    "watchers.remove": Action(*_TAKE_OUT_OF_COPY, TICKET, "%(reference)s"),
    "watchers.desk_add": Action(*_PUT_IN_COPY, DESK_TICKET, "%(reference)s"),
    "watchers.desk_remove": Action(*_TAKE_OUT_OF_COPY, DESK_TICKET, "%(reference)s"),
    "watchers.ask": Action(*_ASK_INTO_COPY, TICKET, "%(reference)s", has_text=True),
    "watchers.withdraw": Action(*_ASK_NO_LONGER, TICKET, "%(reference)s"),
    "watchers.desk_ask": Action(*_ASK_INTO_COPY, DESK_TICKET, "%(reference)s", has_text=True),
    "watchers.desk_withdraw": Action(*_ASK_NO_LONGER, DESK_TICKET, "%(reference)s"),
    "in_copy.answer": Action(
        gettext_noop("Answer"), gettext_noop("send your answer"), "in_copy.look", gettext_noop("In copy")
    ),
    "desk.reply": Action(
        gettext_noop("Send reply"),
        gettext_noop("send it to %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.note": Action(
        gettext_noop("Add internal note"),
        gettext_noop("add it to %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.insert": Action(
        gettext_noop("Insert"),
        gettext_noop("insert the saved reply"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.assign": Action(
        gettext_noop("Assign"),
        gettext_noop("assign %(reference)s to %(assignee)s"),
        DESK_TICKET,
        "%(reference)s",
        unnamed=gettext_noop("assign %(reference)s"),
    ),
    "desk.correct": Action(
        gettext_noop("Save answers"),
        gettext_noop("save these answers of %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.close": Action(
        gettext_noop("Close without a reply"), gettext_noop("close %(reference)s"), DESK_TICKET, "%(reference)s"
    ),
    "desk.reopen": Action(gettext_noop("Reopen"), gettext_noop("reopen %(reference)s"), DESK_TICKET, "%(reference)s"),
    "desk.merge": Action(
        gettext_noop("Merge"),
        gettext_noop("merge %(reference)s into %(into)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.move": Action(
        gettext_noop("Move"),
        gettext_noop("move %(reference)s to the project %(project)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "desk.name_page": Action(
        gettext_noop("Save page"),
        gettext_noop("name %(guide_page)s as the page that should have answered %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "tagging.add": Action(
        gettext_noop("Add tag"),
        gettext_noop("add the tag %(tag)s to %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        has_text=True,
    ),
    "tagging.remove": Action(
        gettext_noop("Remove tag"),
        gettext_noop("remove the tag %(tag)s from %(reference)s"),
        DESK_TICKET,
        "%(reference)s",
        unnamed=gettext_noop("remove a tag from %(reference)s"),
    ),
    "bulk.change": Action(
        gettext_noop("Change tickets"), gettext_noop("change the selected tickets"), *_QUEUE, has_text=True
    ),
    "bulk.undo": Action(gettext_noop("Undo"), gettext_noop("undo what was done to several tickets"), *_QUEUE),
    "views.add": Action(gettext_noop("Save view"), gettext_noop("save the view %(name)s"), *_VIEWS, has_text=True),
    "views.change": Action(
        gettext_noop("Save changes"), gettext_noop("change the view %(name)s"), *_VIEWS, has_text=True
    ),
    "views.delete": Action(
        gettext_noop("Delete view"),
        gettext_noop("delete the view %(what)s"),
        *_VIEWS,
        unnamed=gettext_noop("delete a view"),
    ),
    "saved_replies.add": Action(
        gettext_noop("Save reply"), gettext_noop("save the reply %(name)s"), *_REPLIES, has_text=True
    ),
    "saved_replies.change": Action(
        gettext_noop("Save changes"), gettext_noop("change the saved reply %(name)s"), *_REPLIES, has_text=True
    ),
    "saved_replies.delete": Action(
        gettext_noop("Delete reply"),
        gettext_noop("delete the saved reply %(what)s"),
        *_REPLIES,
        unnamed=gettext_noop("delete a saved reply"),
    ),
    "closures.announce": Action(
        gettext_noop("Announce closure"),
        gettext_noop("announce the closure “%(note)s”"),
        "closures.coming",
        gettext_noop("Closures"),
        has_text=True,
    ),
    "closures.cancel": Action(
        gettext_noop("Cancel closure"),
        gettext_noop("cancel the closure “%(what)s”"),
        "closures.coming",
        gettext_noop("Closures"),
        unnamed=gettext_noop("cancel a closure"),
    ),
    "outgoing.replay": Action(
        gettext_noop("Send again"),
        gettext_noop("send “%(what)s” again"),
        "outgoing.messages",
        gettext_noop("Outgoing"),
        unnamed=gettext_noop("send a message again"),
    ),
    "outgoing.try_again": Action(
        gettext_noop("Try again"),
        gettext_noop("try “%(what)s” again"),
        "outgoing.messages",
        gettext_noop("Outgoing"),
        unnamed=gettext_noop("try work again"),
    ),
    "mail.accept": Action(gettext_noop("Accept"), gettext_noop("accept this mail"), "mail.mails", gettext_noop("Mail")),
    "mail.spam": Action(
        gettext_noop("Mark as spam"), gettext_noop("mark this mail as spam"), "mail.mails", gettext_noop("Mail")
    ),
    "mail.hold_again": Action(
        gettext_noop("Not spam"), gettext_noop("take this mail out of spam"), "mail.mails", gettext_noop("Mail")
    ),
    "people.add": Action(gettext_noop("Add person"), gettext_noop("add %(email)s"), *_PEOPLE, has_text=True),
    "people.import_table": Action(gettext_noop("Import"), gettext_noop("import these people"), *_PEOPLE, has_text=True),
    "people.rename": Action(
        gettext_noop("Save name"), gettext_noop("give the person the name %(name)s"), *_PEOPLE, has_text=True
    ),
    "people.change_address": Action(
        gettext_noop("Send link"),
        gettext_noop("send a link to %(email)s, which changes the person’s address"),
        *_PEOPLE,
        has_text=True,
    ),
    "people.cancel_address": Action(
        gettext_noop("Cancel change"), gettext_noop("cancel the change of address"), *_PEOPLE
    ),
    "people.invite": Action(
        gettext_noop("Send invitation"), gettext_noop("send an invitation to this person"), *_PEOPLE
    ),
    "people.sign_out": Action(
        gettext_noop("Sign out everywhere"), gettext_noop("sign this person out on all devices"), *_PEOPLE
    ),
    "people.disable": Action(gettext_noop("Disable account"), gettext_noop("disable this account"), *_PEOPLE),
    "people.enable": Action(gettext_noop("Enable account"), gettext_noop("enable this account"), *_PEOPLE),
    "people.make_staff": Action(gettext_noop("Make staff"), gettext_noop("make this person staff"), *_PEOPLE),
    "people.end_staff": Action(
        gettext_noop("Take out of staff"), gettext_noop("take this person out of staff"), *_PEOPLE
    ),
    "people.let_in": Action(gettext_noop("Let in"), gettext_noop("let this person in to a project"), *_PEOPLE),
    "people.take_out": Action(
        gettext_noop("Take out"),
        gettext_noop("take this person out of %(what)s"),
        *_PEOPLE,
        unnamed=gettext_noop("take somebody out"),
    ),
    "projects.add": Action(
        gettext_noop("Add project"), gettext_noop("add the project %(name)s"), *_PROJECTS, has_text=True
    ),
    "projects.change": Action(
        gettext_noop("Save changes"), gettext_noop("save these changes of %(key)s"), *_PROJECTS, has_text=True
    ),
    "projects.close": Action(gettext_noop("Close project"), gettext_noop("close the project %(key)s"), *_PROJECTS),
    "projects.reopen": Action(gettext_noop("Reopen project"), gettext_noop("reopen the project %(key)s"), *_PROJECTS),
    "projects.let_in": Action(
        gettext_noop("Let in"), gettext_noop("let %(email)s in to %(key)s"), *_PROJECTS, has_text=True
    ),
    "projects.take_out": Action(
        gettext_noop("Take out"),
        gettext_noop("take %(what)s out of %(key)s"),
        *_PROJECTS,
        unnamed=gettext_noop("take somebody out of %(key)s"),
    ),
    "feedback.send": Action(
        gettext_noop("Send answer"),
        gettext_noop("send your answer about the page"),
        "feedback.ask",
        gettext_noop("Was this page helpful?"),
        has_text=True,
    ),
    "address.use": Action(
        gettext_noop("Confirm address"),
        gettext_noop("confirm your new address"),
        "address.look",
        gettext_noop("Your new address"),
    ),
    "signin.send": Action(
        gettext_noop("Send me a link"),
        gettext_noop("get a sign-in link sent to %(email)s"),
        "signin.ask",
        gettext_noop("Sign in"),
        has_text=True,
    ),
    "confirm.send": Action(
        gettext_noop("Send ticket"), gettext_noop("send your ticket"), "confirm.look", gettext_noop("Send your ticket")
    ),
    "signin.use": Action(
        gettext_noop("Sign in"), gettext_noop("sign you in"), "signin.look", gettext_noop("Your sign-in link")
    ),
    "signin.leave": Action(
        gettext_noop("Sign out"), gettext_noop("sign you out"), "account.settings", gettext_noop("Account settings")
    ),
    "account.choose_language": Action(
        gettext_noop("Save language"),
        gettext_noop("change the language"),
        "account.settings",
        gettext_noop("Account settings"),
    ),
    "mails.choose": Action(
        gettext_noop("Save mails"),
        gettext_noop("change which mails you get"),
        "account.settings",
        gettext_noop("Account settings"),
    ),
    "unsubscribe.use": Action(
        gettext_noop("Stop these mails"),
        gettext_noop("stop these mails"),
        "unsubscribe.look",
        gettext_noop("Stop these mails"),
    ),
    "account.end_session": Action(
        gettext_noop("Sign out"),
        gettext_noop("sign out a browser"),
        "account.sessions",
        gettext_noop("Where you are signed in"),
    ),
    "account.end_others": Action(
        gettext_noop("Sign out everywhere else"),
        gettext_noop("sign out all your other browsers"),
        "account.sessions",
        gettext_noop("Where you are signed in"),
    ),
}


def action_of(endpoint: str, sent: FormData) -> Action:
    """What this form would do, in words for its person; what people typed is cut where it is long."""
    found = ACTIONS[endpoint]
    said = {name: excerpt(value.replace("\0", ""), LONGEST_SHOWN) for name, value in sent.fields.items()}
    said |= request.view_args or {}
    found = found._replace(button=_(found.button), would=fill(_(found.would), said), page_name=_(found.page_name))
    if endpoint == "desk.assign" and not sent.get("assignee"):
        return found._replace(would=fill(_("make %(reference)s unassigned"), said))
    if endpoint == "signin.leave" and sent.get("everywhere"):
        return found._replace(button=_("Sign out everywhere"), would=_("sign you out on all your devices"))
    if sent.get("reopen"):
        return found._replace(button=_("Reopen and reply"), would=fill(_("reopen %(reference)s and send it"), said))
    return found


def fill(words: str, said: Mapping[str, Any]) -> str:
    """The words of an action with what a form says, by field; nothing where it lacks a field."""
    return words % defaultdict(str, said)
