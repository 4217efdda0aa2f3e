"""Forms for more than one purpose: a writer's mistakes, what is asked when, what a planned date is good for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from supportpolicy import Choice, FormField, Policy, PolicyError, Registration, counts_on, load, loads, shown_fields
from tests.builders import POLICY, build_policy

# An edit of the real file, words of the line at which it must be told, and the sentence.
MISTAKES = [
    ("- id: launch-date", "- id: Launch date", "Launch date", '"Launch date" can\'t be an id here: use small letters'),
    ("    title: Register a launch date\n", "", "- id: launch-date", 'the key "title" is missing'),
    ("    priority: low\n    without", "    priority: lowest\n    without", "lowest", 'did you mean "low"?'),
    (
        "without: [url, description, attachments]",
        "without: [url, files]",
        "[url, files]",
        'A form has no part "files" to leave out',
    ),
    ("date: launch_date,", "date: lunch_date,", "lunch_date", 'no field "lunch_date"; did you mean "launch_date"?'),
    ("date: launch_date,", "date: launch_other,", "launch_other,", "must be a field of the kind"),
    ("{claim: launch}, days", "{claims: launch}, days", "{claims", 'no question "claims"; did you mean "claim"?'),
    (
        "{claim: launch}, days",
        "{claim: lunch}, days",
        "{claim: lunch}",
        'has no option "lunch"; did you mean "launch"?',
    ),
    ("{claim: launch}, days", "{}, days", "answer: {}", "Name one question of the chooser"),
    ("days: 3}", "days: three}", "days: three", "needs a whole number from 0 to 366"),
    ("id: launch_other", "id: launch_date", "{id: launch_date, kind: text", 'The id "launch_date" stands twice'),
    ("id: launch_other", "id: subject", "{id: subject", 'Every form has a "subject" of its own'),
    ("id: launch_other", "id: section", "{id: section", 'Every form has a "section" of its own'),
    ("id: launch_other", "id: workaround", "{id: workaround", 'The chooser has a question "workaround"'),
    ("id: launch_other", "id: launch-other", "id: launch-other", "use small letters, digits and underscores"),
    ("kind: text,", "kind: txt,", "kind: txt,", 'There is no kind of field "txt"; did you mean "text"?'),
    ("kind: text, label: Name of the environment", "kind: text", "kind: text,", 'the key "label" is missing'),
    ("max: 100,", "max: many,", "max: many", "needs a whole number from 1 to 1,000"),
    ("max: 100,", "min: 1,", "min: 1,", 'A field of the kind "text" has no "min"; leave it out.'),
    ("max: 100,", "required: no,", "required: no", 'Write "true" or "false", not "no".'),
    ("max: 100,", "maximum: 100,", "maximum", 'Unknown key "maximum"'),
    ("min: today}", "min: tomorrow}", "min: tomorrow", '"tomorrow" is no date; write "2026-12-24" or "today".'),
    ("min: today}", "min: 2026-12-24, max: 2026-12-01}", "min: 2026-12-24", "nothing fits both"),
    ("kind: date, label: Planned date", "kind: number, min: 1e999x, label: Date", "1e999x", '"1e999x" is no number.'),
    ("kind: text,", "kind: text, choices: [{id: a, label: A}, {id: b, label: B}],", "choices: [{", "Only a field of"),
    ("kind: text,", "kind: choice,", "id: launch_other, kind: choice", 'needs at least two "choices"'),
    ("label: Staging}", "label: Staging, text: x}", "text: x", 'Unknown key "text"'),
    ("{id: test, label: Test}", "{id: staging, label: Test}", "{id: staging, label: Test}", "stands twice"),
    (
        "{launch_environment: other}",
        "{launch_environment: others}",
        "others",
        'no answer "others"; did you mean "other"?',
    ),
    ("{launch_environment: other}", "{environmnt: other}", "{environmnt", 'There is no field or question "environmnt"'),
    (
        "{launch_environment: other}",
        "{launch_date: other}",
        "{launch_date:",
        'A condition needs a field of the kind "choice"',
    ),
    ("{launch_environment: other}", "{launch_other: other}", "{launch_other:", "can't depend on itself"),
    ("{launch_environment: other}", "{impact: down}", "{impact: down}", "This form has a priority of its own"),
    ("{launch_environment: other}", "{}", "shown_when: {}", "needs at least one field with an answer"),
    (
        "label: Planned date,",
        "label: Planned date, shown_when: {launch_environment: other},",
        "shown_when: {launch_env",
        "comes later",
    ),
]


@pytest.mark.parametrize(("old", "new", "place", "sentence"), MISTAKES, ids=[new[:40] for _, new, _, _ in MISTAKES])
def test_a_mistake_in_a_form_has_its_line_and_a_sentence(old: str, new: str, place: str, sentence: str) -> None:
    before = POLICY.read_text("utf-8")
    assert before.count(old) == 1, old
    text = before.replace(old, new)
    with pytest.raises(PolicyError) as refused:
        loads(text, "p.yml")
    start = text.index("\nforms:")
    line = text[: text.index(place, start)].count("\n") + 1
    told = [str(problem) for problem in refused.value.problems]
    assert any(one.startswith(f"p.yml:{line}: ") and sentence in one for one in told), told
    assert len(told) == len(set(told))


def test_a_policy_without_forms_is_the_version_that_it_was() -> None:
    text = POLICY.read_text("utf-8")
    start, end = text.index("\n# Forms for purposes"), text.index("\n# What the form takes.")
    policy = loads(text[:start] + text[end:])
    assert policy.forms == ()
    assert '"forms"' not in policy.canonical
    assert policy.version != build_policy().version


def test_the_stored_form_of_a_policy_holds_its_forms_whole() -> None:
    policy = build_policy()
    assert policy.forms
    assert Policy.from_canonical(policy.canonical).forms == policy.forms


def test_a_field_is_asked_when_its_condition_holds_and_what_hangs_on_a_hidden_one_is_not() -> None:
    (form,) = build_policy().forms
    assert [one.id for one in shown_fields(form, {"launch_environment": "test"}, {})] == [
        "launch_date",
        "launch_environment",
    ]
    assert "launch_other" in {one.id for one in shown_fields(form, {"launch_environment": "other"}, {})}
    yes_no = (Choice("yes", "Yes"), Choice("no", "No"))
    chain = (
        FormField("first", "choice", "First", choices=yes_no),
        FormField("second", "choice", "Second", choices=yes_no, shown_when=(("first", ("yes",)),)),
        FormField("third", "text", "Third", shown_when=(("second", ("yes",)), ("impact", ("down",)))),
    )
    chained = type(form)("chain", "Chain", fields=chain)
    both = {"first": "no", "second": "yes"}
    assert [one.id for one in shown_fields(chained, both, {"impact": "down"})] == ["first"]
    assert len(shown_fields(chained, both | {"first": "yes"}, {"impact": "down"})) == 3
    assert len(shown_fields(chained, both | {"first": "yes"}, {"impact": "slow"})) == 2


@pytest.mark.parametrize(("days", "counts"), [(4, False), (3, True), (0, True), (-1, True)])
def test_three_days_are_calendar_days_the_third_included_and_a_date_that_passed_counts(days: int, counts: bool) -> None:
    today = date(2026, 12, 21)
    registers = Registration("launch_date", "claim", "launch", 3)
    assert counts_on(registers, today + timedelta(days=days), today) is counts


def test_a_form_is_translated_and_what_lacks_a_translation_is_told(tmp_path: Path) -> None:
    german = build_policy().translated("de").form_named("launch-date")
    assert german is not None
    assert (german.title, german.field("launch_date").label) == ("Einen Starttermin melden", "Geplanter Termin")
    assert german.field("launch_environment").choices[2].label == "Eine andere"
    (tmp_path / "p.yml").write_text(POLICY.read_text("utf-8"), "utf-8")
    texts = POLICY.with_name("support-policy.de.yml").read_text("utf-8")
    (tmp_path / "p.de.yml").write_text(texts.replace("      launch_other: {label: Name der Umgebung}\n", ""), "utf-8")
    with pytest.raises(PolicyError, match=r'"forms.launch-date.fields.launch_other" is missing'):
        load(tmp_path / "p.yml")
