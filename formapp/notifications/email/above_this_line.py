"""The mark with which a mail begins that can be answered. By itself: whoever cuts an answer there needs no more."""

ABOVE_THIS_LINE = "— · —"
"""Below it nothing in an answer is new. It is of no language, so that an answer in any is cut by it."""
