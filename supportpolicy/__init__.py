"""The support policy: one file, validated when loaded, that the guide and the help desk both keep."""

from supportpolicy.deadlines import Deadlines, Pause, Segment, Target, warning_time
from supportpolicy.decision import enumerate_answers
from supportpolicy.facts import all_facts
from supportpolicy.forms import counts_on, shown_fields
from supportpolicy.graph import ChooserGraph, Edge, QuestionNode, ResultNode
from supportpolicy.holidays import holidays_warning
from supportpolicy.loading import load, loads
from supportpolicy.model import (
    Attachments,
    Calendar,
    Choice,
    CriteriaGroup,
    Criterion,
    FormDefinition,
    FormField,
    FormLimits,
    HouseRule,
    MailRules,
    Option,
    Period,
    Priority,
    Promise,
    Question,
    Recommendation,
    Registration,
    Rule,
)
from supportpolicy.opentime import Closure, NeverOpen
from supportpolicy.picture import graph_svg
from supportpolicy.policy import Opening, Policy
from supportpolicy.problems import PolicyError, Problem, UnknownAnswer
from supportpolicy.reading_translation import translation_files

__all__ = [
    "Attachments",
    "Calendar",
    "Choice",
    "ChooserGraph",
    "Closure",
    "CriteriaGroup",
    "Criterion",
    "Deadlines",
    "Edge",
    "FormDefinition",
    "FormField",
    "FormLimits",
    "HouseRule",
    "MailRules",
    "NeverOpen",
    "Opening",
    "Option",
    "Pause",
    "Period",
    "Policy",
    "PolicyError",
    "Priority",
    "Problem",
    "Promise",
    "Question",
    "QuestionNode",
    "Recommendation",
    "Registration",
    "ResultNode",
    "Rule",
    "Segment",
    "Target",
    "UnknownAnswer",
    "all_facts",
    "counts_on",
    "enumerate_answers",
    "graph_svg",
    "holidays_warning",
    "load",
    "loads",
    "shown_fields",
    "translation_files",
    "warning_time",
]
