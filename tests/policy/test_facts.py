"""Facts of the policy in words: each follows from the policy, in each language."""

from __future__ import annotations

import pytest

from supportpolicy import Policy, all_facts, loads
from supportpolicy.__main__ import main
from supportpolicy.languages import LANGUAGES, PSEUDO_LANGUAGE
from tests.builders import POLICY


def test_promises_hours_limits_and_addresses_have_names(policy: Policy) -> None:
    known = all_facts(policy)
    assert known["critical.name"] == "Critical"
    assert known["high.response"] == "1 business day"
    assert known["high.response.within"] == "within 1 business day"
    assert known["critical.resolution"] == "4 hours, 24/7"
    assert known["low.response"] == "best effort"
    assert known["calendar.hours"] == "Monday to Friday, 09:00 to 17:00"
    assert known["calendar.zone"] == "Paris time"
    assert known["contact.email"] == "support@platform.example"
    assert known["form.limits.subject"] == "200"
    assert known["form.limits.description"] == "20,000"
    assert known["form.limits.file"] == "10 MB"
    assert known["form.kinds"].startswith(".log, .txt, ")
    assert known["form.kinds"].endswith(" and .tar.gz")


def test_best_effort_completes_no_sentence_that_says_within(policy: Policy) -> None:
    assert not [name for name in all_facts(policy) if name.startswith("low.") and name.endswith(".within")]


def test_an_edit_of_the_policy_is_an_edit_of_the_facts() -> None:
    text = POLICY.read_text("utf-8").replace("subject_length: 200", "subject_length: 120")
    text = text.replace('fri: ["09:00-17:00"]', 'fri: ["09:00-12:00", "13:00-15:00"]')
    known = all_facts(loads(text))
    assert known["form.limits.subject"] == "120"
    assert known["calendar.hours"] == ("Monday to Thursday, 09:00 to 17:00; Friday, 09:00 to 12:00 and 13:00 to 15:00")


def test_facts_speak_each_language_and_have_the_same_names(policy: Policy) -> None:
    german = all_facts(policy, "de")
    assert german["high.name"] == "Hoch"
    assert german["high.response"] == "1 Arbeitstag"
    assert german["form.limits.description"] == "20.000"
    for language in (*LANGUAGES, PSEUDO_LANGUAGE):
        assert list(all_facts(policy, language)) == list(german)


def test_the_command_lists_each_fact_with_its_words(capsys: pytest.CaptureFixture[str], policy: Policy) -> None:
    assert main(["facts", str(POLICY)]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert listed == all_facts(policy)
