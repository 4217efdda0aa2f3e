"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the account"),
        sa.Column(
            "email", sa.String(length=254), nullable=False, comment="E-mail address, in small letters; links go there"
        ),
        sa.Column("name", sa.String(length=200), nullable=False, comment="Name as others see it"),
        sa.Column("is_staff", sa.Boolean(), nullable=False, comment="Whether the person works at the desk"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When the account was made"),
        sa.Column("disabled_at", UtcDateTime(), nullable=True, comment="Since when it can't sign in; empty: it can"),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_accounts_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
    )
    op.create_table(
        "drafts",
        sa.Column(
            "token_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the token that opens it, hex"
        ),
        sa.Column("fields", sa.JSON(), nullable=False, comment="The form's fields as typed"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the fields, to know a repeat"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was kept"),
        sa.Column("expires_at", UtcDateTime(), nullable=False, comment="When it is forgotten"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "policies",
        sa.Column("version", sa.String(length=64), nullable=False, comment="SHA-256 of the canonical form, hex"),
        sa.Column(
            "canonical", sa.Text(), nullable=False, comment="The canonical form; the policy can be rebuilt from it"
        ),
        sa.Column("first_used_at", UtcDateTime(), nullable=False, comment="When the desk first loaded it"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the project"),
        sa.Column("key", sa.String(length=64), nullable=False, comment="Short name in addresses and forms"),
        sa.Column("name", sa.String(length=200), nullable=False, comment="Name as people see it"),
        sa.Column("plan", sa.String(length=200), nullable=False, comment="Name of the support plan"),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="Whether tickets can be opened for it"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When the project was made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("key", name=op.f("uq_projects_key")),
    )
    op.create_table(
        "rate_counters",
        sa.Column("key", sa.String(length=255), nullable=False, comment="What is counted"),
        sa.Column("amount", sa.Integer(), nullable=False, comment="How often in this window"),
        sa.Column("expires_at", sa.Integer(), nullable=False, comment="When the window ends, seconds since 1970"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_counters")),
    )
    with op.batch_alter_table("rate_counters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_counters_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("account_id", sa.Integer(), nullable=False, comment="The person"),
        sa.Column("project_id", sa.Integer(), nullable=False, comment="The project"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="Since when"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_memberships_account_id_accounts")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_memberships_project_id_projects")),
        sa.PrimaryKeyConstraint("account_id", "project_id", name=op.f("pk_memberships")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_project_id"), ["project_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the cookie's token, hex"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who is signed in"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was opened"),
        sa.Column("seen_at", UtcDateTime(), nullable=False, comment="When it was last used, to the hour"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id_accounts")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_account_id"), ["account_id"], unique=False)

    op.create_table(
        "signin_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the link's token, hex"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Whom it signs in"),
        sa.Column(
            "draft_token", sa.String(length=64), nullable=False, comment="Opens the draft kept with it; empty: none"
        ),
        sa.Column("next_path", sa.Text(), nullable=False, comment="Path to go on to after signing in; empty: the list"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was made"),
        sa.Column("expires_at", UtcDateTime(), nullable=False, comment="Until when it works"),
        sa.Column("used_at", UtcDateTime(), nullable=True, comment="When it was used; it works once"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_signin_links_account_id_accounts")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_signin_links")),
    )
    with op.batch_alter_table("signin_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signin_links_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the reference is SUP-(1000 + id)"),
        sa.Column("project_id", sa.Integer(), nullable=False, comment="The project it is about"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who sent it"),
        sa.Column("subject", sa.String(length=1000), nullable=False, comment="Subject as sent, normalised"),
        sa.Column("url", sa.Text(), nullable=False, comment="Address where the problem shows; empty if none was given"),
        sa.Column("description", sa.Text(), nullable=False, comment="Description as sent, normalised"),
        sa.Column(
            "priority", sa.String(length=64), nullable=False, comment="Priority now, an id of the policy version"
        ),
        sa.Column(
            "recommended",
            sa.String(length=64),
            nullable=False,
            comment="What the answers recommended; empty without answers",
        ),
        sa.Column("answers", sa.JSON(), nullable=False, comment="Evidence: the chooser's answers by question"),
        sa.Column(
            "rule",
            sa.String(length=64),
            nullable=False,
            comment="Rule of the decision table that decided; empty without answers",
        ),
        sa.Column("policy_version", sa.String(length=64), nullable=False, comment="Policy it was promised under"),
        sa.Column(
            "page",
            sa.Text(),
            nullable=False,
            comment="Path of the guide's page that it came from; empty: the desk's own",
        ),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="open: we answer next; waiting: the customer; closed"
        ),
        sa.Column("opened_at", UtcDateTime(), nullable=False, comment="When it was received"),
        sa.Column("response_due_at", UtcDateTime(), nullable=True, comment="By when we answer; empty: best effort"),
        sa.Column(
            "resolution_due_at", UtcDateTime(), nullable=True, comment="By when it is solved; empty: best effort"
        ),
        sa.Column(
            "submission",
            sa.String(length=100),
            nullable=False,
            comment="Id of the form that filed it; one per account files once",
        ),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of what was typed, to tell a resend from another text",
        ),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name=op.f("ck_tickets_state_known")),
        sa.CheckConstraint("length(description) > 0", name=op.f("ck_tickets_description_not_empty")),
        sa.CheckConstraint("length(subject) > 0", name=op.f("ck_tickets_subject_not_empty")),
        sa.CheckConstraint(
            "response_due_at IS NULL OR response_due_at >= opened_at", name=op.f("ck_tickets_response_after_opening")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tickets_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["policy_version"], ["policies.version"], name=op.f("fk_tickets_policy_version_policies")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tickets_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("account_id", "submission", name=op.f("uq_tickets_account_id_submission")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index("ix_tickets_digest", ["account_id", "digest", "opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_project_id_opened_at"), ["project_id", "opened_at"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the event"),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="Order within the ticket, from 1"),
        sa.Column("kind", sa.String(length=32), nullable=False, comment="What happened: opened, ..."),
        sa.Column("account_id", sa.Integer(), nullable=True, comment="Who did it; empty: the desk itself"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When"),
        sa.Column("details", sa.JSON(), nullable=False, comment="What was before and after, by field"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_events_account_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_events_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("ticket_id", "sequence", name=op.f("uq_events_ticket_id_sequence")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order of sending within a ticket"),
        sa.Column(
            "channel", sa.String(length=16), nullable=False, comment="mail, webhook, or announcement: to be spread"
        ),
        sa.Column("kind", sa.String(length=32), nullable=False, comment="What it tells: received, link, ..."),
        sa.Column("ticket_id", sa.Integer(), nullable=True, comment="The ticket it is about, if one"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="The one address it goes to"),
        sa.Column("payload", sa.JSON(), nullable=False, comment="The facts it is written from when it is sent"),
        sa.Column("message_id", sa.String(length=200), nullable=False, comment="Stable id; a repeat carries the same"),
        sa.Column(
            "state",
            sa.String(length=8),
            nullable=False,
            comment="due, sent, dead, or kept: shown because no server is set",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was tried"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was written"),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False, comment="Not tried before"),
        sa.Column("lease", sa.String(length=64), nullable=True, comment="Which worker holds it; empty: none"),
        sa.Column("leased_until", UtcDateTime(), nullable=True, comment="Until when; then another may take it"),
        sa.Column("finished_at", UtcDateTime(), nullable=True, comment="When it was sent or given up"),
        sa.Column("last_error", sa.Text(), nullable=False, comment="Why the last try failed"),
        sa.CheckConstraint("state IN ('due', 'sent', 'dead', 'kept')", name=op.f("ck_outbox_state_known")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_outbox_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_due",
            ["next_attempt_at"],
            unique=False,
            postgresql_where=sa.text("state = 'due'"),
            sqlite_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_ticket_id"), ["ticket_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_ticket_id"))
        batch_op.drop_index(
            "ix_outbox_due", postgresql_where=sa.text("state = 'due'"), sqlite_where=sa.text("state = 'due'")
        )

    op.drop_table("outbox")
    op.drop_table("events")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tickets_project_id_opened_at"))
        batch_op.drop_index("ix_tickets_digest")

    op.drop_table("tickets")
    with op.batch_alter_table("signin_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signin_links_expires_at"))

    op.drop_table("signin_links")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_account_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_memberships_project_id"))

    op.drop_table("memberships")
    with op.batch_alter_table("rate_counters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rate_counters_expires_at"))

    op.drop_table("rate_counters")
    op.drop_table("projects")
    op.drop_table("policies")
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drafts_expires_at"))

    op.drop_table("drafts")
    op.drop_table("accounts")
