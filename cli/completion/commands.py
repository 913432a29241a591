"""``bifente completion``: the script that makes a shell complete our commands."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(bifente completion bash)"       (in ~/.bashrc)
    zsh:   eval "$(bifente completion zsh)"        (in ~/.zshrc)
    fish:  bifente completion fish > ~/.config/fish/completions/bifente.fish
    """
    script = get_completion_class(shell)
    assert script is not None  # click.Choice admits only shells that click completes
    click.echo(script(ctx.find_root().command, {}, "bifente", "_BIFENTE_COMPLETE").source())
