"""Makes django-helpdesk's database with one public queue; prints what its connections are set to, as JSON."""

from __future__ import annotations

import json
import sqlite3
from importlib.metadata import version

import django  # type: ignore[import-not-found, unused-ignore]
from django.core.management import call_command  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    """Migrate, add the mails' texts and the queue, tell."""
    django.setup()
    from django.db import connection  # type: ignore[import-not-found, unused-ignore]
    from helpdesk.models import EmailTemplate, Queue  # type: ignore[import-not-found, unused-ignore]

    call_command("migrate", verbosity=0)
    if not EmailTemplate.objects.exists():
        call_command("loaddata", "emailtemplate.json", verbosity=0)
    queue = Queue.objects.create(
        title="City Museum",
        slug="museum",
        allow_public_submission=True,
        email_address="support@platform.example",
    )
    with connection.cursor() as cursor:
        told: dict[str, object] = {
            "queue": queue.pk,
            "sqlite": sqlite3.sqlite_version,
            "release": version("django-helpdesk"),
        }
        for name in ("journal_mode", "synchronous"):
            cursor.execute(f"PRAGMA {name}")
            told[name] = cursor.fetchone()[0]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
