"""A plain installation of django-helpdesk, as its own guide describes it.

Runs in the environment that the benchmark makes for it, never in ours. "Tuned" has each setting that
makes filing faster or safer without changing what people get: one transaction a request, connections
that stay open, mail that is written and dropped. "Plain" leaves these as Django has them, with mail
kept in memory. Both sync each commit to the disk, as we do.
"""

from __future__ import annotations

import os
from pathlib import Path

RUN = Path(os.environ["BENCHMARK_RUN"])
TUNED = os.environ["BENCHMARK_SETUP"] == "tuned"

DEBUG = False
SECRET_KEY = os.environ["BENCHMARK_SECRET"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmark_urls"
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
MEDIA_ROOT = RUN / "media"
LOGIN_URL = "/helpdesk/login/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "helpdesk",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": RUN / "helpdesk.sqlite3",
        "CONN_MAX_AGE": None if TUNED else 0,
        # All or nothing, as with our ticket, its event and its mail.
        "ATOMIC_REQUESTS": TUNED,
        "OPTIONS": {
            "timeout": 10,
            "transaction_mode": "IMMEDIATE" if TUNED else None,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
EMAIL_BACKEND = f"django.core.mail.backends.{'dummy' if TUNED else 'locmem'}.EmailBackend"

HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_SUBMIT_A_TICKET_PUBLIC = True
