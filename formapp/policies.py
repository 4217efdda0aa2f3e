"""The policy that a promise was given under: each version is stored whole, so that it can be read again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, exists

from formapp.database.upsert import insert_for
from formapp.models import StoredPolicy
from formapp.services import Services
from supportpolicy import Policy
from supportpolicy.languages import current_language

# A version never changes, so a rebuilt policy stays; there are as many as the guide had releases.
_older: dict[str, Policy] = {}
IS_STORED = exists().where(StoredPolicy.version == bindparam("policy_version"))
"""Whether the policy of this version is stored, as part of a question that asks for more."""


def policy_of(services: Services, version: str) -> Policy:
    """The policy of this version, rebuilt where it is no longer the present one."""
    if version == services.policy.version:
        return services.policy
    if version not in _older:
        with services.read() as database:
            stored = Policy.from_canonical(database.get_one(StoredPolicy, version).canonical)
        # Only its own texts are stored; where the present policy says the same, its translations hold.
        _older[version] = stored.with_translations_of(services.policy)
    return _older[version]


def in_words(policy: Policy) -> Policy:
    """The policy with its texts in the language that is spoken now, for whoever reads them: its promises are the same.

    What is stored or told to programs has the texts of the policy itself.
    """
    return policy.translated(current_language())


def store_policy(connection: Connection, policy: Policy, now: datetime) -> None:
    """Store the whole policy that a promise is given under; one that is stored already stays as it is."""
    values = {"version": policy.version, "canonical": policy.canonical, "first_used_at": now}
    # Another host may be at its first ticket, too.
    connection.execute(insert_for(connection, StoredPolicy).on_conflict_do_nothing().values(values))
