"""What becomes of each column when a person is erased. A column that isn't listed here breaks a test.

``ERASED``: what is about the person is removed or overwritten, in rows of others the name and the
address are. ``KEPT``: it is about the person or what the person did, and stays, for the reason given.
``NOBODY``: it is about no customer and no colleague. ``SECRET`` is said of what no export holds, beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What becomes of a column's content."""

    ERASED = "erased"
    KEPT = "kept"
    NOBODY = "about nobody"


class Column(NamedTuple):
    """One column: its fate and why. ``exported`` is not said of what lets in, or only the desk can use."""

    fate: Fate
    why: str
    exported: bool = True


def _kept(why: str) -> Column:
    return Column(Fate.KEPT, why)


_ERASED = Column(Fate.ERASED, "")
_ERASED_SECRET = Column(Fate.ERASED, "", exported=False)
_NOBODY = Column(Fate.NOBODY, "")
_NUMBER = _kept("a number that tells of nobody once the account has no name")
_TIME = _kept("when it was; the desk's figures need it")
_PROMISE = _kept("what was promised and whether it was held")
_STATE = _kept("how the desk's work went; it holds no words")
_CHOICE = _kept("which mails the account chose; it gets none any more")
_LINK = _kept("ties rows together; it leads to an account without a name")

COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "accounts": {
        "id": _NUMBER,
        "email": _ERASED,
        "name": _ERASED,
        "is_staff": _kept("whether what was written was written for the desk"),
        "manages_people": _kept("whether the person might change people and projects"),
        "language": _ERASED,
        **dict.fromkeys(("customer_mails", "mails_new", "mails_assigned", "mails_mentioned", "mails_due"), _CHOICE),
        "created_at": _TIME,
        "disabled_at": _STATE,
        "erased_at": _STATE,
        "name_words": _ERASED_SECRET,
        "address_words": _ERASED_SECRET,
    },
    "address_changes": {
        "account_id": _ERASED,
        "token_hash": _ERASED_SECRET,
        "email": _ERASED,
        "created_at": _ERASED,
        "expires_at": _ERASED,
    },
    "former_details": dict.fromkeys(("id", "account_id", "name", "email", "until"), _ERASED),
    "memberships": {"account_id": _ERASED, "project_id": _ERASED, "created_at": _ERASED},
    "projects": dict.fromkeys(("id", "key", "name", "plan", "is_active", "created_at", "name_words"), _NOBODY),
    "sessions": {
        "token_hash": _ERASED_SECRET,
        "account_id": _ERASED,
        "created_at": _ERASED,
        "seen_at": _ERASED,
        "browser": _ERASED,
        "address": _ERASED,
    },
    "signin_links": {
        "token_hash": _ERASED_SECRET,
        "account_id": _ERASED,
        "draft_token": _ERASED_SECRET,
        "next_path": _ERASED,
        "created_at": _ERASED,
        "expires_at": _ERASED,
        "used_at": _ERASED,
    },
    "drafts": {
        "token_hash": _ERASED_SECRET,
        "account_id": _ERASED,
        "fields": _ERASED,
        "digest": _ERASED_SECRET,
        "created_at": _ERASED,
        "expires_at": _ERASED,
    },
    "policies": dict.fromkeys(("version", "canonical", "first_used_at"), _NOBODY),
    "tickets": {
        "id": _NUMBER,
        "project_id": _LINK,
        "account_id": _LINK,
        "subject": _ERASED,
        "url": _ERASED,
        "description": _ERASED,
        "priority": _PROMISE,
        "recommended": _PROMISE,
        "answers": _kept("choices among the policy's own words: why the priority was promised"),
        "rule": _PROMISE,
        "policy_version": _PROMISE,
        "page": _ERASED,
        "written_from": _ERASED,
        "pages_shown": _ERASED,
        "language": _ERASED,
        "form": _PROMISE,
        "form_answers": _ERASED,
        "registrations": _PROMISE,
        "state": _STATE,
        "opened_at": _TIME,
        "response_due_at": _PROMISE,
        "resolution_due_at": _PROMISE,
        "submission": _ERASED_SECRET,
        "digest": _ERASED_SECRET,
        "answered_at": _PROMISE,
        "closed_at": _TIME,
        "merged_into_id": _LINK,
        "follows_id": _LINK,
        "assignee_id": _LINK,
        "queue_at": _TIME,
        "notice_at": _TIME,
        "objected_at": _STATE,
        "events_pruned": _STATE,
    },
    "events": {
        "id": _NUMBER,
        "ticket_id": _LINK,
        "sequence": _NUMBER,
        "kind": _STATE,
        "account_id": _LINK,
        "at": _TIME,
        "details": _ERASED,
    },
    "messages": {
        "id": _NUMBER,
        "ticket_id": _LINK,
        "account_id": _LINK,
        "by_staff": _STATE,
        "from_copy": _STATE,
        "kind": _STATE,
        "body": _ERASED,
        "html": _ERASED,
        "at": _TIME,
        "submission": _ERASED_SECRET,
    },
    "ticket_reads": dict.fromkeys(("account_id", "ticket_id", "message_id"), _ERASED),
    "watchers": {
        **dict.fromkeys(("ticket_id", "account_id", "at", "by_address", "left_at"), _ERASED),
        "added_by_id": _LINK,
    },
    "copy_invitations": {
        **dict.fromkeys(("ticket_id", "email", "created_at", "expires_at", "unreached_at"), _ERASED),
        "token_hash": _ERASED_SECRET,
        "invited_by_id": _LINK,
    },
    "copy_refusals": {
        "address_hash": _kept("a keyed hash of an address, so that nobody asks its owner again, as the owner wished"),
        "at": _kept("see its address_hash"),
    },
    "solved_answers": dict.fromkeys(("ticket_id", "account_id", "solved", "because", "at"), _ERASED),
    # The words of the texts above, once more.
    "search_texts": {"id": _NUMBER, "ticket_id": _LINK, "public": _ERASED_SECRET, "internal": _ERASED_SECRET},
    "ticket_tags": dict.fromkeys(("ticket_id", "tag"), _ERASED),
    "saved_views": dict.fromkeys(("id", "account_id", "name", "search", "is_shared", "created_at"), _ERASED),
    "saved_replies": dict.fromkeys(("id", "account_id", "name", "body", "is_shared", "created_at"), _ERASED),
    "bulk_actions": dict.fromkeys(("id", "account_id", "kind", "details", "at", "outcomes", "undone"), _ERASED),
    "page_feedback": {**dict.fromkeys(("id", "page", "helpful", "day"), _NOBODY), "because": _ERASED},
    "named_pages": {
        "ticket_id": _LINK,
        "page": _kept("a page of the guide, chosen by staff from its list"),
        "account_id": _LINK,
        "at": _TIME,
    },
    "clock_notices": {"ticket_id": _LINK, "target": _PROMISE, "kind": _PROMISE, "at": _TIME},
    "attachments": {
        "id": _ERASED,
        "ticket_id": _ERASED,
        "message_id": _ERASED,
        "account_id": _ERASED,
        "key": _ERASED_SECRET,
        "name": _ERASED,
        "kind": _ERASED,
        "media_type": _ERASED,
        "size": _ERASED,
        "digest": _ERASED,
        "at": _ERASED,
        "scan": _ERASED,
        "scan_detail": _ERASED,
        "preview": _ERASED,
        "attempts": _ERASED,
        "work_at": _ERASED,
    },
    "outbox": {
        "id": _ERASED,
        "channel": _ERASED,
        "kind": _ERASED,
        "ticket_id": _ERASED,
        "recipient": _ERASED,
        "payload": _ERASED,
        "message_id": _ERASED,
        "state": _ERASED,
        "attempts": _ERASED,
        "created_at": _ERASED,
        "next_attempt_at": _ERASED,
        "lease": _ERASED_SECRET,
        "leased_until": _ERASED,
        "finished_at": _ERASED,
        "last_error": _ERASED,
    },
    "webhook_attempts": dict.fromkeys(
        (
            "id",
            "endpoint_id",
            "outbox_id",
            "message_id",
            "event",
            "attempted_at",
            "status",
            "error",
            "duration_ms",
        ),
        _ERASED,
    ),
    "webhook_endpoints": dict.fromkeys(
        (
            "id",
            "url",
            "project_id",
            "events",
            "created_at",
            "disabled_at",
            "disabled_reason",
            "failures",
            "failing_since",
            "paused_until",
        ),
        _NOBODY,
    ),
    "webhook_secrets": dict.fromkeys(("id", "endpoint_id", "secret", "created_at", "expires_at"), _NOBODY),
    "closures": {
        **dict.fromkeys(("id", "starts_at", "ends_at", "created_at", "cancelled_at"), _NOBODY),
        "note": _ERASED,
    },
    "anonymous_files": dict.fromkeys(("key", "size", "staged_at"), _NOBODY),
    "incoming_mails": {
        **dict.fromkeys(
            (
                "id",
                "received_at",
                "door",
                "size",
                "raw",
                "state",
                "reason",
                "sender",
                "subject",
                "confirmed",
                "account_id",
                "ticket_id",
                "message_id",
                "processed_at",
                "decided_by_id",
                "attempts",
                "retry_at",
                "answered_at",
            ),
            _ERASED,
        ),
        "digest": _ERASED_SECRET,
        "draft_hash": _ERASED_SECRET,
    },
    "installation": dict.fromkeys(("id", "files_id"), _NOBODY),
    "failed_work": dict.fromkeys(
        ("id", "kind", "item", "ticket_id", "attempts", "first_failed_at", "retry_at", "given_up_at", "reason"), _NOBODY
    ),
    "lane_rounds": dict.fromkeys(("lane", "finished_at"), _NOBODY),
    "rate_counters": {
        "key": _kept("a hash of an address or a network, gone when its window ends, within a day"),
        "amount": _kept("see its key"),
        "expires_at": _kept("see its key"),
    },
    "retention_marks": dict.fromkeys(("kind", "ended_before"), _NOBODY),
    "audit_log": {
        "id": _NUMBER,
        "at": _TIME,
        "kind": _STATE,
        "account_id": _LINK,
        "subject_id": _LINK,
        "origin": _kept("nobody may change the audit log; a network's address goes when the line is pruned"),
        "details": _kept("numbers, references and words of ours; nothing that was typed"),
    },
}


def exported_columns(table: str) -> frozenset[str]:
    """The columns of a table that an export holds."""
    return frozenset(name for name, column in COLUMNS.get(table, {}).items() if column.exported)
