"""What the desk stores. Each column says what it holds; what must never be broken is a named constraint."""

from formapp.models.accounts import (
    Account,
    AddressChange,
    FormerDetails,
    Membership,
    Project,
    SignedInSession,
    SignInLink,
)
from formapp.models.attachments import PREVIEW_STATES, SCAN_STATES, AnonymousFile, Attachment
from formapp.models.audit import YOUNGEST_PRUNED_DAYS, AuditEntry
from formapp.models.constraints import LARGEST_ID
from formapp.models.desk import BULK_KINDS, BulkAction, SavedReply, SavedView, TicketTag
from formapp.models.guide import PAGE_LENGTH, NamedPage, PageFeedback
from formapp.models.hours import StoredClosure
from formapp.models.incoming_mail import INCOMING_STATES, MAIL_DOORS, IncomingMail
from formapp.models.installation import Installation
from formapp.models.lanes import WORK_KINDS, FailedWork, LaneRound
from formapp.models.outbox import OUTBOX_STATES, OutboxMessage
from formapp.models.participation import CopyInvitation, CopyRefusal, SolvedAnswer, TicketRead, Watcher
from formapp.models.rate_limits import RateCounter
from formapp.models.retention import RetentionMark
from formapp.models.search import SEARCH_PARTS, SearchText
from formapp.models.tickets import (
    FIRST_REFERENCE,
    MESSAGE_KINDS,
    NO_DEADLINE,
    REFERENCE_PREFIX,
    TICKET_STATES,
    ClockNotice,
    Draft,
    Event,
    Message,
    StoredPolicy,
    Ticket,
    reference_of,
)
from formapp.models.webhooks import WebhookAttempt, WebhookEndpoint, WebhookSecret

__all__ = [
    "BULK_KINDS",
    "FIRST_REFERENCE",
    "INCOMING_STATES",
    "LARGEST_ID",
    "MAIL_DOORS",
    "MESSAGE_KINDS",
    "NO_DEADLINE",
    "OUTBOX_STATES",
    "PAGE_LENGTH",
    "PREVIEW_STATES",
    "REFERENCE_PREFIX",
    "SCAN_STATES",
    "SEARCH_PARTS",
    "TICKET_STATES",
    "WORK_KINDS",
    "YOUNGEST_PRUNED_DAYS",
    "Account",
    "AddressChange",
    "AnonymousFile",
    "Attachment",
    "AuditEntry",
    "BulkAction",
    "ClockNotice",
    "CopyInvitation",
    "CopyRefusal",
    "Draft",
    "Event",
    "FailedWork",
    "FormerDetails",
    "IncomingMail",
    "Installation",
    "LaneRound",
    "Membership",
    "Message",
    "NamedPage",
    "OutboxMessage",
    "PageFeedback",
    "Project",
    "RateCounter",
    "RetentionMark",
    "SavedReply",
    "SavedView",
    "SearchText",
    "SignInLink",
    "SignedInSession",
    "SolvedAnswer",
    "StoredClosure",
    "StoredPolicy",
    "Ticket",
    "TicketRead",
    "TicketTag",
    "Watcher",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookSecret",
    "reference_of",
]
