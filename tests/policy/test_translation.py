"""A policy's texts in other languages: complete, nothing but texts, and of no other version."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from supportpolicy import Policy, PolicyError, load, loads
from supportpolicy.languages import LANGUAGES, PSEUDO_LANGUAGE, in_language
from supportpolicy.model import Promise
from supportpolicy.promises import translated
from supportpolicy.texts import texts_of
from supportpolicy.translation_draft import draft_of_texts
from tests.builders import POLICY

GERMAN = POLICY.with_name("support-policy.de.yml")
Change = Callable[[str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (POLICY, GERMAN):
        shutil.copy(path, tmp_path)
    return tmp_path


def problems(folder: Path, change: Change, name: str = GERMAN.name) -> list[str]:
    """What is wrong with the file of German texts once it is changed, without the folder's name."""
    (folder / name).write_text(change(GERMAN.read_text("utf-8")), "utf-8")
    with pytest.raises(PolicyError) as raised:
        load(folder / POLICY.name)
    return [str(problem).removeprefix(f"{folder}/") for problem in raised.value.problems]


def test_a_translated_policy_says_the_same_in_other_words(policy: Policy) -> None:
    german = policy.translated("de")
    assert policy.languages == ("en", "de")
    assert (german.version, german.canonical) == (policy.version, policy.canonical)
    assert [priority.label for priority in german.priorities] == ["Kritisch", "Hoch", "Normal", "Niedrig"]
    assert german.priority("critical").response.words == "innerhalb von 1 Stunde, rund um die Uhr"
    answers = {"need": "broken", "environment": "unknown", "visitors": "unknown", "impact": "down"}
    answers["workaround"] = "none"
    found = german.recommend(answers)
    assert found.priority == policy.recommend(answers).priority == "critical"
    assert found.because == "die Produktion ausgefallen ist und es keine Umgehung gibt"
    assert found.notes == ("Sie wissen nicht, welche Umgebung es ist, deshalb zählt sie als Produktion.",)
    assert german.translated("en").priorities[0].label == "Critical"
    assert set(texts_of(german)) == set(texts_of(policy))


def test_what_a_language_lacks_is_said_in_the_policy_s_own(policy: Policy) -> None:
    arabic = policy.translated("ar")
    assert arabic.priority("high").label == "High"
    assert arabic.priority("high").response.words == "يوم عمل واحد"


def test_nothing_of_a_policy_is_left_out_in_the_pseudo_language(policy: Policy) -> None:
    texts = texts_of(policy.translated(PSEUDO_LANGUAGE))
    assert all(text.startswith("[") and text.endswith("]") for text in texts.values())
    assert policy.translated(PSEUDO_LANGUAGE).priority("low").response.words == "[bést éffört]"


def test_in_english_a_promise_stays_as_it_was_typed(policy: Policy) -> None:
    assert policy.translated("en") == policy


@pytest.mark.parametrize(
    ("words", "kind", "amount", "said"),
    [
        ("within 1 hour, 24/7", "elapsed", 1, "sous 1 heure, 24 h/24 et 7 j/7"),
        ("4 hours, 24/7", "elapsed", 4, "4 heures, 24 h/24 et 7 j/7"),
        ("8 business hours", "business hours", 8, "8 heures ouvrées"),
        ("2-4 business hours", "business hours", 4, "2 à 4 heures ouvrées"),
        ("1 business day", "business days", 1, "1 jour ouvré"),
        ("1–2 business days", "business days", 2, "1 à 2 jours ouvrés"),
        ("Within 3 business days", "business days", 3, "sous 3 jours ouvrés"),
        ("best effort", "best effort", 0, "dès que possible"),
    ],
)
def test_the_words_of_a_promise_follow_from_it(words: str, kind: str, amount: int, said: str) -> None:
    with in_language("fr"):
        promise = translated(Promise(words, kind, amount))  # type: ignore[arg-type]
    assert promise.words.replace("\N{NO-BREAK SPACE}", " ") == said
    assert promise.within == "" if kind == "best effort" else promise.within.startswith("sous ")


def test_why_a_date_is_due_is_said_in_the_language_of_whoever_asks(policy: Policy) -> None:
    friday = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)
    pause = (friday, friday + timedelta(minutes=10))
    for language, wanted in (
        ("de", {"Der Support ist erreichbar", "Der Support ist geschlossen", "Wartet auf Ihre Antwort"}),
        ("es", {"El soporte está abierto", "El soporte está cerrado", "A la espera de su respuesta"}),
    ):
        with in_language(language):
            notes = {one.note for one in policy.deadlines("high", friday, response_pauses=[pause]).explain()}
        assert wanted < notes
    assert "Los relojes se adelantan 1 hora" in notes


def test_an_older_version_says_in_other_words_what_it_has_in_common(policy: Policy, policy_text: str) -> None:
    older = Policy.from_canonical(loads(policy_text.replace("label: Low", "label: Minor")).canonical)
    assert older.translated("de").priority("high").label == "High"
    german = older.with_translations_of(policy).translated("de")
    assert german.priority("high").label == "Hoch"
    # What it calls otherwise than today nobody has translated.
    assert german.priority("low").label == "Minor"
    assert german.version == older.version != policy.version


# What is changed into what, where the problem is told, and what it says.
MISTAKES = {
    "missing": (
        ", phrase: wenn etwas defekt ist",
        "",
        "broken:",
        '"questions.need.options.broken.phrase" is missing; translate "if something is broken".',
    ),
    "not a text of it": (
        "label: Kritisch",
        "response: sofort\n    label: Kritisch",
        "response: sofort",
        'The policy has no text "priorities.critical.response"; known here: label, headings.',
    ),
    "misspelt": (
        "criteria:",
        "kriteria:",
        "kriteria:",
        'The policy has no text "kriteria"; did you mean "criteria"?',
    ),
    "too few": (
        "      - Außerhalb der Produktion, wenn",
        "      # - Außerhalb der Produktion, wenn",
        "- In der Produktion, wenn",
        '"priorities.critical.headings" has other than the 2 texts of the policy: 1; give each its own.',
    ),
    "twice": (
        "team-down: Umgebungen sind ausgefallen.",
        "team-down: Die Website ist ausgefallen.",
        "team-down: Die",
        "This criterion stands word for word under Critical too, so it can't tell Critical from High.",
    ),
    "empty": (
        "team-down: Umgebungen sind ausgefallen.",
        "team-down:",
        "team-down:",
        '"criteria.team-down" needs a text.',
    ),
    "no YAML": ("    label: Kritisch", "\tlabel: Kritisch", "\tlabel", "This line begins with a tab; use spaces."),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_gap_and_each_surplus_is_told_with_its_line(folder: Path, name: str) -> None:
    old, new, where, sentence = MISTAKES[name]
    changed = GERMAN.read_text("utf-8").replace(old, new)
    line = next(number for number, text in enumerate(changed.split("\n"), 1) if where in text)
    assert f"support-policy.de.yml:{line}: {sentence}" in problems(folder, lambda _: changed)


def test_a_missing_part_is_told_once(folder: Path) -> None:
    found = problems(folder, lambda text: re.sub(r"(?ms)^house_rules:.*?^questions:", "questions:", text))
    assert len(found) == 1
    assert found[0].startswith(
        'support-policy.de.yml:6: "house_rules" is missing; translate "Outside production either'
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("support-policy.nl.yml", 'There are no texts for the language "nl"; known here: en, de, fr, es, ar.'),
        ("support-policy.de-AT.yml", 'There are no texts for the language "de-AT"'),
        ("support-policy.en.yml", "The policy itself is in English; remove this file."),
    ],
)
def test_a_file_for_another_language_is_told(folder: Path, name: str, sentence: str) -> None:
    (found,) = problems(folder, lambda text: text, name)
    assert found.startswith(f"{name}:1: {sentence}")


def test_other_files_beside_the_policy_are_nobody_s_texts(folder: Path) -> None:
    for name in ("support-policy.old.yml", "support-policy.yml.bak", "other.fr.yml", "support-policy.fr.txt"):
        (folder / name).write_text("nothing", "utf-8")
    assert load(folder / POLICY.name).languages == ("en", "de")


def test_a_policy_s_own_language_makes_another_version_and_survives(policy: Policy, policy_text: str) -> None:
    spanish = loads("language: es\n" + policy_text)
    assert spanish.version != policy.version
    assert Policy.from_canonical(spanish.canonical).languages == ("es",)
    assert loads("language: en\n" + policy_text).version == policy.version
    # Versions that are stored with tickets were made before there was a choice.
    assert '"language"' not in policy.canonical
    with pytest.raises(PolicyError, match='There is no language "xx"'):
        loads("language: xx\n" + policy_text)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_a_draft_holds_every_text_and_what_is_translated_already(policy: Policy, folder: Path, language: str) -> None:
    (folder / f"support-policy.{language}.yml").write_text(draft_of_texts(policy, language), "utf-8")
    again = load(folder / POLICY.name)
    assert set(again.translations[language]) == set(texts_of(policy))
    label = again.translated(language).priority("critical").label
    assert label == ("Kritisch" if language == "de" else "Critical")
    assert yaml.safe_load(draft_of_texts(policy, language))
