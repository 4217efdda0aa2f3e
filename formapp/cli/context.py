"""What the operator's commands share: the desk, opened when a command needs it and closed when that ends."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

import click

from formapp.services import Services, make_services
from formapp.settings import settings_from


def with_desk(function: Any) -> Any:  # noqa: ANN401 - click's decorators are untyped
    """Hand the desk to a command, opened only when it runs."""

    @click.pass_context
    def run(context: click.Context, /, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        return context.invoke(function, desk_of(context), *args, **options)

    return update_wrapper(run, function)


def desk_of(context: click.Context) -> Services:
    """The desk of this environment, opened at first use. Raises BadSetting, PolicyError, OSError."""
    if context.obj is None:
        context.obj = make_services(settings_from())
        context.call_on_close(context.obj.database.engine.dispose)
    services: Services = context.obj
    return services
