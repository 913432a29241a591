"""Programs that look for other cards, or stop at one of ours: GnuPG's scdaemon, pam_pkcs11's pkcs11_inspect."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from clients import PIN, Desk

_PAM = """
pam_pkcs11 {{
  debug = true;
  nullok = true;
  use_first_pass = false;
  try_first_pass = false;
  wait_for_card = false;
  use_pkcs11_module = opensc;
  pkcs11_module opensc {{
    module = {module};
    description = "OpenSC";
    slot_num = 0;
    support_threads = true;
    ca_dir = {folder};
    crl_dir = {folder};
    cert_policy = none;
  }}
  use_mappers = subject;
  mapper subject {{ debug = false; module = internal; ignorecase = false; mapfile = "none"; }}
}}
"""


def test_scdaemon_sees_the_reader_and_knows_no_cps(
    desk, require_tool: Callable[[str], str], require_library: Callable[[str, str], str]
):
    require_library("gnupg/scdaemon", "scdaemon")
    library = require_library("*/libpcsclite.so.1", "libpcsclite1")
    made: Desk = desk("gp", "vitale-single")
    with TemporaryDirectory(prefix="bf-") as home:  # its sockets have no room in a test's folder
        Path(home, "scdaemon.conf").write_text(f"disable-ccid\npcsc-driver {library}\n")
        environment = {"GNUPGHOME": home}
        try:
            status = made.run(require_tool("gpg"), "--card-status", environment=environment)
            status.failed("selecting card failed: No such device")
            assert status.asked("00A4040006D27600012401"), "OpenPGP was not asked for"
            tools = ("SCD SERIALNO", "SCD GETINFO reader_list", "/bye")
            asked = made.run(require_tool("gpg-connect-agent"), *tools, environment=environment)
            asked.says(r"^ERR \d+ No such device <SCD>", r"\[CPS\] 00 00", r"\[Vitale\] 00 01")
        finally:
            made.run(require_tool("gpgconf"), "--kill", "all", environment=environment).ok()


def test_pkcs11_inspect_stops_at_the_vitale_unless_it_is_ignored(
    desk, opensc_module: str, tmp_path: Path, require_tool: Callable[[str], str]
):
    """It wants a token in each slot that has a card; OpenSC knows no Vitale (CKR_TOKEN_NOT_RECOGNIZED)."""
    inspect = require_tool("pkcs11_inspect")
    made: Desk = desk("gp", "vitale-single")
    settings = tmp_path / "pam_pkcs11.conf"
    settings.write_text(_PAM.format(module=opensc_module, folder=tmp_path))
    command = (inspect, f"config_file={settings}", "debug")
    stopped = made.converse(command, [])
    stopped.failed(r"C_GetTokenInfo\(\) failed: 0x000000E1")
    assert stopped.says(r"\[Vitale\] 00 01")

    configuration = tmp_path / "opensc.conf"
    configuration.write_text('app default {\n  ignored_readers = "[Vitale]";\n}\n')
    seen = made.converse(command, [("PIN", PIN)])
    seen.ok().says("CN=899700000013")
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
