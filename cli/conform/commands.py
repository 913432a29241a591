"""``bifente conform``: what cards and readers promise, tried on emulated and real ones."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bifente.cli.errors import CliError, ExitCode
from bifente.cli.options import FORCE, JSON, PATH, complete_slot
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json
from bifente.documents import new_file, parse_json
from bifente.documents.writing import check_place
from bifente.layouts.registry import kinds as known_kinds

if TYPE_CHECKING:
    from bifente.conformance.case import ConformanceCase
    from bifente.conformance.model import Outcome, Report
    from bifente.conformance.target import ConformanceTarget

_OPTION_FOR = {
    "needs the PIN": "--pin",
    "needs the PUK": "--puk",
    "needs leave to consume PIN tries and to write": "--destructive",
    "needs a reader behind PC/SC": "--over socket, or --reader NAME",
}
"""What a person can give when a case was not run for that reason."""

_SUITES = ("reader", "iso7816", "cps", "vitale", "terminal")


class _Conform(click.Group):
    """``--json`` took the name of a file once; whoever still writes it so is told what does now."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that *args* begin with."""
        if args[0] not in self.commands and ctx.params.get("as_json"):
            raise click.UsageError(
                f"--json prints the report and takes no file; a file is written by --json-file {args[0]}", ctx
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Conform,
    invoke_without_command=True,
    short_help="Try what cards and readers promise, and report it.",
)
@click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="NAME",
    help="A PC/SC reader: its name, a part of it, or its number. May be repeated.",
)
@click.option(
    "--over",
    type=click.Choice(["process", "socket"]),
    default="process",
    show_default=True,
    help="Without --reader: the way to emulated cards.",
)
@click.option(
    "--card",
    "kinds",
    multiple=True,
    type=click.Choice(known_kinds()),
    help="Only these cards; with --reader, what is in each reader, in order.  [default: found out]",
)
@click.option(
    "--slot",
    "slots",
    multiple=True,
    metavar="SLOT",
    shell_complete=complete_slot,
    help="Only the cards in these slots: name, part of it, or number; of a --reader, too.",
)
@click.option("--suite", "suites", multiple=True, type=click.Choice(_SUITES), help="Only these suites.")
@click.option("--case", "names", multiple=True, metavar="TEXT", help="Only cases whose name contains TEXT.")
@click.option("--serial", metavar="DIGITS", help="Serial number of the real card that may be tested.")
@click.option("--emulated", is_flag=True, help="The cards in --reader are emulated: no serial is needed.")
@click.option("--destructive", is_flag=True, help="PIN tries and PUK uses of a real card may be consumed.")
@pin_options()
@pin_options("PUK", "puk", digits=(8, 8))
@click.option("--junit", type=PATH, metavar="FILE", help="Write JUnit XML.")
@click.option("--html", type=PATH, metavar="FILE", help="Write an HTML page.")
@click.option("--json-file", "json_", type=PATH, metavar="FILE", help="Write JSON, for compare.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and what failed on stderr.")
@FORCE
@click.option("--list", "list_only", is_flag=True, help="List the cases and run none.")
@click.option("-v", "--verbose", is_flag=True, help="Show every case, not only those that fail.")
@click.pass_context
def conform(
    ctx: click.Context,
    readers: tuple[str, ...],
    over: str,
    kinds: tuple[str, ...],
    slots: tuple[str, ...],
    suites: tuple[str, ...],
    names: tuple[str, ...],
    serial: str | None,
    emulated: bool,
    destructive: bool,
    pin: SecretSource,
    puk: SecretSource,
    junit: Path | None,
    html: Path | None,
    json_: Path | None,
    as_json: bool,
    force: bool,
    list_only: bool,
    verbose: bool,
) -> None:
    """Try what cards and readers promise; exit code 9 when something is not kept.

    \b
    bifente conform                                    emulated cards, in this process
    bifente conform --over socket --html report.html   the same through PC/SC
    bifente conform --reader "Reader 00 00" --serial 00000017 --suite iso7816
    bifente conform compare a.json b.json -o table.html
    """
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if ctx.invoked_subcommand is not None:
        _without_effect(given, f"conform {ctx.invoked_subcommand} runs no case")
        return
    if not readers:
        _without_effect(given & _ABOUT_A_READER, "only with --reader: emulated cards need none of it")
    elif "over" in given:
        _without_effect({"over"}, "only without --reader: it is the way to emulated cards")
    if list_only:
        _without_effect(given & {"junit", "html", "json_", "as_json"}, "--list runs no case")
    files = [path for path in (junit, html, json_) if path is not None]
    for path in files:
        check_place(path, replace=force)
    from bifente.conformance.engine import chosen
    from bifente.workbench.conform import emulated_target, kinds_in, real_target

    if list_only:
        for case in chosen(suites, kinds, names):
            say(f"{case.id}  {case.title} ({case.clause})")
        return
    if readers:
        real = real_target(
            readers,
            kinds,
            serial,
            slots=slots,
            emulated=emulated,
            destructive=destructive,
            pin=_digits(pin),
            puk=_digits(puk),
        )
        context: AbstractContextManager[ConformanceTarget] = nullcontext(real)
    else:
        context = emulated_target(kinds_in(slots, kinds), socket=over == "socket")
    with context as target:
        cases = chosen(suites, target.cards, names)
        if not cases:
            raise CliError("no case has been chosen", hint="bifente conform --list")
        report = _run(
            cases, target, verbose=verbose, measured=not suites or "reader" in suites, quiet=as_json
        )
    _write(report, junit, html, json_, force=force)
    if as_json:
        say_json(parse_json(report.dumps(), "report"), indent=1)
    _conclude(report, quiet=as_json)


_ABOUT_A_READER = frozenset({"serial", "emulated", "destructive", "pin", "pin_file", "puk", "puk_file"})


def _without_effect(given: set[str], why: str) -> None:
    """Refuse options that would be accepted and change nothing."""
    if given:
        names = ", ".join(f"--{_SPELLED.get(name, name.replace('_', '-'))}" for name in sorted(given))
        raise click.UsageError(f"{names} has no effect here: {why}")


_SPELLED = {
    "readers": "reader",
    "kinds": "card",
    "slots": "slot",
    "suites": "suite",
    "names": "case",
    "json_": "json-file",
    "as_json": "json",
    "list_only": "list",
}


def _digits(source: SecretSource) -> bytes | None:
    """The secret when it was given; nobody is asked, for most cases do without."""
    return source.read() if source.value is not None or source.path is not None else None


def _run(
    cases: "list[ConformanceCase]", target: "ConformanceTarget", *, verbose: bool, measured: bool, quiet: bool
) -> "Report":
    from bifente.cli.progress import progress
    from bifente.workbench.conform import run_cases

    with progress("conformance") as bar:
        done = 0

        def told(outcome: "Outcome") -> None:
            nonlocal done
            done += 1
            if bar is not None:
                bar(done, len(cases), outcome.case)
            if verbose or outcome.verdict == "failed":
                say(_line(outcome), err=quiet)

        return run_cases(cases, target, measured=measured, told=told)


def _line(outcome: "Outcome") -> str:
    mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "--  "}[outcome.verdict]
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{mark} {outcome.case}{reason}" + (f" [{outcome.clause}]" if outcome.verdict == "failed" else "")


def _write(
    report: "Report", junit: Path | None, html: Path | None, json_: Path | None, *, force: bool
) -> None:
    def write(path: Path, text: str) -> None:
        new_file(path, text.encode("utf-8"), replace=force, mode=0o666)

    if json_ is not None:
        write(json_, report.dumps())
    if junit is not None:
        from bifente.conformance.reports.junit import junit as xml

        write(junit, xml(report))
    if html is not None:
        from bifente.conformance.reports.html import page

        write(html, page([report]))


def _conclude(report: "Report", *, quiet: bool) -> None:
    from bifente.conformance.model import summary

    for name, figure in report.measured.items():
        say(f"{name}: {figure}", err=quiet)
    say(f"{report.target}: {summary(report.outcomes)}", err=quiet)
    reasons: dict[str, int] = {}
    for outcome in report.outcomes:
        if outcome.verdict == "skipped":
            reasons[outcome.reason] = reasons.get(outcome.reason, 0) + 1
    for reason, count in reasons.items():
        option = _OPTION_FOR.get(reason)
        say(f"  {count} not run: {reason}" + (f" ({option})" if option else ""), err=quiet)
    if report.failures:
        raise CliError(
            f"{len(report.failures)} cases failed", ExitCode.CARD_REFUSED, hint="--html FILE shows each"
        )


@conform.command(short_help="Put reports side by side.")
@click.argument("reports", nargs=-1, required=True, type=PATH, metavar="A.json B.json…")
@click.option("-o", "--html", type=PATH, metavar="FILE", help="Write an HTML page.")
@FORCE
@JSON
def compare(reports: tuple[Path, ...], html: Path | None, force: bool, as_json: bool) -> None:
    """Put the reports of several readers or cards side by side; exit code 9 when one passes and another fails."""
    from bifente.workbench.conform import side_by_side

    found = side_by_side(reports)
    if html is not None:
        from bifente.conformance.reports.html import page

        new_file(html, page(list(found.reports)).encode("utf-8"), replace=force, mode=0o666)
    if as_json:
        facts = {
            "reports": [report.target for report in found.reports],
            "cases": len(found.verdicts),
            "partly": found.partly,
            "differing": found.differing,
        }
        say_json(facts)
    for case, verdicts in () if as_json else found.differing.items():
        pairs = zip(found.reports, verdicts, strict=True)
        said = ", ".join(f"{report.target}: {verdict}" for report, verdict in pairs)
        say(f"{case}  {said}")
    if not as_json:
        say(f"{len(found.verdicts)} cases, {len(found.differing)} differ, {found.partly} not run everywhere")
    if found.differing:
        raise CliError(f"{len(found.differing)} verdicts differ", ExitCode.CARD_REFUSED)
