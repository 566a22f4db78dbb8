"""What reaches a user: the text of either class is one line, which the command line prints."""


class CepropError(ValueError):
    """Bad input or a missing tool. The message names what is wrong, the value, and what would be right."""


class CepropWarning(UserWarning):
    """Something that the program goes on with, and that its user should know. The message names what it is, the value,
    and what to do."""
