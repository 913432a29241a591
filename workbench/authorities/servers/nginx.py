"""nginx: a site of one file, whose pages are answers of the configuration itself."""

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

FILE: Final = "nginx.conf"

_TEXT: Final = Configuration("""\
# Who has a CPS enters; who does not reads why. Paths are relative to this folder, which may be moved.
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {}

http {
  access_log off;
  client_body_temp_path tmp-body;
  proxy_temp_path tmp-proxy;
  fastcgi_temp_path tmp-fastcgi;
  uwsgi_temp_path tmp-uwsgi;
  scgi_temp_path tmp-scgi;

  # Why a certificate was refused, in words.
  map $ssl_client_verify $reason {
    default "this certificate is refused";
@{reasons}
  }

  # The holder, by the subject of the certificate: SN, GN and title are of the card's own form (RFC 2253, read backwards).
  # Nothing of it that HTML would take for its own gets into a page.
  map $ssl_client_s_dn $surname    { default ""; "~(?:^|[,+])SN=([^,+<>&\\x5c]+)" $1; }
  map $ssl_client_s_dn $given_name { default ""; "~(?:^|[,+])GN=([^,+<>&\\x5c]+)" $1; }
  map $ssl_client_s_dn $subject    { default $ssl_client_s_dn; "~[<>&]" "(not shown)"; }

  # A CPS or CPF is of the authority of professionals; cards of establishments (CDE, CPE, CPA) are of another one.
  map $ssl_client_i_dn $professional { default 0; "~^CN=@{professionals}," 1; }

  server {
    listen 127.0.0.1:@{port} ssl;
    server_name @{host};
    ssl_certificate @{certificate};
    ssl_certificate_key @{key};

    # A CPS3 signs with PKCS #1 v1.5 and has no PSS: hence TLS 1.2, and the algorithms that are asked for.
    ssl_protocols TLSv1.2;
    ssl_conf_command ClientSignatureAlgorithms RSA+SHA256:RSA+SHA1;
    # No session outlives its connection: each one is proven by the card.
    ssl_session_tickets off;
    ssl_session_cache off;

    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_client_certificate @{cards};
    @{revocation}

    default_type text/html;
    charset utf-8;
    add_header Cache-Control no-store always;
    add_header X-Content-Type-Options nosniff always;

    error_page 495 496 =403 @@refused;
    location @@refused {
      return 403 "<!DOCTYPE html><html lang=en><title>Refused</title><h1>Refused</h1><p>Reason: $reason.</p><p><code>$ssl_client_verify</code></p>\\n";
    }

    location / {
      return 200 "<!DOCTYPE html><html lang=fr><title>Bonjour</title><h1>Bonjour $given_name $surname</h1><p><code>$subject</code></p><p>Certificate <code>$ssl_client_serial</code>, until $ssl_client_v_end.</p>\\n";
    }

    location /cps/ {
      if ($professional = 0) {
        return 403 "<!DOCTYPE html><html lang=en><title>Refused</title><h1>Refused</h1><p>Reason: @{only}.</p><p><code>$subject</code></p>\\n";
      }
      return 200 "<!DOCTYPE html><html lang=fr><title>Bonjour</title><h1>Bonjour $given_name $surname</h1><p>For professionals only.</p><p><code>$subject</code></p>\\n";
    }
  }
}
""")


def files(site: SiteFacts) -> dict[str, str]:
    """The files of a site, by their names in its folder."""
    revocation = f"ssl_crl {LISTS};"
    if site.responder:
        revocation = f"ssl_ocsp leaf;\n    ssl_ocsp_responder {site.responder};"
    reasons = "\n".join(f'    "{found}" "{words}";' for found, words in REASONS.items())
    text = _TEXT.substitute(
        reasons=reasons,
        professionals=site.professionals.replace(".", r"\."),
        port=site.port,
        host=site.host,
        certificate=CERTIFICATE,
        key=KEY,
        cards=CARDS,
        revocation=revocation,
        only=ONLY_PROFESSIONALS,
    )
    return {FILE: text}


def start(site: SiteFacts) -> tuple[str, ...]:
    """The command that runs it until Ctrl-C."""
    return ("nginx", "-e", "stderr", "-p", str(site.folder), "-c", FILE)


def reload(site: SiteFacts) -> tuple[str, ...]:
    """The command that has it read its lists again."""
    return (*start(site), "-s", "reload")
