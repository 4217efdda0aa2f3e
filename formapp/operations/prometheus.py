"""The desk's figures as Prometheus reads them; needs the extra ``metrics``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from formapp.operations.metrics import Figures


class _Collected(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[GaugeMetricFamily]:
        figures = self._figures
        yield _gauge("tickets", "Tickets not closed", ["state", "priority"], figures.tickets)
        yield GaugeMetricFamily("support_oldest_open_seconds", "Age of the oldest open ticket", figures.oldest_open)
        overdue: dict[tuple[str, ...], int] = {(promise,): count for promise, count in figures.overdue.items()}
        yield _gauge("overdue_tickets", "Promises missed and still to be kept", ["promise"], overdue)
        yield _gauge("outbox_messages", "Messages to be sent (due) or given up", ["channel", "state"], figures.outbox)
        yield GaugeMetricFamily("support_outbox_oldest_seconds", "Age of the oldest message due", figures.outbox_age)
        yield _gauge("attachments_waiting", "Files to be scanned or previewed", ["scan"], figures.attachments)
        yield _gauge("work_given_up", "Work of the worker that was given up", ["work"], figures.given_up)
        yield _gauge(
            "worker_round_age_seconds", "Time since a lane of the worker finished a round", ["lane"], figures.lanes
        )


def _gauge(name: str, words: str, labels: list[str], counts: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"support_{name}", words, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def exposed(figures: Figures) -> tuple[bytes, str]:
    """The figures in Prometheus' text format, and its media type."""
    registry = CollectorRegistry()
    registry.register(_Collected(figures))
    return generate_latest(registry), CONTENT_TYPE_LATEST
