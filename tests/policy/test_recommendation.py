"""The house rules, told once more in plain Python, against every combination of answers."""

from __future__ import annotations

import pytest

from supportpolicy import Policy, UnknownAnswer
from supportpolicy.decision import RuleIndex, enumerate_facts, rules_that_hold
from tests.builders import Combinations

SEVERITY = {"critical": 0, "high": 1, "normal": 2, "low": 3}
Answers = dict[str, str]


def by_severity(answers: Answers) -> str:
    """R3: major or not stated is High, minor Normal, very minor Low."""
    return {"major": "high", "unstated": "high", "minor": "normal", "very-minor": "low"}[answers["severity"]]


def no_way_around(answer: str) -> bool:
    """R5: unknown counts as none, and so does one that can't be kept up."""
    return answer != "holds"


def in_production(answers: Answers) -> str:
    if answers["need"] == "security":
        if answers["advisory"] == "critical":
            return "critical" if no_way_around(answers["workaround"]) else by_severity(answers)
        return by_severity(answers)  # R12
    impact = answers["impact"]
    business_critical = impact in {"down", "data", "task", "team"}
    if impact == "slow":
        # R8: no number; what is business-critical decides, and not knowing counts as touched.
        business_critical = answers["business"] in {"critical", "unknown"}
    if business_critical and no_way_around(answers["workaround"]):
        return "critical"
    return by_severity(answers)


def outside_production(answers: Answers) -> str:
    claim = answers["claim"]
    if claim == "launch" and no_way_around(answers["team-workaround"]):
        return "critical"  # R1, R4
    if answers["need"] == "security":
        if claim == "covered" and answers["advisory"] == "critical" and no_way_around(answers["team-workaround"]):
            return "critical"  # R2
        return "normal"  # R12
    effect = answers["effect"]
    # R2: production's conditions count where the subscription says so, but a trifle stays one.
    stopped = effect in {"down", "merging", "stopped"}
    if claim == "covered" and stopped and no_way_around(answers["team-workaround"]):
        return "critical"
    if stopped or effect in {"slow", "limited"}:
        return "high"
    return {"flaky": "normal", "minor": "normal", "trifle": "low"}[effect]  # R9


def by_the_house_rules(answers: Answers) -> str:
    if answers["need"] == "question":
        return "low"  # R11
    where = answers["environment"]
    if where == "unknown":  # R6
        where = "nonproduction" if answers["visitors"] == "internal" else "production"
    if where == "production":
        return in_production(answers)
    if where == "nonproduction":
        return outside_production(answers)
    first = in_production(answers)  # R7: the higher counts, and nothing is higher than Critical.
    return first if first == "critical" else min(first, outside_production(answers), key=SEVERITY.__getitem__)


def test_every_combination_of_answers_follows_the_house_rules(policy: Policy, combinations: Combinations) -> None:
    assert len(combinations) == len({tuple(answers.items()) for answers, _ in combinations}) > 2000
    for answers, result in combinations:
        assert result.priority == by_the_house_rules(answers), answers
        assert policy.recommend(answers) == result
        assert result.missing == ()
        assert result.because


def test_each_state_of_the_graph_agrees_with_the_table(policy: Policy) -> None:
    for node in policy.graph().results:
        assert policy.recommend(node.facts).priority == node.recommendation.priority


def test_the_next_open_question_is_named(policy: Policy) -> None:
    assert policy.recommend({}).missing == ("need",)
    half = policy.recommend({"need": "broken", "environment": "unknown"})
    assert (half.missing, half.priority, half.asked) == (("visitors",), "", ("need", "environment"))


def test_the_result_says_what_unknown_answers_count_as(policy: Policy) -> None:
    result = policy.recommend(
        {"need": "broken", "environment": "unknown", "visitors": "unknown", "impact": "down", "workaround": "unknown"}
    )
    assert result.priority == "critical"
    assert result.notes == (
        "You don't know which environment it is, so it counts as production.",
        "You don't know of a workaround, so none is counted.",
    )
    assert policy.criterion(result.criterion).text == "The site is down."


def test_answers_to_questions_that_are_not_asked_do_not_count(policy: Policy) -> None:
    assert policy.recommend({"need": "question", "impact": "down", "workaround": "none"}).rule == "question"


def test_an_answer_that_the_policy_does_not_have_is_named(policy: Policy) -> None:
    with pytest.raises(UnknownAnswer, match='no answer "martian"') as unknown:
        policy.recommend({"need": "broken", "environment": "martian"})
    assert (unknown.value.question, unknown.value.option) == ("environment", "martian")
    with pytest.raises(UnknownAnswer, match='no question "colour"'):
        policy.recommend({"colour": "red"})


def test_what_would_change_a_result_is_true(policy: Policy, combinations: Combinations) -> None:
    graph = policy.graph()
    checked = 0
    for node in graph.results:
        for phrase, reachable in graph.alternatives(node):
            question, option = next(
                (question.id, option.id)
                for question in policy.questions
                for option in question.options
                if option.phrase == phrase and question.id in node.facts
            )
            with_it = {
                result.priority
                for answers, result in combinations
                if answers.get(question) == option
                and all(
                    answers[name] == value for name, value in node.facts.items() if name != question and name in answers
                )
                and answers.get("environment") in {None, "production", "nonproduction"}
            }
            assert set(reachable) == with_it, (node.id, phrase)
            checked += 1
        if checked > 40:
            break
    assert checked > 40


def test_the_index_of_the_rules_finds_those_that_hold_on_whatever_is_known(policy: Policy) -> None:
    index = RuleIndex(policy)
    states = [{}, *(facts for facts, _path in enumerate_facts(policy))]
    for facts in [dict(list(state.items())[:known]) for state in states for known in range(len(state) + 1)]:
        assert index.rules_that_hold(facts) == rules_that_hold(policy, facts), facts
