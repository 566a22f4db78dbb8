"""A group of commands with a default command."""

from typing import Any

import click


class DefaultGroup(click.Group):
    """A group that calls the command `default` where the first argument names no command."""

    def __init__(self, *arguments: Any, default: str, **options: Any):
        super().__init__(*arguments, **options)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, after the name of the default command is inserted where none is given."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [self._default, *args]
        return super().parse_args(ctx, args)
