"""The exception and the warning that reach a user, and the form of the single line that the command line prints of
either."""

_LONGEST_LINE = 300


class CepropError(ValueError):
    """Bad input, a missing tool, or something outside that failed. The message names what is wrong, the value, and what
    would be right."""


class CepropWarning(UserWarning):
    """Something that the program goes on with, and that its user should know. The message names what it is, the value,
    and what to do."""


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """`text` as one line of at most `longest` characters: white space folded, other control characters and what no
    terminal can show as escapes, and the middle left out where it is too long."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))
    if len(shown) <= longest:
        return shown
    kept = longest - len(" ... ")
    return f"{shown[: kept - kept // 3]} ... {shown[-(kept // 3) :]}"
