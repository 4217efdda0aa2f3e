"""What a use case can refuse, each with the field it is about and a sentence for the person."""

from __future__ import annotations

from collections.abc import Sequence


class Refused(Exception):
    """A use case said no. ``field`` is the form's field (empty: the whole), ``sentence`` what to do."""

    field = ""
    sentence = "This can't be done."

    def __init__(self, sentence: str = "", field: str = "") -> None:
        self.sentence = sentence or self.sentence
        self.field = field or self.field
        super().__init__(self.sentence)


class TextRefused(Refused):
    """Text holds something that no text holds: a NUL, or half of a surrogate pair."""

    sentence = "The text holds a character that can't be stored. Remove it and send again"


class UnknownProject(Refused):
    """No such project, or none that this account is in: the answer is the same."""

    field = "project"
    sentence = "Choose a project from the list"


class ProjectClosed(Refused):
    """The project is no longer active."""

    field = "project"
    sentence = "This project is no longer active. Choose another project"


class UnknownPriority(Refused):
    """The policy has no such priority, or no longer."""

    field = "priority"
    sentence = "Choose a priority"


class SubmissionReused(Refused):
    """A form that already filed a ticket was sent again with another text."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"{reference} was already sent with this form")
        self.reference = reference


class TooManyTickets(Refused):
    """This person has filed as many tickets within the hour as one may."""

    sentence = "You have sent too many tickets within an hour. Wait a while, then send again"


class NotFound(Refused):
    """There is no such thing, or none that this account may see: the answer is the same."""

    sentence = "There is nothing here that you can see"


class LinkGone(Refused):
    """A sign-in link that was used, has expired or never was."""

    sentence = "This link no longer works"


class AlreadyThere(Refused):
    """A thing of that name exists already."""


class DraftTooLarge(Refused):
    """More text than a draft may keep."""

    sentence = "This is too much text to keep. Shorten it and send again"


class ChangedMeanwhile(Refused):
    """Somebody else has changed the ticket since this page was made."""


class TicketClosed(Refused):
    """The ticket is closed, so nothing can be added to it."""

    field = "body"


class TicketMerged(Refused):
    """The ticket was merged into another, where the conversation goes on."""

    field = "body"

    def __init__(self, reference: str, into: str) -> None:
        super().__init__(f"{reference} was merged into {into}. Write there instead")
        self.into = into


class ReplyReused(Refused):
    """A form that already sent a reply was sent again with another text."""

    field = "body"
    sentence = "A reply was already sent with this form. Since then the text has changed; if it is new, send it again"


class NotAtTheDesk(Refused):
    """A ticket can be given only to somebody who works at the desk."""

    field = "assignee"
    sentence = "Choose somebody who works at the desk"


class AnswerMissing(Refused):
    """With these answers the chooser asks one question more before it knows a priority."""

    def __init__(self, question: str, title: str) -> None:
        super().__init__(f"Answer one more question: {title}", question)
        self.question = question


class FileRefused(Refused):
    """A file that isn't taken; the others of its form are."""

    field = "files"


class FilesGone(Refused):
    """Kept files that can't be attached: their time is over, or a ticket has them. ``tokens`` are theirs."""

    field = "files"

    def __init__(self, sentence: str, tokens: Sequence[str]) -> None:
        super().__init__(sentence)
        self.tokens = tuple(tokens)


class TooManyFiles(Refused):
    """More files than one message may have."""

    field = "files"


class FilesTooLarge(Refused):
    """Files that are too large together."""

    field = "files"
