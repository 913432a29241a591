"""``bifente fse services``: the security services of an exchange, each shown at work and under attack."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import FORCE, JSON, PATH
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from bifente.workbench.services.shown import AttackNotice, ShownAttack, ShownService


@click.group(
    invoke_without_command=True, short_help="Show each security service at work, and attacks on it refused."
)
@click.pass_context
def services(context: click.Context) -> None:
    """Show the security services of an exchange one by one: an honest exchange, then attacks on it, all of it live.

    Without a command it lists them. Cards, signatures, files, mails and the caisse are those of every other command, made for
    the occasion; what is said of an attack is what the check said that refused it.

    \b
    bifente fse services
    bifente fse services show integrity
    """
    if context.invoked_subcommand is not None:
        return
    from bifente.workbench.services.catalogue import SERVICES

    for name, what in SERVICES.items():
        say(f"{name:<16} {what}")


@services.command("show", short_help="Show one service: the honest exchange, and the attacks.")
@click.argument("name", metavar="NAME")
@click.option(
    "-o",
    "--out",
    "output",
    metavar="DIR",
    type=PATH,
    help="A folder for the signed lot, the signed ARL and the roots (of origin and receipt), to judge with openssl.",
)
@FORCE
@JSON
def show(name: str, output: Path | None, force: bool, as_json: bool) -> None:
    """Show the service NAME: what was sent, what the attacker changed, who noticed, and by which check.

    \b
    bifente fse services show chaining
    bifente fse services show chaining --json
    """
    from bifente.workbench.services.catalogue import (
        SYNTHETIC,
        check_evidence,
        keep_evidence,
        require_holding,
        show_service,
    )

    if output is not None:
        check_evidence(name)
    with progress("the service") as told:
        shown = show_service(name, told=told)
    if as_json:
        say_json({"provenance": SYNTHETIC, **_facts(shown)})
    else:
        say(f"{shown.title} ({SYNTHETIC})")
        _show(shown)
    require_holding(shown)
    if output is not None:
        for path in keep_evidence(shown, output, replace=force):
            say(visible(str(path)), err=as_json)


def _show(shown: "ShownService") -> None:
    say("")
    say(f"honest: {'accepted' if shown.accepted else 'NOT ACCEPTED'}")
    for line in shown.honest:
        say(f"  {visible(line)}")
    for attack in shown.attacks:
        say("")
        say(f"attack, {attack.name}: {'refused' if attack.refused else 'NOT REFUSED'}")
        for line in attack.done:
            say(f"  {visible(line)}")
        for notice in attack.notices:
            say(f"  → {_words(notice)}")


def _words(notice: "AttackNotice") -> str:
    check = " ".join(part for part in (notice.check, notice.code) if part)
    return visible(f"{notice.by}, {check}: {notice.reason}")


def _facts(shown: "ShownService") -> dict[str, object]:
    return {
        "service": shown.name,
        "title": shown.title,
        "accepted": shown.accepted,
        "holds": shown.holds,
        "honest": list(shown.honest),
        "attacks": [_attack(one) for one in shown.attacks],
    }


def _attack(attack: "ShownAttack") -> dict[str, object]:
    return {
        "name": attack.name,
        "refused": attack.refused,
        "done": list(attack.done),
        "noticed": [
            {
                "by": one.by,
                "check": one.check,
                "code": one.code,
                "reason": one.reason,
                "refused": one.refused,
            }
            for one in attack.notices
        ],
    }
