"""The handbook's page of the policy file, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from site_plugins.reference.markdown import head

Schema = Mapping[str, Any]


def policy_page(schema: Schema) -> str:
    """The page: a section for each part of the file, in which each key has its meaning and its value."""
    return (
        head(
            "Policy file",
            "Every key of support-policy.yml, with its meaning and what it can hold.",
            "supportpolicy/support-policy.schema.json",
        )
        + "\nEvery key of `support-policy.yml`. A key is required unless it is marked *(optional)*.\n"
        "`[]` stands for each item of a list: `priorities[].id` is the `id` of each priority.\n"
        "[For writers](../for-writers.md#the-policy-file) explains the parts with examples.\n"
        + "".join(_section(name, part, name in schema["required"]) for name, part in schema["properties"].items())
    )


def _section(name: str, part: Schema, required: bool) -> str:
    optional = "" if required else "*(optional)* "
    rows = "".join(_rows(part, name))
    return f"\n## {name}\n\n{optional}{part['description']}\n" + (f"\n{rows}" if rows else "")


def _rows(part: Schema, name: str) -> Iterator[str]:
    """Keys in their order; those that follow one another and differ in nothing but their name share a row."""
    for (meaning, value), same in groupby(_keys(part, name), key=lambda row: row[1:]):
        names = [f"`{row[0]}`" for row in same]
        key = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        yield f"- {key}<br>{meaning}{f' Value: {value}.' if value else ''}\n"


def _keys(part: Schema, before: str) -> Iterator[tuple[str, str, str]]:
    if "items" in part:
        yield from _keys(part["items"], f"{before}[]")
    for name, key in part.get("properties", {}).items():
        path = f"{before}.{name}"
        optional = "" if name in part.get("required", ()) else "*(optional)* "
        yield path, optional + key["description"], value_in_words(key)
        yield from _keys(key, path)


def value_in_words(key: Schema) -> str:
    """What a key can hold, as in "whole number, 1 to 1000"; empty where its own keys tell."""
    if "oneOf" in key:
        # One value, or a list of such: the loader takes both.
        return f"{value_in_words(key['oneOf'][0])}, or a list of these"
    if key["type"] == "boolean":
        return "`true` or `false`"
    kind = key["type"] if isinstance(key["type"], str) else key["type"][0]
    if kind == "integer":
        return f"whole number, {key['minimum']} to {key['maximum']}"
    if kind == "array":
        items = value_in_words(key["items"])
        return f"list; each item is {items}" if items else "list"
    if kind == "object":
        return "" if "properties" in key else "answers, by question"
    examples = [f"`{example}`" for example in key.get("examples", ())]
    return f"text, as in {', '.join(examples)}" if examples else "text"
