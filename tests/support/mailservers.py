"""Two real mail chains on loopback, each with its boxes in Maildir folders: Postfix and Dovecot for root, Exim and Dovecot for
any user. SMTP with STARTTLS and login, POP3 and IMAP over TLS and with STARTTLS; a domain whose mails come back.
"""

import grp
import ipaddress
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from cryptography import x509
from loopback import ServerAuthority, pem

CAISSE, CABINET = "01349@349.01.rss.test", "cabinet@ps.rss.test"
PASSWORDS = {CAISSE: "caisse", CABINET: 'ca"bi\\net'}
LOST = "01999@999.01.rss.lost"
"""The server takes mails for this domain and finds later that there is nobody."""

EXIM_PLACES = ("/usr/local/lib/bifente-tests/exim4", "/usr/sbin/exim4")
"""Where .ci/system-packages puts it, for Debian's Postfix and Exim are not installed beside each other."""

_STARTS_WITHIN = 20.0


@dataclass(frozen=True)
class MailChain:
    """Where the servers of a chain are."""

    folder: Path
    ca: Path
    ports: Mapping[str, int]
    """By ``smtp``, ``pop3``, ``pop3s``, ``imap`` and ``imaps``."""
    mail: Path
    """The boxes: a Maildir folder for each address."""


@contextmanager
def postfix_chain(require_tool: Callable[[str], str]) -> Iterator[MailChain]:
    """Postfix delivers, Dovecot gives; both are started by root and work as other users."""
    postfix, dovecot = require_tool("postfix"), require_tool("dovecot")
    with _folder("nobody") as (folder, ca), ExitStack() as stack:
        owner = pwd.getpwnam("nobody")
        ports = _free_ports("smtp", "pop3", "pop3s", "imap", "imaps")
        for name in ("postfix", "spool/pid", "lib"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "lib", "postfix")
        boxes = ", ".join(f"{address}={address}/" for address in PASSWORDS)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "spool",
            "data_directory": folder / "lib",
            "maillog_file": folder / "spool/postfix.log",
            "maillog_file_prefixes": folder,
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "frontal.rss.test",
            "mydestination": "",
            "local_recipient_maps": "",
            "alias_maps": "",
            "mynetworks": "127.0.0.0/8",
            "virtual_mailbox_domains": "349.01.rss.test, ps.rss.test",
            "virtual_transport": "virtual",
            "virtual_mailbox_base": folder / "mail",
            "virtual_mailbox_maps": f"inline:{{ {boxes} }}",
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "relay_domains": LOST.partition("@")[2],
            "relay_recipient_maps": "",
            # taken at the door, unknown to the one who delivers: the mail comes back
            "transport_maps": f"inline:{{ {LOST.partition('@')[2]}=virtual: }}",
            "smtpd_tls_cert_file": folder / "localhost.pem",
            "smtpd_tls_key_file": folder / "localhost.key",
            "smtpd_tls_security_level": "may",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "smtpd_recipient_restrictions": "reject_unauth_destination",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": folder / "run/auth-client",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_tls_auth_only": "yes",
            "smtpd_error_sleep_time": "0",
            "message_size_limit": "2000000",
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        (folder / "postfix/main.cf").write_text("\n".join(lines) + "\n")
        (folder / "postfix/master.cf").write_text(_MASTER.format(port=ports["smtp"]))
        stack.enter_context(_dovecot(dovecot, folder, ports, owner, root=True))
        command = [postfix, "-c", str(folder / "postfix"), "start-fg"]
        stack.enter_context(_started(command, folder, [ports["smtp"]], folder / "spool/postfix.log"))
        # start-fg is a script; the server is its child, in a session of its own
        master = int((folder / "spool/pid/master.pid").read_text())
        stack.callback(_end, master, ports["smtp"])
        yield MailChain(folder, ca, ports, folder / "mail")


@contextmanager
def exim_chain(require_tool: Callable[[str], str]) -> Iterator[MailChain]:
    """Exim delivers, Dovecot gives; both are an ordinary user's. Raises LookupError without Exim."""
    dovecot = require_tool("dovecot")
    program = next((place for place in EXIM_PLACES if Path(place).exists()), None)
    if program is None:
        raise LookupError("the program exim4 is not installed")
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with _folder(owner.pw_name) as (folder, ca), ExitStack() as stack:
        ports = _free_ports("smtp", "pop3", "pop3s", "imap", "imaps")
        for name in ("spool", "log"):
            (folder / name).mkdir()
        (folder / "boxes").write_text("".join(f"{address}: {address}\n" for address in PASSWORDS))
        group = grp.getgrgid(owner.pw_gid).gr_name
        (folder / "exim.conf").write_text(
            _EXIM.format(
                folder=folder,
                user=owner.pw_name,
                group=group,
                port=ports["smtp"],
                lost=LOST.partition("@")[2],
            )
        )
        (folder / "secrets").write_text("".join(f"{name}: {word}\n" for name, word in PASSWORDS.items()))
        shutil.copy(program, folder / "exim4")  # without the bits that make it root's
        _give(folder, owner)
        stack.enter_context(_dovecot(dovecot, folder, ports, owner, root=False))
        command = [str(folder / "exim4"), "-C", str(folder / "exim.conf"), "-bdf", "-q1m"]
        stack.enter_context(_started(command, folder, [ports["smtp"]], folder / "log/mainlog", owner))
        yield MailChain(folder, ca, ports, folder / "mail")


def post_settings(chain: MailChain, address: str, receiving: str = "pop3", folder: Path = Path()) -> str:
    """A file of settings for *address* in *folder*, by the servers of the chain; its path."""
    path = folder / f"{receiving}-{address.partition('@')[0]}.yaml"
    secret = folder / f"{address}.password"
    secret.write_text(PASSWORDS[address])
    secret.chmod(0o600)
    login = f"user: {address}, password-file: {secret.name}, ca: {chain.ca}"
    path.write_text(
        f"address: {address}\n"
        f"smtp: {{host: localhost, port: {chain.ports['smtp']}, security: starttls, {login}}}\n"
        f"{receiving}: {{host: localhost, port: {chain.ports[receiving + 's']}, {login}}}\n"
    )
    return str(path)


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, Path]]:
    """A folder that the servers' users may enter, with certificate, key and the authority's certificate."""
    folder = Path(tempfile.mkdtemp(prefix="bifente-mail-"))
    try:
        folder.chmod(0o755)
        authority = ServerAuthority()
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        authority.issue(folder, "localhost", names)
        (folder / "ca.pem").write_bytes(pem(authority.root))
        (folder / "mail").mkdir(mode=0o700)
        if os.getuid() == 0:
            shutil.chown(folder / "mail", owner)
        yield folder, folder / "ca.pem"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(folder: Path, owner: pwd.struct_passwd) -> None:
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


@contextmanager
def _dovecot(
    program: str, folder: Path, ports: Mapping[str, int], owner: pwd.struct_passwd, *, root: bool
) -> Iterator[None]:
    users = folder / "users"
    users.write_text("".join(f"{name}:{{PLAIN}}{word}:::::\n" for name, word in PASSWORDS.items()))
    users.chmod(0o644)
    (folder / "run").mkdir()
    (folder / "state").mkdir()
    listeners = "".join(
        f"service {kind}-login {{\n  {'' if root else 'chroot ='}\n"
        f"  inet_listener {kind} {{\n    port = {ports[kind]}\n  }}\n"
        f"  inet_listener {kind}s {{\n    port = {ports[kind + 's']}\n    ssl = yes\n  }}\n}}\n"
        for kind in ("pop3", "imap")
    )
    internal = "" if root else _ORDINARY.format(user=owner.pw_name, group=grp.getgrgid(owner.pw_gid).gr_name)
    (folder / "dovecot.conf").write_text(
        _DOVECOT.format(folder=folder, uid=owner.pw_uid, gid=owner.pw_gid) + internal + listeners
    )
    _give(folder, owner) if not root else None
    wanted = [ports[name] for name in ("pop3", "pop3s", "imap", "imaps")]
    with _started(
        [program, "-F", "-c", str(folder / "dovecot.conf")],
        folder,
        wanted,
        folder / "dovecot.log",
        None if root else owner,
    ):
        yield


@contextmanager
def _started(
    command: list[str], folder: Path, ports: list[int], log: Path, user: pwd.struct_passwd | None = None
) -> Iterator[None]:
    """A server in the foreground until the block ends, once it listens on all the ports."""
    more = (
        {}
        if user is None or os.getuid() != 0
        else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    )
    output = folder / f"{Path(command[0]).name}.out"
    with output.open("wb") as stream:
        program = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            **more,
        )
    try:
        deadline = monotonic() + _STARTS_WITHIN
        for port in ports:
            while not _listens(port):
                if program.poll() is not None or monotonic() > deadline:
                    said = "\n".join(
                        path.read_text(errors="replace") for path in (output, log) if path.exists()
                    )
                    raise AssertionError(f"{command[0]} did not start:\n{said}")
                sleep(0.02)
        yield
    finally:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, 9)
            program.wait(10)


def _end(process: int, port: int) -> None:
    """End a process that is not our child, and wait until its port is free."""
    os.kill(process, signal.SIGTERM)
    deadline = monotonic() + 20
    # its children hold the port a little longer than it lives
    while (Path(f"/proc/{process}").exists() or _listens(port)) and monotonic() < deadline:
        sleep(0.02)
    assert not _listens(port)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_ports(*names: str) -> dict[str, int]:
    with ExitStack() as stack:
        probes = {name: stack.enter_context(socket.socket()) for name in names}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: int(probe.getsockname()[1]) for name, probe in probes.items()}


_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
smtp unix - - n - - smtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

_EXIM = """
exim_path = {folder}/exim4
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
primary_hostname = frontal.rss.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
deliver_drop_privilege = true
never_users =
keep_environment =
trusted_users = {user}
message_size_limit = 2000000
smtp_accept_queue_per_connection = 0
tls_advertise_hosts = *
tls_certificate = {folder}/localhost.pem
tls_privatekey = {folder}/localhost.key
domainlist boxes = 349.01.rss.test : ps.rss.test
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  accept domains = {lost}
  accept domains = +boxes
         verify = recipient
  deny message = unknown caisse or box
begin routers
lost:
  driver = redirect
  domains = {lost}
  data = :fail: nobody has this domain
  allow_fail
boxes:
  driver = accept
  domains = +boxes
  address_data = ${{lookup{{$local_part@$domain}}lsearch{{{folder}/boxes}}{{$value}}fail}}
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {folder}/mail/$address_data
  create_directory
begin retry
* * F,2h,15m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_advertise_condition = ${{if def:tls_in_cipher}}
  server_condition = ${{if eq{{$auth3}}{{${{lookup{{$auth2}}lsearch{{{folder}/secrets}}{{$value}}}}}}}}
  server_set_id = $auth2
"""

_DOVECOT = """
protocols = pop3 imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/localhost.pem
ssl_key = <{folder}/localhost.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
"""

_ORDINARY = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
