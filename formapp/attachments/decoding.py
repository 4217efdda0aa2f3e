"""What a decoder of pictures raises, told without a word of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def decoding(refused: type[Exception]) -> Iterator[None]:
    """Turn whatever a decoder raises into this refusal, which names the kind of trouble alone.

    Decoders raise whatever they meet in a broken file, in words that may quote it.
    """
    try:
        yield
    except refused:
        raise
    except MemoryError:
        raise refused("it takes more memory than there is") from None
    except Exception as error:
        raise refused(type(error).__name__) from error
