"""``formapp account``, ``project`` and ``member``: the same actions as on the pages, and lists for programs."""

from __future__ import annotations

import json
from pathlib import Path

from formapp.accounts import people
from formapp.models import Account, OutboxMessage
from formapp.services import Services
from tests.builders import build_customer, build_staff, stored
from tests.service.test_cli import Operator, operator

__all__ = ["operator"]
ADA = "ada@shop.example"


def test_each_command_has_its_opposite(services: Services, operator: Operator) -> None:
    build_customer(services)
    build_staff(services)
    before = people.list_people(services), people.list_projects(services)
    for words, opposite, told in (
        (("account", "rename", ADA, "Ada L"), ("account", "rename", ADA, "Ada Martin"), f"{ADA} is now Ada L."),
        (("account", "disable", ADA), ("account", "enable", ADA), f"{ADA} can no longer sign in."),
        (("account", "staff", ADA, "on"), ("account", "staff", ADA, "off"), f"{ADA} works at the desk."),
        (
            ("account", "manages", "sam@platform.example", "on"),
            ("account", "manages", "sam@platform.example", "off"),
            "sam@platform.example manages people and projects.",
        ),
        (
            ("account", "address", ADA, "ada@new.example"),
            ("account", "address", ADA, "--cancel"),
            f"A link goes to ada@new.example. Until it is pressed, {ADA} keeps this address.",
        ),
        (("project", "rename", "shop", "Shop"), ("project", "rename", "shop", "Riverside Shop"), "shop is now Shop."),
        (
            ("project", "plan", "shop", "Business"),
            ("project", "plan", "shop", "Standard"),
            "The plan of shop is now Business.",
        ),
        (("project", "close", "shop"), ("project", "reopen", "shop"), "Closed the project shop."),
    ):
        assert operator.is_told(*words) == told
        assert (people.list_people(services), people.list_projects(services)) != before
        assert operator.is_told(*opposite)
        assert (people.list_people(services), people.list_projects(services)) == before


def test_an_invitation_goes_out_and_is_ended(services: Services, operator: Operator) -> None:
    operator.is_told("project", "add", "shop", "--name", "Riverside Shop")
    said = operator.is_told("account", "add", ADA, "--name", "Ada", "--project", "shop", "--invite")
    assert said.endswith(f"An invitation goes to {ADA}.")
    operator.is_told("account", "invite", ADA)
    assert [row.kind for row in stored(services, OutboxMessage)] == ["invitation", "invitation"]
    assert operator.is_told("account", "sign-out", ADA) == f"{ADA} is signed out on all devices."
    operator.is_told("account", "disable", ADA)
    assert "Enable the account first" in operator.is_refused("account", "invite", ADA)


def test_lists_are_read_by_people_and_by_programs(services: Services, operator: Operator) -> None:
    build_customer(services)
    build_staff(services)
    assert operator.is_told("account", "list").splitlines() == [
        f"{ADA}\tAda Martin\tshop\t-",
        "sam@platform.example\tSam Rivera\t-\tstaff",
    ]
    (staff,) = map(json.loads, operator.is_told("account", "list", "--staff", "--json").splitlines())
    assert (staff["email"], staff["is_staff"], staff["manages_people"]) == ("sam@platform.example", True, False)
    assert operator.is_told("account", "list", "--search", "MARTIN").startswith(ADA)
    assert operator.is_told("account", "list", "--disabled") == ""
    ada = json.loads(operator.is_told("account", "show", ADA, "--json"))
    assert [place["key"] for place in ada["projects"]] == ["shop"]
    assert "projects: shop" in operator.is_told("account", "show", ADA)
    assert operator.is_told("project", "list") == "shop\tRiverside Shop\tStandard\tactive\t1"
    assert json.loads(operator.is_told("project", "show", "shop", "--json"))["members"] == 1
    assert "is active: yes" in operator.is_told("project", "show", "shop")
    (member,) = map(json.loads, operator.is_told("member", "list", "--project", "shop", "--json").splitlines())
    assert (member["email"], member["project"]) == (ADA, "shop")
    assert operator.is_told("member", "list", "--person", "sam@platform.example") == ""
    assert "project: shop" in operator.is_told("member", "show", ADA, "shop")
    for words, sentence in (
        (("account", "show", "who@nowhere.example"), "There is no account for who@nowhere.example"),
        (("project", "show", "nowhere"), "There is no project nowhere"),
        (("member", "list", "--project", "nowhere"), "There is no project nowhere"),
        (("member", "show", "sam@platform.example", "shop"), "sam@platform.example is not in shop"),
        (("account", "manages", ADA, "on"), f"{ADA} isn't staff. Only staff can manage people"),
    ):
        assert operator.is_refused(*words) == sentence


def test_a_table_is_imported_whole_or_each_bad_line_named(
    services: Services, operator: Operator, tmp_path: Path
) -> None:
    build_customer(services)
    table = tmp_path / "people.csv"
    table.write_text("email,name,project\nben@shop.example,Ben,shop\nnonsense,X,shop\nzoe@shop.example,Zoë,nowhere\n")
    result = operator.types("member", "import", str(table))
    assert result.stderr.splitlines() == [
        'Line 3: "nonsense" is not an e-mail address',
        "Line 4: There is no project nowhere",
        "Error: 2 lines can't be taken, so nothing was changed",
    ]
    table.write_text("email,name,project\nben@shop.example,Ben,shop\n")
    said = operator.is_told("member", "import", str(table), "--dry-run")
    assert said == "Would add 1 account and 1 member, from 1 line."
    assert len(stored(services, Account)) == 1
    said = operator.is_told("member", "import", str(table), "--invite")
    assert said == "Added 1 account and 1 member, from 1 line."
    assert [row.recipient for row in stored(services, OutboxMessage)] == ["ben@shop.example"]
    table.write_bytes("email,name,project\nzoe@shop.example,Zoë,shop\n".encode("latin-1"))
    assert operator.is_refused("member", "import", str(table)).startswith("Line 2 isn't UTF-8.")
