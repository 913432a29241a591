"""``bifente mail send|fetch``: mails by the servers of an account, or by its folder."""

from pathlib import Path

import click

from bifente.cli.mail.options import MESSAGE
from bifente.cli.options import JSON, PATH
from bifente.cli.visible import say, say_json

ACCOUNT = click.option(
    "--account",
    required=True,
    metavar="FILE.yaml",
    type=PATH,
    help="Where the mail servers are and who you are there (docs/post.md).",
)


@click.command(short_help="Send a mail by SMTP.")
@MESSAGE
@ACCOUNT
@click.option(
    "--only", multiple=True, metavar="ADDRESS", help="Send to this recipient and no other. Repeatable."
)
@click.option("--plain", is_flag=True, help="Send it though it is neither signed nor enciphered.")
@JSON
def send(file: Path, account: Path, only: tuple[str, ...], plain: bool, as_json: bool) -> None:
    """Send a mail to everybody in its To and Cc, by the mail server of your account.

    Without --plain a mail goes only when it is signed or enciphered, so that nothing leaves readable by mistake. When the server
    takes it for some recipients and refuses another, both are said.

    \b
    bifente mail send … --account alice.yaml
    """
    from bifente.workbench.mail.posting import send_mail

    sent = send_mail(file, account, plain=plain, only=only)
    if as_json:
        say_json({"sender": sent.sender, "recipients": list(sent.recipients), "protection": sent.protection})
    else:
        how = "in the clear" if sent.protection == "none" else sent.protection
        say(f"{file}: sent {how} to {', '.join(sent.recipients)}")


@click.command(short_help="Fetch the mails of an account by POP3 or IMAP.")
@ACCOUNT
@click.option(
    "-o", "--out", "folder", required=True, metavar="DIR", type=PATH, help="The folder for the mails."
)
@click.option("--delete", is_flag=True, help="Delete on the server what is in the folder.")
@JSON
def fetch(account: Path, folder: Path, delete: bool, as_json: bool) -> None:
    """Fetch the mails of an account into a folder, a file for each; without --delete they stay on the server, too.

    \b
    bifente mail fetch --account … -o inbox
    """
    from bifente.workbench.mail.posting import fetch_mails

    found = []
    for one in fetch_mails(account, folder, delete=delete):
        found.append(one)
        if as_json:
            continue
        if one.file is None:
            say(f"too large, left on the server ({one.size} bytes): {one.subject} from {one.sender}")
        else:
            say(f"{one.file}: {one.subject or 'no subject'} from {one.sender} ({one.protection})")
    if as_json:
        say_json(
            [
                {
                    "file": None if one.file is None else str(one.file),
                    "from": one.sender,
                    "subject": one.subject,
                    "protection": one.protection,
                    "bytes": one.size,
                }
                for one in found
            ]
        )
    elif not found:
        say("no mail")
