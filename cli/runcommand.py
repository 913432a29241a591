"""A command that runs a program: ``bifente … -- PROGRAM ARGS…``."""

import click


class RunCommand(click.Command):
    """Takes what stands behind ``--`` as the program, whatever options it has."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" not in args and not {"-h", "--help"} & set(args):
            raise click.UsageError("-- and the program to run are missing", ctx)
        if "--" not in args:
            return super().parse_args(ctx, args)
        at = args.index("--")
        ctx.meta["bifente.program"] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])
