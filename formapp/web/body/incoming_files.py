"""The files of a form while they come in: each is staged by itself or refused with a sentence of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from formapp.attachments.file_types import clean_name
from formapp.attachments.upload import StagedFile, Upload
from formapp.errors import FileRefused
from formapp.text import size_words
from formapp.translation import gettext as _
from formapp.web.body.file_field import staged_for_form
from formapp.web.context import Web
from formapp.web.request_log import log_failure

MEGABYTE = 1_000_000


class IncomingFiles:
    """The sink for a form's files. ``refused`` are sentences; ``store_failed`` says that the store took nothing.

    ``network`` says who sends them, as rate limits tell people apart. ``earlier`` gives the tokens of the files
    that the form carries already: they count, too. ``clean`` says whether
    photos are to lose their details; it is asked when a file begins. ``uploads`` is what counts against the rate
    limit: one for each file and each full megabyte of it.
    """

    def __init__(
        self, desk: Web, network: Callable[[], str], earlier: Callable[[], list[str]], clean: Callable[[], bool]
    ) -> None:
        self.staged: list[StagedFile] = []
        self.refused: list[str] = []
        self.uploads = 0
        self.store_failed = False
        self.rate_limited = False
        self._desk = desk
        self._network = network
        self._tokens = earlier
        self._clean = clean
        self._limits = desk.services.policy.form.attachments
        self._uploads_left: int | None = None
        self._can_count = True
        self._name = ""
        self._upload: Upload | None = None
        self._waiting = False
        self._size = 0

    def begin(self, name: str) -> None:
        """A file begins; one without a name that stays empty is a field in which nothing was chosen."""
        self._name, self._size = name, 0
        self._waiting = True
        if name:
            self._open()

    def write(self, chunk: bytes) -> None:
        """More of the file; what belongs to a refused one is let go."""
        if self._waiting:
            self._open()
        self._size += len(chunk)
        if self._upload is None:
            return
        try:
            self._upload.write(chunk)
        except OSError as error:
            self._fail(error)

    def end(self) -> None:
        """The file is whole: stage it, or say why not."""
        self._waiting = False
        upload, self._upload = self._upload, None
        if upload is None:
            return
        self.uploads += 1 + self._size // MEGABYTE
        try:
            staged = upload.finish(self._desk.clock())
        except FileRefused as refused:
            self.refused.append(refused.message)
        except OSError as error:
            self._fail(error)
        else:
            self._stage(staged)

    def discard(self) -> None:
        """Leave nothing behind: the request that brought the files broke off."""
        if self._upload is not None:
            self._upload.abandon()
            self._upload = None
        while self.staged:
            self._remove(self.staged.pop())

    def count(self) -> None:
        """Count the uploads against the network; where the database doesn't answer they stay uncounted."""
        if self.uploads and self._can_count:
            self._desk.limits.count_uploads(self._network(), self.uploads)

    def _open(self) -> None:
        self._waiting = False
        if self._is_rate_limited():
            self.rate_limited = True
            self._refuse(
                _(
                    "“%(name)s” was not attached: too many files came from your network within an hour. "
                    "Send without it, or wait an hour and attach it again",
                    name=self._shown_name,
                )
            )
        elif len(self._earlier()) + len(self.staged) >= self._limits.count:
            self._refuse(
                _(
                    "“%(name)s” was not attached: up to %(most)s files can be attached. Remove one and attach it again",
                    name=self._shown_name,
                    most=self._limits.count,
                )
            )
        else:
            self._upload = Upload(self._desk.services, self._name, self._limits.size, clean=self._clean())

    def _is_rate_limited(self) -> bool:
        """Whether too much came from the network; the database is asked once, and where it is away all may come."""
        if self._uploads_left is None and self._can_count:
            try:
                self._uploads_left = self._desk.limits.uploads_left(self._network())
            except (DBAPIError, PoolTimeout) as error:
                log_failure(error)
                self._can_count = False
        return self._uploads_left is not None and self._uploads_left <= self.uploads

    def _stage(self, staged: StagedFile) -> None:
        total = sum(file.size for file in (*self._earlier(), *self.staged, staged))
        if total <= self._limits.total:
            self.staged.append(staged)
            return
        self._remove(staged)
        self._refuse(
            _(
                "“%(name)s” was not attached: with it the files would be %(size)s; up to %(most)s can be attached. "
                "Remove another file, or compress this one, and attach it again",
                name=self._shown_name,
                size=size_words(total),
                most=size_words(self._limits.total),
            )
        )

    def _fail(self, error: OSError) -> None:
        """The store failed: the rest of the form is worth having without this file."""
        log_failure(error)
        if self._upload is not None:
            self._upload.abandon()
            self._upload = None
        self.store_failed = True
        self._refuse(
            _(
                "“%(name)s” was not attached: we can't store files just now. "
                "Send without it, or attach it again in a few minutes",
                name=self._shown_name,
            )
        )

    def _remove(self, staged: StagedFile) -> None:
        # Nobody has its token yet, so no ticket can have it; what stays behind is swept.
        with suppress(OSError):
            self._desk.services.files.remove(staged.token)

    def _refuse(self, sentence: str) -> None:
        self.refused.append(sentence)

    @property
    def _shown_name(self) -> str:
        return clean_name(self._name) or _("file")

    def _earlier(self) -> tuple[StagedFile, ...]:
        return staged_for_form(self._tokens())
