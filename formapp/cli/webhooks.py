"""``formapp webhook``: the operator's commands for endpoints."""

from __future__ import annotations

import click

from formapp.cli.context import with_desk
from formapp.notifications.webhooks import delivery, endpoints
from formapp.notifications.webhooks.endpoints import OVERLAP, EndpointFacts
from formapp.notifications.webhooks.messages import EVENT_TYPES
from formapp.services import Services, utc_now


@click.group()
def webhook() -> None:
    """Other systems that get ticket events as signed messages (Standard Webhooks)."""


@webhook.command(name="add")
@click.argument("url")
@click.option("--project", default="", metavar="KEY", help="Only this project's tickets; otherwise all.")
@click.option(
    "--events",
    multiple=True,
    metavar="TYPE[,TYPE]",
    help=f"Only these types, of {', '.join(EVENT_TYPES)}; otherwise all.",
)
@with_desk
def webhook_add(desk: Services, url: str, project: str, events: tuple[str, ...]) -> None:
    """Send ticket events to a URL. Prints the endpoint's secret, once."""
    types = [event for part in events for event in part.replace(",", " ").split()]
    number, secret = endpoints.add_endpoint(desk, url, utc_now(), project=project, events=types)
    click.echo(f"Added endpoint {number}: {_summary(endpoints.endpoint_numbered(desk, number))}")
    click.echo(f"Its secret, shown only now: {secret}")
    click.echo(f"Try it: formapp webhook test {number}")


@webhook.command(name="list")
@with_desk
def webhook_list(desk: Services) -> None:
    """Show the endpoints and how they fare."""
    every = endpoints.endpoints(desk)
    for endpoint in every:
        click.echo(f"{endpoint.id}  {_summary(endpoint)}; {_state(endpoint)}")
    if not every:
        click.echo("There is no webhook endpoint. Add one: formapp webhook add URL")


def _summary(endpoint: EndpointFacts) -> str:
    tickets = f"tickets of {endpoint.project}" if endpoint.project else "all tickets"
    return f"{endpoint.url}, {tickets}, {', '.join(endpoint.events) or 'all events'}"


def _state(endpoint: EndpointFacts) -> str:
    if endpoint.disabled_at:
        return f"switched off {endpoint.disabled_at:%Y-%m-%d %H:%M} UTC: {endpoint.disabled_reason}"
    if endpoint.failing_since and endpoint.paused_until:
        return (
            f"failing since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC, "
            f"next try {endpoint.paused_until:%Y-%m-%d %H:%M} UTC"
        )
    return "on"


@webhook.command(name="test")
@click.argument("number", metavar="ID", type=int)
@with_desk
def webhook_test(desk: Services, number: int) -> None:
    """Send a signed ping at once, and say what came back."""
    tried = delivery.ping(desk, number, utc_now())
    if not tried.delivered:
        raise click.ClickException(f"The ping failed. {tried.error} ({tried.duration_ms} ms)")
    click.echo(f"The receiver accepted the ping: it answered {tried.status} in {tried.duration_ms} ms.")


@webhook.command(name="rotate")
@click.argument("number", metavar="ID", type=int)
@with_desk
def webhook_rotate(desk: Services, number: int) -> None:
    """Make a new secret and print it, once. For a day, messages are signed with both."""
    now = utc_now()
    secret = endpoints.rotate(desk, number, now)
    click.echo(f"The new secret of endpoint {number}, shown only now: {secret}")
    click.echo(f"Until {now + OVERLAP:%Y-%m-%d %H:%M} UTC, messages are signed with the old one too.")


@webhook.command(name="disable")
@click.argument("number", metavar="ID", type=int)
@with_desk
def webhook_disable(desk: Services, number: int) -> None:
    """Send nothing more to an endpoint. What is waiting for it fails."""
    endpoints.disable(desk, number, utc_now())
    click.echo(f"Endpoint {number} is switched off.")


@webhook.command(name="enable")
@click.argument("number", metavar="ID", type=int)
@with_desk
def webhook_enable(desk: Services, number: int) -> None:
    """Send to an endpoint again, from the next event on."""
    endpoints.enable(desk, number)
    click.echo(f"Endpoint {number} is switched on.")


@webhook.command(name="remove")
@click.argument("number", metavar="ID", type=int)
@with_desk
def webhook_remove(desk: Services, number: int) -> None:
    """Remove an endpoint that is switched off, with its secret and its log. Added again, it gets a new secret."""
    endpoints.remove(desk, number, utc_now())
    click.echo(f"Endpoint {number} is removed.")
