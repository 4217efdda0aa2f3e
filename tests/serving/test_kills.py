"""Any process of ``formapp serve`` is killed while eight people send: it serves again, and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from formapp import worker
from formapp.models import reference_of
from formapp.notifications.outbox import LEASE
from formapp.services import Services, utc_now
from tests.builders import Clock, build_project
from tests.crash.senders import SENDERS, Load, problems, send_all, tokens_of
from tests.service.mailserver import MailServer
from tests.serving.conftest import PATIENCE, Served, wait_until

WITHIN = 10.0
"""How soon after a kill it serves again, in seconds; on a machine so busy that the first start took long, later."""
RESTART_SECONDS = 2.0
"""How long systemd waits before it starts the desk again: RestartSec of the unit file."""
ALL = ["web", "web", "worker"]


@dataclass
class Run:
    """What a run showed: how long after each kill it took until the desk was whole again, in seconds."""

    load: Load = field(default_factory=Load)
    whole_again: list[tuple[str, float]] = field(default_factory=list)
    first_start: float = 0.0

    @property
    def within(self) -> float:
        """How soon the desk must be whole again."""
        return max(WITHIN, RESTART_SECONDS + 2 * self.first_start)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


def kill_by_turns(services: Services, mail_server: MailServer, victims: list[str], tickets: int) -> Run:
    """Kill these by turns while eight people send at least so many tickets."""
    build_project(services, "shop")
    tokens = tokens_of(services)
    services.database.engine.dispose()
    run, chance = Run(), random.Random(11)  # noqa: S311 - moments, no secrets
    mails = {"FORMAPP_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}", "FORMAPP_FILES_SHARED": "1"}
    desk = Served(services, **mails)
    begun = time.monotonic()
    try:
        wait_until(lambda: sorted(desk.children().values()) == ALL and desk.answers(), "the desk is whole")
        run.first_start = time.monotonic() - begun
        with ThreadPoolExecutor(SENDERS) as pool:
            sending = [pool.submit(send_all, desk.port, number, own, run.load) for number, own in enumerate(tokens)]
            try:
                for turn, victim in enumerate(victims, 1):
                    share = tickets * turn // (len(victims) + 1)
                    wait_for(lambda share=share: len(run.load.acknowledged) >= share, run, "people get through")
                    time.sleep(chance.uniform(0, 0.2))
                    kill(desk, victim, run, chance)
                wait_for(lambda: len(run.load.acknowledged) >= tickets, run, "all are sent", PATIENCE * 10)
            finally:
                run.load.over.set()
            for one in sending:
                one.result(PATIENCE)
    finally:
        desk.end()
    return run


def wait_for(happened: Callable[[], bool], run: Run, what: str, patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while not happened() and not run.load.refused:
        if time.monotonic() > until:
            # It ends the senders, too, who would go on for ever.
            run.load.refused.append(f"waited {patience:.0f} s: {what}")
        time.sleep(0.02)


def kill(desk: Served, victim: str, run: Run, chance: random.Random) -> None:
    """Kill one process, and wait until all run, answer, and have taken a ticket."""
    acknowledged, begun = len(run.load.acknowledged), time.monotonic()
    if victim == "supervisor":
        killed = {desk.process.pid, *desk.children()}
        desk.process.kill()
        desk.process.wait()
        threading.Thread(target=restart, args=(desk,)).start()
    else:
        killed = {chance.choice([number for number, word in desk.children().items() if word == victim])}
        os.kill(next(iter(killed)), signal.SIGKILL)

    def whole() -> bool:
        children = desk.children()
        return (
            not killed & set(children)
            and sorted(children.values()) == ALL
            and len(run.load.acknowledged) > acknowledged
            and desk.answers()
        )

    wait_for(whole, run, f"the desk is whole after the end of its {victim}")
    run.whole_again.append((victim, time.monotonic() - begun))


def restart(desk: Served) -> None:
    """Start the desk again as systemd does: after a pause, and once more where it can't listen yet."""
    while True:
        time.sleep(RESTART_SECONDS)
        desk.start()
        until = time.monotonic() + RESTART_SECONDS
        while desk.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        if desk.process.poll() is None:
            return


def check(services: Services, mail_server: MailServer, run: Run, tickets: int) -> None:
    """Nothing was lost, doubled or half; each ticket's mail arrived; and each time the desk was soon whole again."""
    url = f"smtp://127.0.0.1:{mail_server.port}"
    desk = replace(services, settings=replace(services.settings, smtp_url=url, files_shared=True))
    assert problems(desk, run.load) == []
    # What a killed worker held is free for the next when its lease has run out.
    worker.run_once(desk, Clock(utc_now() + LEASE + timedelta(minutes=1)))
    assert len(run.load.acknowledged) >= tickets
    mails = Counter(str(message["Message-ID"]).strip("<>").split(".")[0] for _, message in mail_server.arrived)
    references = set(run.load.acknowledged.values())
    assert len(references) == len(run.load.acknowledged), "no reference was given twice"
    assert references - set(mails) == set(), "each mail arrived at least once"
    assert [one for one in run.whole_again if one[1] > run.within] == []
    times = ", ".join(f"{victim} {seconds:.1f} s" for victim, seconds in run.whole_again)
    twice = sum(mails.values()) - len(mails)
    print(f"\n{len(references)} tickets, {twice} mails twice; first start {run.first_start:.1f} s, then {times}")
    assert reference_of(1) in mails


def test_what_is_killed_serves_again_and_no_ticket_is_lost(sqlite_services: Services, mail_server: MailServer) -> None:
    run = kill_by_turns(sqlite_services, mail_server, ["web", "worker", "supervisor"], 100)
    check(sqlite_services, mail_server, run, 100)


@pytest.mark.nightly
def test_two_thousand_tickets_through_kills_of_every_process(services: Services, mail_server: MailServer) -> None:
    victims = ["web", "worker", "web", "web", "worker", "supervisor", "web", "worker", "web", "web", "worker", "web"]
    run = kill_by_turns(services, mail_server, victims, 2000)
    check(services, mail_server, run, 2000)
