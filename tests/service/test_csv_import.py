"""A table of many people: all of its lines, or none and each bad one named."""

from __future__ import annotations

import pytest

from formapp.accounts import accounts, csv_import, people, projects
from formapp.accounts.csv_import import BadTable
from formapp.errors import UseCaseError
from formapp.models import Account, AuditEntry, Membership, OutboxMessage
from formapp.services import Services
from tests.builders import NOW, build_account, build_customer, build_project, stored

TABLE = """email,name,project
ada@shop.example,Another name,shop
ben@shop.example,Ben Okafor,shop
ben@shop.example,,museum
"zoe@shop.example","Müller, Zoë",museum
"""


def bad_lines(services: Services, table: str) -> list[tuple[int, str]]:
    with pytest.raises(BadTable) as refused:
        csv_import.import_people(services, table, NOW)
    return [(line.number, line.sentence) for line in refused.value.lines]


def test_a_table_adds_who_is_missing_and_leaves_who_is_there(services: Services) -> None:
    build_customer(services)
    build_project(services, "museum", name="City Museum")
    done = csv_import.import_people(services, TABLE, NOW, invite=True)
    assert (done.lines, done.accounts, done.members) == (4, 2, 3)
    found = {one.email: (one.name, [place.key for place in one.projects]) for one in people.list_people(services)}
    assert found == {
        "ada@shop.example": ("Ada Martin", ["shop"]),
        "ben@shop.example": ("Ben Okafor", ["museum", "shop"]),
        "zoe@shop.example": ("Müller, Zoë", ["museum"]),
    }
    assert [row.recipient for row in stored(services, OutboxMessage)] == ["ben@shop.example", "zoe@shop.example"]
    assert stored(services, AuditEntry)[-1].details == {"lines": 4, "accounts": 2, "members": 3}
    # Once more changes nothing.
    again = csv_import.import_people(services, TABLE, NOW, invite=True)
    assert (again.accounts, again.members, len(stored(services, OutboxMessage))) == (0, 0, 2)


def test_a_dry_run_judges_the_same_and_changes_nothing(services: Services) -> None:
    build_customer(services)
    build_project(services, "museum", name="City Museum")
    done = csv_import.import_people(services, TABLE, NOW, invite=True, dry_run=True)
    assert (done.accounts, done.members) == (2, 3)
    assert len(stored(services, Account)) == len(stored(services, Membership)) == 1
    assert stored(services, OutboxMessage) == []


def test_each_bad_line_is_named_and_nothing_is_changed(services: Services) -> None:
    build_customer(services)
    build_project(services, "old")
    projects.close_project(services, "old", NOW)
    build_account(services, "gone@shop.example")
    accounts.disable_account(services, "gone@shop.example", NOW)
    long = "x" * 201
    table = f"""email,name,project
good@shop.example,Good,shop
nonsense,No address,shop
ada@shop.example,Ada,nowhere
ada@shop.example,Ada,old
gone@shop.example,Gone,shop
long@shop.example,{long},shop
few@shop.example,shop
none@shop.example,None,
GOOD@shop.example,Good,shop
good@shop.example,Better,old

"two
lines",Two,shop
last@shop.example,Last,nowhere
"""
    assert bad_lines(services, table) == [
        (3, '"nonsense" is not an e-mail address'),
        (4, "There is no project nowhere"),
        (5, "The project old is closed"),
        (6, "The account of gone@shop.example is disabled"),
        (7, "The name must be 200 characters or less. It is 1 too long"),
        (8, "There are 2 columns instead of 3"),
        (9, "No project is named"),
        (10, "good@shop.example in shop is on line 2 too"),
        (11, "good@shop.example has another name on line 2"),
        (13, '"two\nlines" is not an e-mail address'),
        (15, "There is no project nowhere"),
    ]
    assert len(stored(services, Account)) == 2
    assert len(stored(services, Membership)) == 1


@pytest.mark.parametrize(
    "table",
    [
        "\ufeffEmail;Name;Project\r\nben@shop.example;Ben;shop\r\n",
        "project\temail\nshop\tben@shop.example\n",
        "email,project\nben@shop.example,shop",
    ],
)
def test_tables_of_several_programs_are_read(sqlite_services: Services, table: str) -> None:
    build_project(sqlite_services, "shop")
    assert csv_import.import_people(sqlite_services, table, NOW).accounts == 1
    assert [one.email for one in people.list_members(sqlite_services, project="shop")] == ["ben@shop.example"]


@pytest.mark.parametrize(
    "table", ["", "\n", "ben@shop.example,Ben,shop", "email,name", "email,email,project\n", "email,project,plan\na,b,c"]
)
def test_what_has_no_heading_is_no_table(sqlite_services: Services, table: str) -> None:
    with pytest.raises(UseCaseError, match="first line must name the columns"):
        csv_import.import_people(sqlite_services, table, NOW)
    with pytest.raises(UseCaseError, match="no line below"):
        csv_import.import_people(sqlite_services, "email,project\n\n", NOW)


def test_a_quote_that_is_never_closed_is_named_by_its_line(sqlite_services: Services) -> None:
    build_project(sqlite_services, "shop")
    table = 'email,project\nben@shop.example,shop\n"ada@shop.example,shop\n'
    ((number, sentence),) = bad_lines(sqlite_services, table)
    assert (number, sentence) == (3, "The line and those below can't be read: unexpected end of data")


def test_ten_thousand_members_are_one_transaction_and_one_bad_line_undoes_all(services: Services) -> None:
    build_project(services, "shop")
    lines = [f"person{number}@shop.example,Person {number},shop" for number in range(10_000)]
    assert bad_lines(services, "\n".join(["email,name,project", *lines, "late@shop.example,Late,nowhere"])) == [
        (10_002, "There is no project nowhere")
    ]
    assert stored(services, Account) == []
    done = csv_import.import_people(services, "\n".join(["email,name,project", *lines]), NOW)
    assert (done.accounts, done.members) == (10_000, 10_000)
    assert people.project_facts(services, "shop").members == 10_000
