"""What a change of the policy does, told to whoever reviews it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from supportpolicy import Policy, loads
from supportpolicy.__main__ import main
from supportpolicy.comparison import compare, in_markdown, in_text
from supportpolicy.decision import TooManyAnswers, enumerate_both
from supportpolicy.description import describe, fits
from supportpolicy.languages import in_language
from tests.builders import POLICY, Combinations, edited_policy

TEXT = POLICY.read_text("utf-8")
OTHER = (
    "{workaround: holds, severity: major}, priority: high, criterion: production-contained",
    "{workaround: holds, severity: major}, priority: normal, criterion: production-minor",
)


def told(*edits: tuple[str, str]) -> list[str]:
    """The sentences about a change of our own policy, without their details."""
    return [change.sentence for section in compare(loads(TEXT), edited_policy(*edits)) for change in section.changes]


FRAGILE = next(line for line in TEXT.splitlines(keepends=True) if "{id: fragile," in line)
CHANGES = [
    (
        ("response: within 1 hour, 24/7", "response: 1 business hour"),
        'Critical: the response changes from "within 1 hour, 24/7" to "1 business hour", which can be later',
    ),
    (
        ("resolution: 4 hours, 24/7", "resolution: 3 hours, 24/7"),
        'Critical: the resolution changes from "4 hours, 24/7" to "3 hours, 24/7", which is never later than before.',
    ),
    (
        ("response: within 1 hour, 24/7", "response: 1 hour, 24/7"),
        'Critical: the response changes from "within 1 hour, 24/7" to "1 hour, 24/7".',
    ),
    (("timezone: Europe/Paris", "timezone: Europe/Berlin"), 'time zone: "Europe/Paris" becomes "Europe/Berlin".'),
    (
        ('fri: ["09:00-17:00"]', 'fri: ["09:00-15:00"]'),
        'opening hours: "Monday to Friday, 09:00 to 17:00" becomes "Monday to Thursday, 09:00 to 17:00; Friday, 09:00',
    ),
    (("    - 2027-12-25\n", "    - 2027-12-25\n    - 2027-12-26\n"), "1 holiday more: 26 Dec 2027."),
    (("    - 2027-11-01\n    - 2027-11-11\n", ""), "2 holidays less: 1 Nov 2027, 11 Nov 2027."),
    (
        ("text: Environments are down.", "text: An environment is down."),
        'criteria.team-down: "Environments are down." becomes "An environment is down.".',
    ),
    (("subject_length: 200", "subject_length: 120"), 'form.limits.subject: "200" becomes "120".'),
    (("[log, txt,", "[log, tsv, txt,"), "Files of these kinds are taken now: tsv."),
    (("[log, txt,", "[txt,"), "Files of these kinds are no longer taken: log."),
    (
        ("email: support@platform.example", "email: help@platform.example"),
        'contact.email: "support@platform.example" becomes "help@platform.example".',
    ),
    (
        ("title: What do you need?", "title: What is it?"),
        'questions.need.title: "What do you need?" becomes "What is it?".',
    ),
    ((FRAGILE, ""), '"Is there a way around it for now?" loses the answer "Yes, but we can\'t keep it up"'),
    (
        ("  - {id: R11, text", '  - {id: R13, text: "A new one."}\n  - {id: R11, text'),
        'A new rule for close cases: "A new one."',
    ),
    (
        ("# When support is open.", "mail: {reopen_within: 10 business days}\n\n# When support is open."),
        'mail.reopen_within: "without a limit" becomes "10 business days".',
    ),
    (
        ("# When support is open.", "mail: {new_tickets: file, unstated_priority: high}\n\n# When support is open."),
        'mail.new_tickets: "ask" becomes "file".',
    ),
    (
        ("# When support is open.", "mail: {unstated_priority: high}\n\n# When support is open."),
        'mail.unstated_priority: "none" becomes "high".',
    ),
]


@pytest.mark.parametrize(("edit", "sentence"), CHANGES)
def test_each_change_is_a_sentence(edit: tuple[str, str], sentence: str) -> None:
    assert any(one.startswith(sentence) for one in told(edit))


def test_a_policy_that_says_the_same_has_no_changes() -> None:
    assert compare(loads(TEXT), loads(f"# A comment\n{TEXT}")) == ()
    assert in_text(()) == in_markdown(()) == "Nothing changes for anybody.\n"


def test_a_table_that_is_written_another_way_is_told_as_that() -> None:
    """Rules in another order decide the same."""
    first, second = (
        "    - {rule: workaround-minor, when: {workaround: holds, severity: minor}",
        "    - {rule: team-trifle, when: {effect: trifle}",
    )
    lines = TEXT.splitlines(keepends=True)
    one, other = (
        next(number for number, line in enumerate(lines) if line.startswith(rule)) for rule in (first, second)
    )
    lines[one], lines[other] = lines[other], lines[one]
    (section,) = compare(loads(TEXT), loads("".join(lines)))
    assert "each combination of answers leads to the same priority as before" in section.changes[0].sentence


def test_other_recommendations_are_described_by_their_answers() -> None:
    section = next(one for one in compare(loads(TEXT), edited_policy(OTHER)) if one.title == "Recommendations")
    change = section.changes[0]
    assert change.sentence.startswith("High becomes Normal in ")
    assert change.sentence.endswith(" of 2,343 combinations of answers:")
    beginning = (
        'Where does it happen? "In production"; Is there a way around it for now? "Yes, one that holds for now"; '
    )
    assert f'{beginning}How severe is it? "Major" or "I can\'t say"' in change.details
    assert 1 <= len(change.details) <= 12
    assert len(in_text((section,)).splitlines()) < 20


def test_a_new_answer_tells_where_it_leads() -> None:
    edit = (
        "        - {id: minor, label: Minor, hint:",
        "        - {id: tiny, label: Tiny, means: {severity: [very-minor]}}\n        - {id: minor, label: Minor, hint:",
    )
    sections = {one.title: one.changes for one in compare(loads(TEXT), edited_policy(edit))}
    assert sections["Questions"][0].sentence == '"How severe is it?" has a new answer: "Tiny"'
    leads = {change.sentence.partition(",")[0]: change.details for change in sections["Recommendations"]}
    assert "New answers lead to Low" in leads
    assert any('How severe is it? "Tiny"' in line for line in leads["New answers lead to Low"])


WANTED: list[Callable[[dict[str, str]], bool]] = [
    lambda answers: answers["need"] == "question",
    lambda answers: answers.get("severity") == "major",
    lambda answers: answers.get("workaround") == "holds" and answers.get("environment") != "both",
    lambda answers: answers.get("effect") in {"down", "slow"} or answers.get("advisory") == "critical",
    lambda answers: len(answers) % 2 == 0,
    lambda _answers: True,
]


@pytest.mark.parametrize("wanted", WANTED)
def test_descriptions_fit_what_they_describe_and_nothing_else(
    combinations: Combinations, wanted: Callable[[dict[str, str]], bool]
) -> None:
    every = [answers for answers, _result in combinations]
    chosen, others = [one for one in every if wanted(one)], [one for one in every if not wanted(one)]
    found = describe(chosen, others)
    for answers in every:
        assert any(fits(one, answers) for one in found) is wanted(answers)


def test_a_simple_difference_has_a_short_description(combinations: Combinations) -> None:
    every = [answers for answers, _result in combinations]
    chosen = [one for one in every if one.get("severity") == "major"]
    assert describe(chosen, [one for one in every if one.get("severity") != "major"]) == [
        {"severity": frozenset({"major"})}
    ]


def test_both_tables_are_asked_every_combination(policy: Policy, combinations: Combinations) -> None:
    both = list(enumerate_both(policy, policy, 10_000))
    assert [(answers, old) for answers, old, _new in both] == list(combinations)
    assert all(old == new for _answers, old, new in both)


def test_tables_that_ask_other_things_are_not_compared_for_ever(policy: Policy) -> None:
    """Each combination of the one with each of the other would be millions."""
    text = TEXT
    for question in policy.questions:
        for before, after in (("{id: ", "{id: x-"), ("id: ", "id: x-")):
            text = text.replace(f"{before}{question.id}\n", f"{after}{question.id}\n")
        for mark in ("{", ", "):
            text = text.replace(f"{mark}{question.id}: ", f"{mark}x-{question.id}: ")
    other = loads(text)
    with pytest.raises(TooManyAnswers):
        list(enumerate_both(policy, other, 20_000))


def test_the_command_s_exit_code_says_whether_anything_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new.yml"
    new.write_text(TEXT.replace("subject_length: 200", "subject_length: 120"), "utf-8")
    assert main(["diff", str(POLICY), str(POLICY)]) == 0
    assert capsys.readouterr().out == "Nothing changes for anybody.\n"
    assert main(["diff", str(POLICY), str(new)]) == 1
    assert capsys.readouterr().out == 'The form and the address\n- form.limits.subject: "200" becomes "120".\n'
    assert main(["diff", str(POLICY), str(tmp_path / "gone.yml")]) == 2
    assert capsys.readouterr().err.endswith("gone.yml:1: There is no such file.\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    assert main(["diff", "-", str(new)]) == 1
    assert main(["diff", "-", "-"]) == 2


def test_a_policy_with_translations_is_compared_with_one_without_in_their_own_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one has it that comes from another revision, by standard input."""
    new = tmp_path / "new.yml"
    new.write_text(TEXT.replace("response: within 1 hour, 24/7", "response: 1 business hour"), "utf-8")
    with in_language("de"):
        assert main(["diff", str(POLICY), str(new)]) == 1
    assert capsys.readouterr().out == (
        'Zusagen\n- Critical: Antwort bisher "innerhalb von 1 Stunde, rund um die Uhr", künftig "1 Arbeitsstunde", '
        "was später sein kann als bisher.\n"
    )


def test_markdown_shows_the_policy_s_words_as_they_are() -> None:
    sections = compare(loads(TEXT), edited_policy(("title: What do you need?", "title: What *is* <b>it</b> | `this`?")))
    assert in_markdown(sections) == (
        '### Words\n\n- questions.need.title: "What do you need?" becomes "What \\*is\\* \\<b\\>it\\</b\\> \\| '
        '\\`this\\`?".\n'
    )
