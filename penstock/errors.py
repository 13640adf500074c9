"""Everything penstock raises on purpose.

    PenstockError                 exit 1   something went wrong while running
    ├── UsageError                exit 2   the call or a file says something penstock cannot do
    ├── GateError                 exit 3   finished, and a gate said no
    ├── AuthError                 exit 4   a key is missing or wrong
    ├── MissingError              exit 5   a file, package, engine, device or disk space is missing
    ├── StoppedError              exit 130 stopped by the user; the run can be resumed
    └── RecordError               one record is bad; it is quarantined and the run goes on

A message says what is wrong in the user's words, `where` says in which file, line, step or record,
and `hint` says what to do next.
"""


class PenstockError(Exception):
    """An error a user can act on.

    >>> print(PenstockError("no such step", where="web.yaml:4", hint="steps: clean, base").render())
    error: no such step
      at web.yaml:4
    hint: steps: clean, base
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def render(self) -> str:
        """The text a person reads on stderr."""
        lines = [f"error: {self.message}"]
        if self.where:
            lines.append(f"  at {self.where}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive pickling between processes otherwise.
        return _rebuild, (type(self), self.message, self.where, self.hint)


def _rebuild(cls: type[PenstockError], message: str, where: str, hint: str) -> PenstockError:
    return cls(message, where=where, hint=hint)


class UsageError(PenstockError):
    """The call, or what a file says, is not something penstock can do."""

    exit_code = 2


class GateError(PenstockError):
    """The work finished, and a gate (a check with a threshold) said no."""

    exit_code = 3


class AuthError(PenstockError):
    """A key is missing or wrong."""

    exit_code = 4


class MissingError(PenstockError):
    """A file, package, engine, device or disk space is missing."""

    exit_code = 5


class StoppedError(PenstockError):
    """The user stopped the run; running it again goes on where it stopped."""

    exit_code = 130


class RecordError(PenstockError):
    """One record cannot be read or processed; it goes to quarantine and the run goes on."""
