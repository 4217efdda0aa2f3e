"""An action without an opposite must be meant: each one of the desk is on a list, with its opposite or with why not."""

from __future__ import annotations

from collections.abc import Iterator

import click

from formapp.cli.main import main
from formapp.web.permissions import RULES
from tests.builders import REPOSITORY
from tests.commands import commands_in

ITSELF = "the same, with what was there before"
OPPOSITES = {
    "account add": "account disable",
    "account invite": "account sign-out",
    "account rename": ITSELF,
    "account address": ITSELF,
    "account disable": "account enable",
    "account enable": "account disable",
    "account staff": ITSELF,
    "account manages": ITSELF,
    "project add": "project close",
    "project rename": ITSELF,
    "project plan": ITSELF,
    "project close": "project reopen",
    "project reopen": "project close",
    "member add": "member remove",
    "member remove": "member add",
    "closure add": "closure cancel",
    "closure cancel": "closure add",
    "webhook add": "webhook remove",
    "webhook disable": "webhook enable",
    "webhook enable": "webhook disable",
    "signin-link": "account sign-out",
    "backup": "restore",
    "reload": ITSELF,
    "people.add": "people.disable",
    "people.rename": ITSELF,
    "people.change_address": "people.cancel_address",
    "people.cancel_address": "people.change_address",
    "people.invite": "people.sign_out",
    "people.disable": "people.enable",
    "people.enable": "people.disable",
    "people.make_staff": "people.end_staff",
    "people.end_staff": "people.make_staff",
    "people.let_in": "people.take_out",
    "people.take_out": "people.let_in",
    "projects.add": "projects.close",
    "projects.change": ITSELF,
    "projects.close": "projects.reopen",
    "projects.reopen": "projects.close",
    "projects.let_in": "projects.take_out",
    "projects.take_out": "projects.let_in",
    "address.use": "people.change_address",
    "closures.announce": "closures.cancel",
    "closures.cancel": "closures.announce",
    "mail.spam": "mail.hold_again",
    "mail.hold_again": "mail.spam",
    "tagging.add": "tagging.remove",
    "tagging.remove": "tagging.add",
    "bulk.change": "bulk.undo",
    "bulk.undo": "bulk.change",
    "views.add": "views.delete",
    "views.change": ITSELF,
    "views.delete": "views.add",
    "saved_replies.add": "saved_replies.delete",
    "saved_replies.change": ITSELF,
    "saved_replies.delete": "saved_replies.add",
    "desk.assign": ITSELF,
    "desk.correct": ITSELF,
    "desk.close": "desk.reopen",
    "desk.reopen": "desk.close",
    # The customer's reply has a button that reopens.
    "tickets.close": "tickets.reply",
    "solved.answer": ITSELF,
    "watchers.add": "watchers.remove",
    "watchers.remove": "watchers.add",
    "watchers.desk_add": "watchers.desk_remove",
    "watchers.desk_remove": "watchers.desk_add",
    "watchers.ask": "watchers.withdraw",
    "watchers.withdraw": "watchers.ask",
    "watchers.desk_ask": "watchers.desk_withdraw",
    "watchers.desk_withdraw": "watchers.desk_ask",
    # Its page has all of them: agreed by "leave" in each mail, "never" by "ask me again".
    "in_copy.answer": "unsubscribe.use",
    "desk.move": ITSELF,
    "desk.name_page": ITSELF,
    # Where mails were turned off, the page says where they are turned on again.
    "unsubscribe.use": "mails.choose",
    "mails.choose": ITSELF,
    "files.upload": "files.remove",
    "signin.use": "signin.leave",
    "account.choose_language": ITSELF,
}
# By what the table of "What can't be undone" calls each.
NONE = {
    "Send a reply, an internal note, a ticket or a file": "tickets.create tickets.reply desk.reply desk.note "
    "confirm.send",
    "Say whether a page was helpful": "feedback.send",
    "Merge a ticket": "desk.merge",
    "Send a message or an invitation": "outgoing.replay,outbox replay,webhook test,signin.send,worker",
    "Accept a held mail": "mail.accept",
    "Sign out a browser": "signin.leave,account.end_session,account.end_others,account sign-out,people.sign_out,"
    "webhook rotate,webhook remove",
    "`member import` as a whole": "member import,people.import_table",
    "`person erase`": "person erase,person erase-again",
    "`restore`, `db upgrade`": "restore,db upgrade",
}
# They only read or fetch, do what the desk does by itself anyway, fill an empty desk, or throw away what nobody sent.
CHANGE_NOTHING = (
    "account list,account show,project list,project show,member list,member show,closure list,webhook list,db check,"
    "outbox list,audit list,person export,doctor,serve,web,demo,mail receive,mail fetch,lmtp,"
    "outgoing.try_again,files.remove,desk.insert,search rebuild,policy replay,docs gaps,monitoring.through"
)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in commands_in(group).items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name))


def test_each_action_has_an_opposite_or_the_handbook_says_why_not() -> None:
    actions = {endpoint for method, endpoint in RULES if method == "POST"} | set(commands(main))
    without = [word for words in NONE.values() for word in words.split("," if "," in words else None)]
    listed = [*OPPOSITES, *without, *CHANGE_NOTHING.split(",")]
    assert len(listed) == len(set(listed)), "an action stands on two lists"
    assert set(listed) == actions
    assert {opposite for opposite in OPPOSITES.values() if opposite is not ITSELF} <= actions
    handbook = (REPOSITORY / "docs/handbook/for-operators.md").read_text("utf-8")
    section = handbook.partition("## What can't be undone")[2].partition("\n## ")[0]
    assert [name for name in NONE if f"| {name}" not in section] == []
