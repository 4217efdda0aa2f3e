"""What a policy file gets wrong, each with the place where its writer finds it."""

from __future__ import annotations

from dataclasses import dataclass

from supportpolicy.translation import gettext as _


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem: the file, its line (from 1), the key it stands under, and what to do."""

    file: str
    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


class PolicyError(ValueError):
    """The policy file can't be used; ``problems`` holds all of them in the order of their lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownAnswer(ValueError):
    """An answer that the policy doesn't have, as from a page built with an older policy."""

    def __init__(self, question: str, option: str = "") -> None:
        self.question = question
        self.option = option
        super().__init__(
            _('The question "%(question)s" has no answer "%(option)s".', question=question, option=option)
            if option
            else _('There is no question "%(question)s".', question=question)
        )
