"""Apache: a site whose pages are texts with server-side includes."""

from typing import Final

from bifente.workbench.authorities.servers.values import (
    CARDS,
    CERTIFICATE,
    KEY,
    LISTS,
    ONLY_PROFESSIONALS,
    REASONS,
    Configuration,
    SiteFacts,
)

FILE: Final = "httpd.conf"

_TEXT: Final = Configuration("""\
# Who has a CPS enters; who does not reads why. Paths are relative to ServerRoot, this folder.
ServerName @{host}
PidFile httpd.pid
ErrorLog error.log
LogLevel warn ssl:info
Listen 127.0.0.1:@{port}

<IfDefine !MODULES>
  Define MODULES @{modules}
</IfDefine>
@{load}

DocumentRoot pages
TypesConfig /dev/null
AddType "text/html; charset=utf-8" .shtml
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml

SSLEngine on
SSLCertificateFile @{certificate}
SSLCertificateKeyFile @{key}

# A CPS3 signs with PKCS #1 v1.5 and has no PSS: hence TLS 1.2, and the algorithms that are asked for.
SSLProtocol TLSv1.2
SSLOpenSSLConfCmd ClientSignatureAlgorithms RSA+SHA256:RSA+SHA1
# No session outlives its connection: each one is proven by the card.
SSLSessionTickets off
SSLSessionCache none

# "optional" lets those without a card read why they do not enter. What is wrong with a certificate that was shown ends the
# handshake: the reason stands in the alert, which the browser shows, and in the log.
SSLVerifyClient optional
SSLVerifyDepth 3
SSLCACertificateFile @{cards}
@{revocation}

<Location "/">
  SSLOptions +StdEnvVars
  Options +Includes
  Header always set Cache-Control no-store
  Require expr "%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
</Location>
<Location "/cps/">
  Require expr "%{SSL_CLIENT_VERIFY} == 'SUCCESS' && %{SSL_CLIENT_I_DN_CN} == '@{professionals}'"
</Location>
ErrorDocument 403 /refused.shtml
<Location "/refused.shtml">
  Require all granted
</Location>
""")

_MODULES: Final = (
    "mpm_event",
    "authz_core",
    "mime",
    "dir",
    "headers",
    "include",
    "socache_shmcb",
    "ssl",
)

_HOLDER: Final = """\
<!DOCTYPE html><html lang="fr"><title>Bonjour</title>
<h1>Bonjour <!--#echo var="SSL_CLIENT_S_DN_G" --> <!--#echo var="SSL_CLIENT_S_DN_S" --></h1>
<p>{words}<code><!--#echo var="SSL_CLIENT_S_DN" --></code></p>
<p>Certificate <code><!--#echo var="SSL_CLIENT_M_SERIAL" --></code>, until <!--#echo var="SSL_CLIENT_V_END" -->.</p>
"""

_REFUSED: Final = """\
<!DOCTYPE html><html lang="en"><title>Refused</title>
<h1>Refused</h1>
<!--#if expr="v('SSL_CLIENT_VERIFY') == 'SUCCESS'" --><p>Reason: {only}.</p>
<p><code><!--#echo var="SSL_CLIENT_S_DN" --></code></p>
<!--#else --><p>Reason: {none}.</p>
<!--#endif -->
"""


def files(site: SiteFacts, modules: str) -> dict[str, str]:
    """The files of a site, by their names in its folder; *modules* is where Apache's are installed."""
    if site.responder:
        revocation = (
            f"SSLOCSPEnable leaf\nSSLOCSPDefaultResponder {site.responder}\nSSLOCSPOverrideResponder on"
        )
    else:
        revocation = f"SSLCARevocationFile {LISTS}\nSSLCARevocationCheck chain"
    load = "\n".join(
        f"<IfModule !{name}_module>\n  LoadModule {name}_module ${{MODULES}}/mod_{name}.so\n</IfModule>"
        for name in _MODULES
    )
    text = _TEXT.substitute(
        host=site.host,
        port=site.port,
        modules=modules,
        load=load,
        certificate=CERTIFICATE,
        key=KEY,
        cards=CARDS,
        revocation=revocation,
        professionals=site.professionals,
    )
    return {
        FILE: text,
        "pages/index.shtml": _HOLDER.format(words=""),
        "pages/cps/index.shtml": _HOLDER.format(words="For professionals only. "),
        "pages/refused.shtml": _REFUSED.format(only=ONLY_PROFESSIONALS, none=REASONS["NONE"]),
    }


def start(site: SiteFacts) -> tuple[str, ...]:
    """The command that runs it until Ctrl-C."""
    return ("apache2", "-d", str(site.folder), "-f", FILE, "-DFOREGROUND")


def reload(site: SiteFacts) -> tuple[str, ...]:
    """The command that has it read its lists again."""
    return ("apache2", "-d", str(site.folder), "-f", FILE, "-k", "graceful")
