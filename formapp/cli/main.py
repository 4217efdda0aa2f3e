"""``formapp``: the operator's commands. A mistake gets a sentence and exit code 1, never a traceback."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from formapp.errors import UseCaseError
from formapp.setting_values import BadSetting
from supportpolicy import PolicyError

COMMANDS = {
    "account": "people.account",
    "audit": "audit.audit",
    "backup": "operations.backup",
    "closure": "closures.closure",
    "db": "database.db",
    "demo": "demo.add_demo",
    "docs": "docs.docs",
    "doctor": "operations.examine",
    "lmtp": "processes.run_lmtp",
    "mail": "mail.mail",
    "member": "people.member",
    "outbox": "outbox.outbox",
    "person": "person.person",
    "policy": "policy.policy",
    "project": "people.project",
    "reload": "serve.reload",
    "restore": "operations.restore",
    "search": "search.search",
    "serve": "serve.serve",
    "signin-link": "sign_in.signin_link",
    "web": "processes.web",
    "webhook": "webhooks.webhook",
    "worker": "processes.run_worker",
}
"""Each command's module in this package and its name there. Only the one that is used is imported, so that no process
waits for the others' parts when it starts again."""


class Commands(click.Group):
    """Finds commands in their modules, and turns what can go wrong into a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(import_module(f"formapp.cli.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UseCaseError as refused:
            raise click.ClickException(refused.message) from refused
        except (BadSetting, PolicyError) as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(f"The database can't be used: {error.orig}. Try: formapp db upgrade") from error


@click.group(cls=Commands)
@click.pass_context
def main(context: click.Context) -> None:
    """The help desk that keeps what the guide promises. Settings are FORMAPP_... environment variables."""
    context.obj = None
