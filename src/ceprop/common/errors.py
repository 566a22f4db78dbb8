"""The exception and the warning that reach a user, and the single line in which the command line prints them."""

_LONGEST_LINE = 300


class CepropError(ValueError):
    """Bad input, a missing tool, or a failure outside the program.

    The message names what is wrong, the value, and what would be right.
    """


class CepropWarning(UserWarning):
    """A condition that the user should know and that does not stop the program.

    The message names the condition, the value, and what to do.
    """


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """Return `text` as one line of at most `longest` characters.

    White space is folded. Control characters and characters that no terminal can show become escapes. The middle is
    left out where the text is too long.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))
    if len(shown) <= longest:
        return shown
    kept = longest - len(" ... ")
    return f"{shown[: kept - kept // 3]} ... {shown[-(kept // 3) :]}"
