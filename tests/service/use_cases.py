"""The use cases: which modules hold them, and of each how it is called, by whom it may be, and what others get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta as length
from typing import Any, NamedTuple

from formapp.accounts import accounts, address_changes, csv_import, customers, mail_preferences, people, projects
from formapp.errors import NotFound, NotPermitted, UnknownProject
from formapp.hours import closures
from formapp.incoming_mail import held
from formapp.models import (
    Ticket,
)
from formapp.notifications import outbox
from formapp.notifications.webhooks import log
from formapp.services import Services
from formapp.tickets import (
    bulk,
    copy_invitations,
    create,
    csv_export,
    follow_up,
    guide_gaps,
    guide_pages,
    moving,
    queries,
    read_marks,
    replies,
    reports,
    saved_replies,
    saved_views,
    search,
    similar,
    solved,
    tags,
    triage,
    view_counts,
    watching,
)
from tests.builders import (
    NOW,
    REASON,
    stored,
    ticket_input,
    written,
)

USE_CASES = (
    "accounts.accounts",
    "accounts.address_changes",
    "accounts.csv_import",
    "accounts.customers",
    "accounts.magic_links",
    "accounts.mail_preferences",
    "accounts.people",
    "accounts.projects",
    "accounts.sessions",
    "attachments.service",
    "hours.banner",
    "hours.closures",
    "hours.icalendar",
    "hours.quote",
    "incoming_mail.ticket_matching",
    "incoming_mail.files",
    "incoming_mail.filing",
    "incoming_mail.guests",
    "incoming_mail.held",
    "incoming_mail.outcomes",
    "incoming_mail.processing",
    "incoming_mail.notices",
    "incoming_mail.receive",
    "notifications.fanout",
    "notifications.outbox",
    "notifications.recipients",
    "notifications.unsubscribing",
    "notifications.webhooks.endpoints",
    "notifications.webhooks.log",
    "tickets.actions",
    "tickets.bulk",
    "tickets.copy_invitations",
    "tickets.create",
    "tickets.csv_export",
    "tickets.drafts",
    "tickets.events",
    "tickets.filing_context",
    "tickets.follow_up",
    "tickets.guide_gaps",
    "tickets.guide_pages",
    "tickets.form_answers",
    "tickets.mentions",
    "tickets.message_html",
    "tickets.moving",
    "tickets.page_feedback",
    "tickets.queries",
    "tickets.own_or_shared",
    "tickets.read_marks",
    "tickets.registrations",
    "tickets.replies",
    "tickets.reply_fields",
    "tickets.report_figures",
    "tickets.reports",
    "tickets.saved_replies",
    "tickets.saved_views",
    "tickets.scoreboard",
    "tickets.search",
    "tickets.search_index",
    "tickets.search_match",
    "tickets.similar",
    "tickets.sla",
    "tickets.solved",
    "tickets.tags",
    "tickets.time_left",
    "tickets.triage",
    "tickets.view_counts",
    "tickets.watching",
)
LATER = NOW + length(minutes=5)
ADA = "ada@shop.example"


class Line(NamedTuple):
    """How a use case is called, by whom it may be, and what anybody else gets: an error, or nothing."""

    call: Callable[[Services, Any], object]
    allowed: str
    otherwise: type[Exception] | None = NotPermitted


ACTING: Mapping[Callable[..., Any], Line] = {
    mail_preferences.mail_choices: Line(mail_preferences.mail_choices, "member stranger staff"),
    mail_preferences.choose_mails: Line(
        lambda desk, who: mail_preferences.choose_mails(desk, who, "none", frozenset()), "member stranger staff"
    ),
    create.create_ticket: Line(
        lambda desk, who: create.create_ticket(desk, who, ticket_input(submission="new", subject="New"), LATER),
        "member",
        UnknownProject,
    ),
    replies.reply_as_customer: Line(
        lambda desk, who: replies.reply_as_customer(desk, who, 1, written("Reply"), LATER), "member"
    ),
    replies.reply_as_staff: Line(
        lambda desk, who: replies.reply_as_staff(desk, who, 1, written("Answer"), "open", LATER), "staff"
    ),
    replies.add_note: Line(lambda desk, who: replies.add_note(desk, who, 1, written("Note"), LATER), "staff"),
    read_marks.mark_read: Line(lambda desk, who: read_marks.mark_read(desk, who, 1, 1), "member"),
    watching.add_watcher: Line(lambda desk, who: watching.add_watcher(desk, who, 1, 5, LATER), "member staff"),
    watching.remove_watcher: Line(lambda desk, who: watching.remove_watcher(desk, who, 1, 5, LATER), "member staff"),
    copy_invitations.ask: Line(
        lambda desk, who: copy_invitations.ask(desk, who, 1, "kim@agency.example", LATER), "member staff"
    ),
    copy_invitations.withdraw: Line(
        lambda desk, who: copy_invitations.withdraw(desk, who, 1, "lee@agency.example", LATER), "member staff"
    ),
    solved.say_solved: Line(lambda desk, who: solved.say_solved(desk, who, 2, LATER), "member"),
    solved.say_not_solved: Line(
        lambda desk, who: solved.say_not_solved(desk, who, 2, written("It burns again"), LATER, reopen=True), "member"
    ),
    guide_pages.name_page: Line(
        lambda desk, who: guide_pages.name_page(desk, who, 1, "/help/", LATER, seen=9), "staff"
    ),
    triage.assign: Line(lambda desk, who: triage.assign(desk, who, 1, "sam@platform.example", LATER, seen=9), "staff"),
    triage.close: Line(lambda desk, who: triage.close(desk, who, 1, LATER), "member staff"),
    triage.reopen: Line(lambda desk, who: triage.reopen(desk, who, 2, LATER), "member staff"),
    triage.merge: Line(lambda desk, who: triage.merge(desk, who, 1, "SUP-1003", LATER), "staff"),
    moving.move: Line(lambda desk, who: moving.move(desk, who, 1, "other", LATER, seen=9, reason=REASON), "staff"),
    follow_up.follow_ups: Line(
        lambda desk, who: follow_up.follow_ups(desk, who, stored(desk, Ticket)[0]), "member staff"
    ),
    customers.find_customers: Line(lambda desk, who: customers.find_customers(desk, who, "ada"), "staff"),
    customers.customer_numbered: Line(lambda desk, who: customers.customer_numbered(desk, who, 1), "staff"),
    triage.correct_answers: Line(
        lambda desk, who: triage.correct_answers(desk, who, 1, {"need": "question"}, LATER, seen=9, reason=REASON),
        "staff",
    ),
    triage.staff_ticket: Line(lambda desk, who: triage.staff_ticket(desk, who, "SUP-1001"), "staff"),
    search.find_page: Line(lambda desk, who: search.find_page(desk, search.Filters(), who, LATER), "staff"),
    csv_export.csv_rows: Line(lambda desk, who: csv_export.csv_rows(desk, search.Filters(), who, LATER), "staff"),
    search.find_own_page: Line(
        lambda desk, who: search.find_own_page(desk, search.Filters(), who, LATER).tickets, "member", None
    ),
    tags.add_tag: Line(lambda desk, who: tags.add_tag(desk, who, 1, "new", LATER), "staff"),
    tags.remove_tag: Line(lambda desk, who: tags.remove_tag(desk, who, 1, "payments", LATER), "staff"),
    bulk.change_all: Line(lambda desk, who: bulk.change_all(desk, who, [1], "close", "", LATER), "staff"),
    bulk.undo: Line(lambda desk, who: bulk.undo(desk, who, 1, LATER), "staff"),
    bulk.result_of: Line(lambda desk, who: bulk.result_of(desk, who, 1, LATER), "staff"),
    saved_views.views_for: Line(lambda desk, who: (saved_views.views_for(desk, who), "asked"), "staff"),
    saved_views.add_view: Line(
        lambda desk, who: saved_views.add_view(desk, who, "New", "tag:new", LATER, shared=False), "staff"
    ),
    saved_views.change_view: Line(
        lambda desk, who: saved_views.change_view(desk, who, 1, "Other", shared=True), "staff"
    ),
    saved_views.delete_view: Line(lambda desk, who: saved_views.delete_view(desk, who, 1), "staff"),
    saved_replies.replies_for: Line(lambda desk, who: (saved_replies.replies_for(desk, who), "asked"), "staff"),
    saved_replies.add_reply: Line(
        lambda desk, who: saved_replies.add_reply(desk, who, "New", "Hello {name}", LATER, shared=False), "staff"
    ),
    saved_replies.change_reply: Line(
        lambda desk, who: saved_replies.change_reply(desk, who, 1, "Other", "Hello", shared=True), "staff"
    ),
    saved_replies.delete_reply: Line(lambda desk, who: saved_replies.delete_reply(desk, who, 1), "staff"),
    saved_replies.filled_reply: Line(lambda desk, who: saved_replies.filled_reply(desk, who, 1, 1, LATER), "staff"),
    view_counts.count_views: Line(
        lambda desk, who: view_counts.count_views(desk, [search.Filters()], who, LATER), "staff"
    ),
    guide_gaps.guide_gaps: Line(lambda desk, who: guide_gaps.guide_gaps(desk, who, NOW.date()), "staff operator"),
    reports.report: Line(
        lambda desk, who: reports.report(desk, who, LATER.date().replace(day=1), LATER.date().replace(day=1), LATER),
        "staff",
    ),
    held.mails: Line(lambda desk, who: held.mails(desk, who, held=True), "staff"),
    held.mail_numbered: Line(lambda desk, who: held.mail_numbered(desk, who, 1), "staff"),
    held.accept: Line(lambda desk, who: held.accept(desk, who, 1, LATER), "staff"),
    held.mark_as_spam: Line(lambda desk, who: held.mark_as_spam(desk, who, 1, LATER), "staff"),
    queries.ticket_for: Line(lambda desk, who: queries.ticket_for(desk, who, "SUP-1001"), "member", NotFound),
    queries.tickets_of: Line(queries.tickets_of, "member", None),
    similar.similar_tickets: Line(
        lambda desk, who: similar.similar_tickets(desk, who, "shop", "Printer burns", LATER), "member", None
    ),
    projects.active_projects_of: Line(
        lambda desk, who: tuple(one for one in projects.active_projects_of(desk, who) if one.key == "shop"),
        "member",
        None,
    ),
    closures.add_closure: Line(
        lambda desk, who: closures.add_closure(desk, who, LATER, LATER + length(days=1), "Moving", LATER),
        "staff operator",
    ),
    closures.cancel_closure: Line(lambda desk, who: closures.cancel_closure(desk, who, 1, LATER), "staff operator"),
    held.hold_again: Line(lambda desk, who: held.hold_again(desk, who, 2, LATER), "staff"),
    accounts.add_account: Line(
        lambda desk, who: accounts.add_account(desk, "new@shop.example", "New", LATER, actor=who),
        "manager operator",
    ),
    projects.add_person: Line(
        lambda desk, who: projects.add_person(desk, "new@shop.example", "New", LATER, invite=True, actor=who),
        "manager operator",
    ),
    accounts.invite: Line(lambda desk, who: accounts.invite(desk, ADA, LATER, actor=who), "manager operator"),
    accounts.rename: Line(lambda desk, who: accounts.rename(desk, ADA, "Ada M", LATER, actor=who), "manager operator"),
    accounts.disable_account: Line(
        lambda desk, who: accounts.disable_account(desk, ADA, LATER, actor=who), "manager operator"
    ),
    accounts.enable_account: Line(
        lambda desk, who: accounts.enable_account(desk, "gone@platform.example", LATER, actor=who), "manager operator"
    ),
    accounts.set_staff: Line(
        lambda desk, who: accounts.set_staff(desk, ADA, True, LATER, actor=who), "manager operator"
    ),
    accounts.sign_out_everywhere: Line(
        lambda desk, who: accounts.sign_out_everywhere(desk, ADA, LATER, actor=who), "manager operator"
    ),
    address_changes.ask_to_change_address: Line(
        lambda desk, who: address_changes.ask_to_change_address(desk, ADA, "new@shop.example", LATER, actor=who),
        "manager operator",
    ),
    address_changes.cancel_address_change: Line(
        lambda desk, who: address_changes.cancel_address_change(desk, ADA, LATER, actor=who), "manager operator"
    ),
    projects.add_project: Line(
        lambda desk, who: projects.add_project(desk, "new", "New", "Plan", LATER, actor=who), "manager operator"
    ),
    projects.change_project: Line(
        lambda desk, who: projects.change_project(desk, "shop", LATER, name="New", actor=who), "manager operator"
    ),
    projects.close_project: Line(
        lambda desk, who: projects.close_project(desk, "shop", LATER, actor=who), "manager operator"
    ),
    projects.reopen_project: Line(
        lambda desk, who: projects.reopen_project(desk, "shop", LATER, actor=who), "manager operator"
    ),
    projects.add_member: Line(
        lambda desk, who: projects.add_member(desk, ADA, "elsewhere", LATER, actor=who), "manager operator"
    ),
    projects.remove_member: Line(
        lambda desk, who: projects.remove_member(desk, ADA, "shop", LATER, actor=who), "manager operator"
    ),
    csv_import.import_people: Line(
        lambda desk, who: csv_import.import_people(desk, "email,project\nnew@shop.example,shop", LATER, actor=who),
        "manager operator",
    ),
    people.list_people: Line(lambda desk, who: people.list_people(desk, who), "manager operator"),
    people.list_projects: Line(lambda desk, who: people.list_projects(desk, who), "manager operator"),
    people.list_members: Line(lambda desk, who: people.list_members(desk, who), "manager operator"),
    people.person_facts: Line(lambda desk, who: people.person_facts(desk, ADA, who), "manager operator"),
    people.person_numbered: Line(lambda desk, who: people.person_numbered(desk, 1, who), "manager operator"),
    people.project_facts: Line(lambda desk, who: people.project_facts(desk, "shop", who), "manager operator"),
    outbox.replay: Line(lambda desk, who: outbox.replay(desk, who, 1, LATER), "staff operator"),
    log.replay: Line(lambda desk, who: log.replay(desk, who, 2, LATER), "staff operator"),
}

OF_THE_OPERATOR = {
    "tickets.search_index": "rebuild",
    "accounts.accounts": "set_manages_people find_account_by_email",
    "accounts.magic_links": "create_link",
    "notifications.webhooks.endpoints": "add_endpoint rotate disable enable remove",
}
"""The operator's commands alone call them: whoever runs commands on the machine may do all of it."""
BY_A_SECRET = {
    "accounts.accounts": "choose_language",
    "accounts.address_changes": "waiting_change confirm_address",
    "accounts.magic_links": "request_link inspect_link ended_link redeem_link",
    "accounts.mail_preferences": "offered_by unsubscribe",
    "accounts.sessions": "open_session signed_in_by end_session end_all_sessions sessions_of end_session_of "
    "end_other_sessions",
    "attachments.service": "staged_files staged_contents discard_staged",
    "incoming_mail.ticket_matching": "ticket_of is_ours is_signed is_authenticated",
    "incoming_mail.files": "stage_files",
    "incoming_mail.filing": "file_new file_follow_up",
    "incoming_mail.guests": "confirm form_fields",
    "incoming_mail.held": "content_of held_count mails_of mail_that_filed unreached_since",
    "incoming_mail.outcomes": "add_reply ask_for_the_rest file_ticket refused_files rest_is_elsewhere tell_of_files",
    "incoming_mail.processing": "process_next process hold_what_was_not_sent",
    "incoming_mail.notices": "tell_of_held",
    "incoming_mail.receive": "receive hold_too_large waiting",
    "tickets.copy_invitations": "question_of agree decline allow_again",
    "tickets.watching": "leaving_by leave_by_link",
    "tickets.drafts": "save_draft draft_fields drop_draft is_there guest_draft_fields drop_guest_draft",
    "tickets.page_feedback": "give_feedback given_feedback",
}
"""Open to everybody, or to whoever holds the token that they take: signing in, and one's own sessions."""
OF_THE_WORKER = {
    "accounts.magic_links": "start_lifetime",
    "attachments.service": "remove_expired mark_attached make_room",
    "hours.banner": "write write_beside_pages content sentence",
    "notifications.outbox": "lease_next finish send_due send_leased latest_mails mail_numbered",
    "tickets.scoreboard": "content figures",
    "tickets.replies": "render_new render_before_it_is_told",
    "tickets.sla": "record_due_notices",
}
"""No person's doing: the worker's rounds, what follows a commit, the inbox of a desk for trying out."""
INSIDE_ANOTHER = {
    "accounts.accounts": "account_in add_account_in is_there_already checked_address checked_name remember_details",
    "accounts.address_changes": "mail_id mail_id_start",
    "accounts.magic_links": "invite_in",
    "accounts.people": "folded has_all",
    "accounts.projects": "add_member_in",
    "accounts.sessions": "open_session_in end_links_in",
    "attachments.service": "attach attached_contents",
    "hours.closures": "closures_known_at leave_open_time local_instant",
    "notifications.fanout": "event_message fan_out publish ticket_payload",
    "notifications.outbox": "enqueue enqueue_mail make_due mail_host record_replay thread_id in_language_of",
    "notifications.recipients": "recipients",
    "notifications.unsubscribing": "unsubscribe_url subscription_of",
    "notifications.webhooks.endpoints": "signing_secrets switch_off",
    "tickets.actions": "ticket_action checked_reason",
    "tickets.copy_invitations": "note_unreached",
    "tickets.watching": "put_in_copy ticket_read_on take_along come_back",
    "tickets.create": "evaluate_answers",
    "tickets.filing_context": "load_context filed_before",
    "tickets.csv_export": "csv_line",
    "tickets.events": "record record_first complete",
    "tickets.follow_up": "reopens_until is_over closing_facts followed_number form_values",
    "tickets.guide_pages": "checked_page path_of page_that_led record_page",
    "tickets.form_answers": "answered",
    "tickets.mentions": "mentioned_in",
    "tickets.message_html": "as_typed render to_html",
    "tickets.own_or_shared": "seen_by may_change changeable number_of_own checked_name must_be_free",
    "tickets.queries": "number_of",
    "tickets.registrations": "known_registrations registering_form",
    "tickets.replies": "sent_by checked_body add_customer_reply",
    "tickets.reply_fields": "check_fields fill_fields",
    "tickets.report_figures": "month_rows page_counts percentile sums_by_month",
    "tickets.reports": "month_after months_back months_between this_month",
    "tickets.search": "rare_tags conditions_of merge_filters page_statement parse_search reference_in",
    "tickets.search_index": "add_ticket add_message index_tickets expected_rows",
    "tickets.search_match": "find_tickets match_statement",
    "tickets.similar": "telling_words",
    "tickets.sla": "load_targets targets_set_at pauses_in closed_before_answer closed_since open_targets recompute "
    "record_notices",
    "tickets.tags": "tag_of put_on take_off",
    "tickets.time_left": "time_left",
    "tickets.triage": "change_assignee close_open staff_number",
}
"""Take a caller's transaction, or plain values: their caller has asked who may."""
OF_WHAT_WAS_FOUND = {
    "accounts.projects": "every_project",
    "attachments.service": "attachments_of attachment_of content preview",
    "hours.closures": "upcoming_closures",
    "hours.icalendar": "hours_calendar",
    "hours.quote": "quote_now",
    "notifications.outbox": "dead_messages message_numbered",
    "notifications.webhooks.endpoints": "endpoints endpoint_numbered",
    "notifications.webhooks.log": "deliveries pings",
    "tickets.guide_pages": "known_pages named_page",
    "tickets.queries": "events_of",
    "tickets.reports": "month_figures",
    "tickets.read_marks": "unread_of",
    "tickets.replies": "messages_of newer_messages",
    "tickets.solved": "answers_of",
    "tickets.tags": "tags_of known_tags",
    "tickets.time_left": "times_left",
    "tickets.triage": "staff_accounts",
    "tickets.copy_invitations": "addresses_asked",
    "tickets.watching": "watchers_of left_of colleagues_to_add",
}
"""Only read: what is public, or belongs to a ticket or page that was asked for by a line above."""
