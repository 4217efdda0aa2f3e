"""The file of a policy's texts in another language, begun: what is translated already, and the rest to translate."""

from __future__ import annotations

from typing import Any

import yaml

from supportpolicy.languages import LANGUAGES
from supportpolicy.policy import Policy
from supportpolicy.texts import texts_of


def draft_of_texts(policy: Policy, language: str) -> str:
    """All texts of the policy by their places, as YAML; those that it has in this language are in it."""
    known = policy.translations.get(language, {})
    content: dict[str, Any] = {}
    for place, text in texts_of(policy).items():
        branch = content
        for key in place[:-1]:
            branch = branch.setdefault(key, {})
        branch[place[-1]] = known.get(place, text)
    for priority in content["priorities"].values():
        priority["headings"] = list(priority.get("headings", {}).values())
    written: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=10_000)
    return f"# The policy's texts in {LANGUAGES[language]}. What it decides and promises stands there alone.\n{written}"
