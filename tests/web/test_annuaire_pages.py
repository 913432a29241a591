"""The annuaire's pages: what they say, and what they refuse."""

import json
import re
import socket
import sys
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from webserver import ServedPages

from bifente.cli.main import main
from bifente.web.application import HEADERS
from bifente.web.words import ENGLISH, LANGUAGES
from bifente.workbench.annuaire import entries

DOCTOR = "/fr/professional/899700000013"
EMPLOYEE = "/fr/professional/30B0990037/CPET0001"


def test_the_front_page_speaks_the_language_of_the_browser(pages: ServedPages) -> None:
    for wanted, language in (("en-GB,fr;q=0.5", "en"), ("fr", "fr"), ("de", "fr"), ("", "fr")):
        answer = pages.get("/", Accept_Language=wanted)
        assert (answer.status, answer.headers["location"]) == (302, f"/{language}/")
        assert f'<html lang="{language}">' in pages.get(f"/{language}/").text


def test_a_quick_search_leads_to_an_entry(pages: ServedPages) -> None:
    found = pages.get("/fr/search?text=fic+cam&departement=&kind=professional").text
    assert "1 réponse" in found
    [address] = re.findall(r'<a href="(/fr/professional/[^"]+)">', found)
    assert address == DOCTOR
    page = pages.get(address).text
    for part in (
        "Infos titulaire",
        "Certificats",
        "Madame",
        "Médecin (10)",
        "Numéro de série",
        "Télécharger",
    ):
        assert part in page


def test_a_place_of_practice_leads_to_its_structure_and_back(pages: ServedPages) -> None:
    page = pages.get(EMPLOYEE).text
    assert "HOPITAL FICTIF DES TROIS DAMES" in page
    [address] = re.findall(r'href="(/fr/structure/[^"]+)"', page)
    assert EMPLOYEE in pages.get(address).text


def test_answers_come_in_pages(pages: ServedPages) -> None:
    first = pages.get("/en/search?name=nombreux").text
    assert "25 answers" in first
    assert "Page 1 of 2" in first
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = pages.get(following.replace("&amp;", "&")).text
    names = [re.findall(r"<a href=\"/en/professional/[^>]+>([^<]+)", page) for page in (first, second)]
    assert [len(page) for page in names] == [20, 5]
    assert names[0] + names[1] == sorted(names[0] + names[1])
    assert 'rel="prev"' in second


def test_certificates_are_downloaded_in_each_form(pages: ServedPages) -> None:
    serial = re.findall(r"/certificates/([0-9a-f]+)\.cer", pages.get(DOCTOR).text)[0]
    der, pem, chain = (
        pages.get(f"/certificates/{serial}{ending}") for ending in (".cer", ".pem", "-chain.pem")
    )
    assert der.headers["content-type"] == "application/pkix-cert"
    assert der.headers["content-disposition"] == f'attachment; filename="{serial}.cer"'
    leaf = x509.load_der_x509_certificate(der.content)
    assert x509.load_pem_x509_certificate(pem.content) == leaf
    above = x509.load_pem_x509_certificates(chain.content)
    assert [above[0], len(above)] == [leaf, 3]
    leaf.verify_directly_issued_by(above[1])


def test_the_authorities_page_has_every_authority(pages: ServedPages) -> None:
    page = pages.get("/fr/authorities").text
    count = page.count("<article>")
    assert count >= 4  # and two more once an organisation was certified
    assert 2 * page.count("Racine") == count
    for serial in re.findall(r"/certificates/([0-9a-f]+)\.cer", page):
        x509.load_der_x509_certificate(pages.get(f"/certificates/{serial}.cer").content)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/fr/professional/nobody", 404, "no professional nobody"),
        ("/fr/structure/nowhere", 404, "no structure nowhere"),
        ("/fr/server/none", 404, "no server none"),
        ("/fr/nothing", 404, "Cette page n&#39;existe pas."),
        ("/de/", 404, "Cette page n&#39;existe pas."),
        ("/static/../application.py", 404, ""),
        ("/static/%2e%2e/words.py", 404, ""),
        ("/certificates/00.pem", 404, ""),
        ("/certificates/x", 404, ""),
        ("/lists/00.crl", 404, ""),
        ("/fr/search?text=fi", 400, "too short"),
        ("/fr/search", 400, "nothing is asked for"),
        ("/en/search?departement=zz", 400, "no département"),
        (f"/fr/search?text={'x' * 300}", 400, "too many"),
        ("/fr/search?text=%00%ff", 400, ""),
        (f"/fr/search?text={'x' * 5000}", 414, ""),
        ("/fr/search?text=nom&page=-1", 200, "Résultats"),
        ("/fr/search?text=nom&page=99999999999999999999", 200, "Résultats"),
        ("/fr/search?text=nom&kind=other", 200, "Résultats"),
    ],
)
def test_what_is_odd_is_answered_with_every_header(
    pages: ServedPages, path: str, status: int, said: str
) -> None:
    answer = pages.get(path)
    assert answer.status == status
    assert said in answer.text
    assert {name: answer.headers[name.casefold()] for name in HEADERS} == dict(HEADERS)
    assert "Traceback" not in answer.text


def test_only_reading_under_a_name_of_this_machine(pages: ServedPages) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert pages.get("/fr/", method).status == 405
    for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost.evil"):
        assert pages.get("/fr/", Host=host).status == 421
    for host in ("localhost", f"localhost:{pages.port}", "127.0.0.1", "[::1]:1"):
        assert pages.get("/fr/", Host=host).status == 200


def test_names_from_outside_are_text_and_nothing_else(pages: ServedPages) -> None:
    page = pages.get("/fr/professional/899700000600").text
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "<b>" not in pages.get("/fr/search?text=%3Cb%3Efictif").text


def test_every_word_that_is_ours_has_its_english(pages: ServedPages) -> None:
    """The names of fields come from the workbench; the English catalogue knows all of them."""
    source = "".join(map(str, (entries.UNKNOWN, *entries._USES.values(), *entries._STATUS.values())))
    assert all(word in source for word in ("valide", "Certificat"))
    known = {*ENGLISH, *LANGUAGES.values()}
    said = {entries.UNKNOWN, *entries._USES.values(), *entries._STATUS.values()}
    for path in (
        DOCTOR,
        EMPLOYEE,
        "/fr/professional/899700000101",
        "/fr/structure/R10100000000101",
        "/fr/authorities",
    ):
        page = pages.get(path).text
        said |= {
            _plain(name)
            for name in re.findall(r"<dt>([^<]*)</dt>|<h3>([^<]*)</h3>", page)
            for name in name
            if name
        }
    assert said - known == set()
    assert all(
        re.findall(r"\{\d\}", french) == re.findall(r"\{\d\}", english) for french, english in ENGLISH.items()
    )


def test_fhir_answers_have_the_field_names_of_the_annuaire_sante(pages: ServedPages) -> None:
    answer = pages.get("/fhir/Practitioner?family=fictif&given=camille&qualification-code=10")
    assert answer.headers["content-type"] == "application/fhir+json"
    bundle = json.loads(answer.content)
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 1)
    [entry] = bundle["entry"]
    assert entry["fullUrl"] == f"{pages.url}/fhir/Practitioner/899700000013"
    someone = json.loads(pages.get("/fhir/Practitioner/899700000013").content)
    assert entry["resource"] == someone
    assert {one["value"] for one in someone["identifier"]} == {"899700000013", "99700000013"}
    extensions = {}
    for one in someone["extension"]:
        extensions[one["url"].rpartition("/")[2]] = {part["url"]: part for part in one["extension"]}
    assert set(extensions) == {"as-ext-smartcard", "as-ext-digital-certificate"}
    assert set(extensions["as-ext-smartcard"]) == {"type", "number", "period"}
    certificate = extensions["as-ext-digital-certificate"]
    assert set(certificate) == {
        "serialNumber",
        "issuer",
        "subject",
        "validity",
        "domain",
        "keyUsage",
        "value",
    }
    x509.load_der_x509_certificate(b64decode(certificate["value"]["valueAttachment"]["data"]))


def test_fhir_pages_follow_their_links(pages: ServedPages) -> None:
    seen = []
    url = "/fhir/Practitioner?name=nombreux&_count=10"
    while url:
        bundle = json.loads(pages.get(url).content)
        seen += [one["resource"]["id"] for one in bundle["entry"]]
        links = {one["relation"]: one["url"] for one in bundle["link"]}
        url = links.get("next", "").removeprefix(pages.url)
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize(
    ("question", "status", "total"),
    [
        ("Practitioner?identifier=https://rpps.esante.gouv.fr%7C99700000013", 200, 1),
        ("Practitioner?number-smartcard=2900000101", 200, 1),
        ("Practitioner?qualification-code=SM54&name=epinette", 200, 1),
        ("Organization?address-postalcode=88&name=sapins", 200, 1),
        ("Organization?address-postalcode=8800&address-city=epi&name=sapins", 200, 1),
        ("Organization?mailbox-mss=accueil@sapins.invalid", 200, 1),
        ("Organization/R10100000000101", 200, None),
        ("Practitioner/30B0990037-CPET0001", 200, None),
        ("metadata", 200, None),
        ("Practitioner", 400, None),
        ("Practitioner?unknown=1", 400, None),
        ("Practitioner?name=nom&_count=1000", 400, None),
        ("Practitioner?" + "&".join(f"name=x{number}" for number in range(40)), 400, None),
        ("Patient?name=x", 400, None),
        ("Practitioner/none", 404, None),
    ],
)
def test_fhir_questions_and_refusals(
    pages: ServedPages, question: str, status: int, total: int | None
) -> None:
    answer = pages.get(f"/fhir/{question}")
    found = json.loads(answer.content)
    assert answer.status == status, found
    assert (found["resourceType"] == "OperationOutcome") is (status >= 400)
    if total is not None:
        assert found["total"] == total


def _plain(text: str) -> str:
    return text.replace("&#39;", "'")


def test_without_the_libraries_of_pages_that_is_one_line(
    annuaire_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith(("bifente.web.a", "starlette"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert main(["annuaire", "serve", "--port", "0", "--annuaire", str(annuaire_file)]) == 3
    assert "the pages need starlette" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_line(annuaire_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert main(["annuaire", "serve", "--port", port, "--annuaire", str(annuaire_file)]) == 2
    assert f"port {port} is taken" in capsys.readouterr().err
