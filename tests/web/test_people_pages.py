"""The pages People and Projects: whoever manages people does each action there, and its opposite."""

from __future__ import annotations

from typing import Any

import pytest

from formapp.accounts import accounts, people, projects
from formapp.models import Account, AuditEntry, OutboxMessage
from tests.builders import NOW, build_account, build_manager, build_project, build_staff, stored
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

ADA = "/support/desk/people/1"


@pytest.fixture
def mia(desk: Desk) -> Browser:
    """The browser of somebody at the desk who manages people; the customer Ada is in Riverside Shop."""
    build_manager(desk.services)
    build_project(desk.services, "museum", name="City Museum")
    return desk.browser_of("mia@platform.example")


def press(browser: Browser, page: Page, action: str, **typed: str) -> Page:
    """Fill the form of this address on the page, and press its button."""
    form = page.form(action)
    assert set(typed) <= set(form.fields) | {"staff", "invite"}
    form.fields |= typed
    return browser.send(form)


def said(page: Page) -> str:
    """What the page says was done."""
    return " ".join(page.one("div", role="status").text.split())


def tabs(page: Page) -> list[str]:
    return [link.text for link in page.all("a") if link.inside(page.one("nav", **{"class": "support-tabs"}))]


def test_a_person_is_added_to_a_project_and_invited(desk: Desk, mia: Browser) -> None:
    page = mia.open("/support/desk/people/add")
    shown = press(mia, page, "/support/desk/people/add", name="Zoë Müller", email=" Zoe@Shop.example", project="museum")
    assert said(shown) == "Zoë Müller is added. An invitation goes to zoe@shop.example."
    assert shown.heading == "Person Zoë Müller"
    zoe = people.person_facts(desk.services, "zoe@shop.example")
    assert ([one.key for one in zoe.projects], zoe.is_staff) == (["museum"], False)
    assert [row.kind for row in stored(desk.services, OutboxMessage)] == ["invitation"]
    added = next(one for one in stored(desk.services, AuditEntry) if one.subject_id == zoe.number)
    assert (added.kind, added.account_id, added.origin) == ("account-added", 2, "127.0.0.1")


def test_a_mistake_on_a_form_stands_at_its_field_with_what_was_typed(desk: Desk, mia: Browser) -> None:
    for typed, sentence in (
        ({"email": ""}, "Enter an email address"),
        ({"email": "nonsense"}, '"nonsense" is not an e-mail address'),
        ({"email": "ada@shop.example"}, "There is an account for ada@shop.example already"),
        ({"email": "new@shop.example", "name": "x" * 201}, "The name must be 200 characters or less"),
        ({"email": "new@shop.example", "project": "nowhere"}, "There is no project nowhere"),
    ):
        page = press(mia, mia.open("/support/desk/people/add"), "/support/desk/people/add", **typed)
        assert (page.status, page.title.startswith("Error: ")) == (422, True)
        assert sentence in page.text
        assert page.one("input", id="email")["value"] == typed["email"]
    for action, typed, sentence in (
        (f"{ADA}/name", {"name": " "}, "Enter a name"),
        (f"{ADA}/address", {"email": ""}, "Enter the new email address"),
        (f"{ADA}/address", {"email": "mia@platform.example"}, "There is an account for mia@platform.example already"),
        (f"{ADA}/projects", {"project": ""}, "Choose a project from the list"),
    ):
        page = press(mia, mia.open(ADA), action, **typed)
        assert page.status == 422
        # The summary leads to the field that says it.
        link = page.one("div", **{"class": "support-summary"})
        (target,) = [one["href"].removeprefix("#") for one in page.all("a") if one.inside(link)]
        assert sentence in page.one("p", id=f"{target}-error").text
    key = press(mia, mia.open("/support/desk/projects/add"), "/support/desk/projects/add", name="New", key="My Shop")
    assert "can't be a key" in key.one("p", id="key-error").text
    shop = "/support/desk/projects/shop"
    nobody = press(mia, mia.open(shop), f"{shop}/members", email="who@nowhere.example")
    assert "Add the person first" in nobody.one("p", id="email-error").text
    plan = press(mia, mia.open(shop), shop, plan=" ")
    assert "The project's plan can't be empty" in plan.one("p", id="plan-error").text
    assert len(stored(desk.services, Account)) == 2


def test_each_act_on_a_person_has_its_opposite_on_the_page(desk: Desk, mia: Browser) -> None:
    def state() -> dict[str, Any]:
        ada = people.person_facts(desk.services, "ada@shop.example")
        return {
            "name": ada.name,
            "new": ada.new_email,
            "disabled": ada.disabled_at is not None,
            "staff": ada.is_staff,
            "projects": {one.key for one in ada.projects},
        }

    before = state()
    for act, opposite, change in (
        (("name", {"name": "Ada L"}), ("name", {"name": "Ada Martin"}), {"name": "Ada L"}),
        (("address", {"email": "ada@new.example"}), ("address/cancel", {}), {"new": "ada@new.example"}),
        (("disable", {}), ("enable", {}), {"disabled": True}),
        (("staff", {}), ("staff/end", {}), {"staff": True}),
        (("projects", {"project": "museum"}), ("projects/museum/take-out", {}), {"projects": {"shop", "museum"}}),
    ):
        done = press(mia, mia.open(ADA), f"{ADA}/{act[0]}", **act[1])
        assert said(done)
        assert state() == {**before, **change}
        assert said(press(mia, done, f"{ADA}/{opposite[0]}", **opposite[1]))
        assert state() == before


def test_a_button_says_out_of_what_it_takes_somebody(mia: Browser) -> None:
    page = mia.open(ADA)
    assert "Take out of Riverside Shop" in [button.text for button in page.all("button")]
    shop = mia.open("/support/desk/projects/shop")
    assert "Let in to Riverside Shop" in [button.text for button in shop.all("button")]


def test_each_act_counts_in_every_open_browser_at_the_next_request(desk: Desk, mia: Browser) -> None:
    first, second = desk.browser_of("ada@shop.example"), desk.browser_of("ada@shop.example")

    press(mia, mia.open(ADA), f"{ADA}/staff")
    assert [tabs(browser.open("/support/account"))[0] for browser in (first, second)] == ["Queue"] * 2
    press(mia, mia.open(ADA), f"{ADA}/staff/end")
    assert [browser.open("/support/desk/").status for browser in (first, second)] == [404] * 2

    press(mia, mia.open(ADA), f"{ADA}/projects/shop/take-out")
    assert "Riverside Shop" not in first.open("/support/projects").text + second.open("/support/projects").text
    press(mia, mia.open(ADA), f"{ADA}/projects", project="shop")
    assert "Riverside Shop" in first.open("/support/projects").text

    press(mia, mia.open("/support/desk/projects/shop"), "/support/desk/projects/shop", name="Lakeside Shop")
    assert "Lakeside Shop" in second.open("/support/projects").text
    press(mia, mia.open(ADA), f"{ADA}/name", name="Ada L")
    assert "Ada L" in first.open("/support/account").text

    press(mia, mia.open(ADA), f"{ADA}/sign-out")
    assert [browser.open("/support/account").heading for browser in (first, second)] == ["Sign in"] * 2
    third = desk.browser_of("ada@shop.example")
    press(mia, mia.open(ADA), f"{ADA}/disable")
    assert third.open("/support/account").heading == "Sign in"


def test_the_right_counts_at_the_next_request_too(desk: Desk, mia: Browser) -> None:
    assert {"People", "Projects"} <= set(tabs(mia.open("/support/desk/")))
    build_staff(desk.services)
    sam = desk.browser_of("sam@platform.example")
    assert "People" not in tabs(sam.open("/support/desk/"))
    assert sam.open(ADA).status == 404
    form = mia.open(ADA).form(f"{ADA}/disable")
    accounts.set_manages_people(desk.services, "mia@platform.example", False, NOW)
    assert mia.send(form).status == 404
    assert stored(desk.services, Account)[0].disabled_at is None
    assert "People" not in tabs(mia.open("/support/desk/"))


def test_who_manages_people_finds_no_button_to_shut_themselves_out_and_none_that_works(
    desk: Desk, mia: Browser
) -> None:
    me = "/support/desk/people/2"
    page = mia.open(me)
    assert {"Disable account", "Take out of staff"} & {button.text for button in page.all("button")} == set()
    form = mia.open(ADA).form(f"{ADA}/disable")
    for act, sentence in (("disable", "can't disable your own"), ("staff/end", "can't take yourself out of staff")):
        form.action = f"{me}/{act}"
        refused = mia.send(form)
        assert (refused.status, sentence in refused.text) == (422, True)
    assert stored(desk.services, Account)[1].manages_people


def test_a_new_address_is_confirmed_by_its_link_by_whoever_is_signed_in(desk: Desk, mia: Browser) -> None:
    ada, visitor = desk.browser_of("ada@shop.example"), desk.visitor()
    told = press(mia, mia.open(ADA), f"{ADA}/address", email="ada@new.example")
    assert said(told).startswith("A link goes to ada@new.example.")
    assert "ada@new.example, not confirmed yet" in told.text
    link = next(row.payload["link"] for row in stored(desk.services, OutboxMessage) if row.kind == "address-confirm")
    path = str(link).removeprefix(visitor.origin)
    for _ in range(2):
        # Mail scanners look, too.
        page = visitor.open(path)
        assert "ada@shop.example" in page.text
    done = visitor.send(page.form(path))
    assert done.heading == "Your address has changed"
    assert "ada@new.example" in ada.open("/support/account").text
    assert (visitor.open(path).status, visitor.send(page.form(path)).status) == (410, 410)


def test_a_link_whose_address_was_taken_meanwhile_says_so(desk: Desk, mia: Browser) -> None:
    press(mia, mia.open(ADA), f"{ADA}/address", email="ada@new.example")
    link = next(row.payload["link"] for row in stored(desk.services, OutboxMessage) if row.kind == "address-confirm")
    page = mia.open(str(link).removeprefix(mia.origin))
    build_account(desk.services, "ada@new.example")
    refused = mia.send(page.form(page.url))
    assert (refused.status, "There is an account for ada@new.example already." in refused.text) == (422, True)


def test_people_and_projects_are_searched_in_pages_of_fifty(desk: Desk, mia: Browser) -> None:
    for number in range(60):
        email = build_account(desk.services, f"p{number:02}@shop.example", name=f"Person {number:02}").email
        projects.add_member(desk.services, email, "shop", NOW)
        build_project(desk.services, f"p{number}", name=f"Project {number:02}")

    def rows(page: Page) -> int:
        return len(page.all("tr")) - 1

    first = mia.open("/support/desk/people?search=PERSON")
    assert (rows(first), len(first.all("a", rel="next"))) == (50, 1)
    assert rows(mia.open(first.one("a", rel="next")["href"])) == 10
    assert rows(mia.open("/support/desk/people?search=person+07")) == 1
    assert rows(mia.open("/support/desk/people?show=staff")) == 1
    assert "Nobody matches." in mia.open("/support/desk/people?search=nobody").text
    listed = mia.open("/support/desk/projects")
    assert rows(listed) == 50
    assert rows(mia.open(listed.one("a", rel="next")["href"])) == 12
    assert rows(mia.open("/support/desk/projects?search=museum")) == 1
    shop = mia.open("/support/desk/projects/shop")
    assert "Members (61)" in shop.text
    assert "Person 49" in mia.open(shop.one("a", rel="next")["href"]).text
    for odd in ("people?show=nonsense", "people?page=0", "people?page=x", "projects?page=-1", "people/0", "people/999"):
        assert mia.open(f"/support/desk/{odd}").status == 404


def test_a_project_is_added_changed_closed_and_reopened(desk: Desk, mia: Browser) -> None:
    page = press(
        mia, mia.open("/support/desk/projects/add"), "/support/desk/projects/add", name="Archive", key="archive"
    )
    here = "/support/desk/projects/archive"
    assert (page.url, said(page)) == (here, "Archive is added.")
    page = press(mia, page, here, name="The Archive", plan="Business")
    page = press(mia, page, f"{here}/members", email="ADA@shop.example")
    assert said(page) == "Ada Martin is in The Archive."
    page = press(mia, page, f"{here}/members/take-out")
    assert said(page) == "ada@shop.example is no longer in The Archive."
    page = press(mia, page, f"{here}/close")
    assert "Closed: no new ones can be opened" in page.text
    page = press(mia, page, f"{here}/reopen")
    facts = people.project_facts(desk.services, "archive")
    assert (facts.name, facts.plan, facts.is_active, facts.members) == ("The Archive", "Business", True, 0)


def test_a_table_is_checked_then_imported_and_its_bad_lines_are_named(desk: Desk, mia: Browser) -> None:
    here = "/support/desk/people/import"
    table = "email,name,project\nben@shop.example,Ben,shop\nzoe@shop.example,Zoë,museum\n"
    bad = press(mia, mia.open(here), here, table=table + "nonsense,X,shop\nben@shop.example,Ben,nowhere\n")
    assert bad.status == 422
    assert "Line 4: " in bad.text
    assert "Line 5: There is no project nowhere" in bad.text
    assert len(stored(desk.services, Account)) == 2
    form = mia.open(here).form(here)
    form.fields["table"] = table
    checked = mia.send(form, button=("check", "yes"))
    assert "It would add 2 accounts and 2 members. Nothing was changed yet." in said(checked)
    assert len(stored(desk.services, Account)) == 2
    done = mia.send(checked.form(here))
    assert said(done) == "Added 2 accounts and 2 members."
    assert people.person_facts(desk.services, "zoe@shop.example").name == "Zoë"
