"""From token ids to text, piece by piece, without breaking a character or overrunning a stop."""

from collections.abc import Callable, Sequence

_BROKEN = "\ufffd"  # what decoding shows for a character whose last bytes have yet to come

Decode = Callable[[Sequence[int]], str]


class Detokeniser:
    """Text of a growing list of ids: every piece is final, and joined they are the whole text.

    A character may be spread over several tokens (Chinese in byte-level vocabularies, emoji), and
    a token may begin with a space only when others stand before it, so a token is never decoded
    alone: the few before it are decoded with and without it, and the difference is its text.

    >>> pieces = Detokeniser(lambda ids: bytes(ids).decode(errors="replace"))
    >>> [pieces.add(byte) for byte in "江!".encode()], pieces.rest()
    (['', '', '江', '!'], '')
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._from = 0  # where the context of the next piece begins
        self._told = 0  # ids whose text was given out

    def add(self, token: int) -> str:
        """The text that is certain now that `token` came; empty inside a character."""
        self._ids.append(token)
        text = self._pending()
        if not text or text.endswith(_BROKEN):
            return ""
        self._from, self._told = self._told, len(self._ids)
        return text

    def rest(self) -> str:
        """What is left at the end, a broken character included."""
        text = self._pending()
        self._from = self._told = len(self._ids)
        return text

    def _pending(self) -> str:
        before = self._decode(self._ids[self._from : self._told])
        return self._decode(self._ids[self._from :])[len(before) :]


class StopStrings:
    """Cuts a stream before the first of some strings, holding back what may be a beginning of one.

    >>> cut = StopStrings(("###",))
    >>> [cut.add(piece) for piece in ("one #", "2 ##", "# three")], cut.found
    (['one ', '#2 ', ''], True)
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """The text that may be given out; after a stop string was found, nothing more."""
        if self.found:
            return ""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.found = True
            return self._release(min(found))
        return self._release(len(self._held) - self._doubtful())

    def rest(self) -> str:
        """What was held back, at the end of a stream in which no stop string came."""
        return "" if self.found else self._release(len(self._held))

    def _release(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        return text

    def _doubtful(self) -> int:
        """The length of the longest end of the held text that begins a stop string."""
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0
