"""A group of commands of which one needs no name."""

from typing import Any

import click


class DefaultGroup(click.Group):
    """A group whose first argument, where it names no command, belongs to the command `default`."""

    def __init__(self, *arguments: Any, default: str, **options: Any):
        super().__init__(*arguments, **options)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the default command's name put in front where none is given."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [self._default, *args]
        return super().parse_args(ctx, args)
