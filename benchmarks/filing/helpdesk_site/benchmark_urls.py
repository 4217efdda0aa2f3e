"""Where django-helpdesk's pages are."""

from __future__ import annotations

from django.urls import include, path  # type: ignore[import-not-found, unused-ignore]

urlpatterns = [path("helpdesk/", include("helpdesk.urls"))]
