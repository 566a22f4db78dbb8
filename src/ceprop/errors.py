"""The one exception that reaches a user: its text is the single line that the command line prints."""


class CepropError(ValueError):
    """Bad input or a missing tool. The message names what is wrong, the value, and what would be right."""
