"""The primer: the lecture's own examples, and what its lessons refuse."""

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st
from keypool import KeySource

from bifente.crypto.primer import blocks, smallrsa, trust, vernam, vigenere
from bifente.crypto.primer.law import law
from bifente.crypto.primer.lesson import LETTERS, PrimerError, letters_of
from bifente.crypto.primer.substitution import LECTURE_ALPHABET, polybius, polybius_back, substitute

PROUST = "LONGTEMPS JE ME SUIS COUCHE DE BONNE HEURE"
LETTERED = st.text(LETTERS, min_size=1, max_size=40)


def test_the_lecture_s_line_in_the_carre_de_polybe_and_the_word_that_the_slide_leaves_out() -> None:
    slide = "313433224415323543 2415 3215 133445132315 1415 1234333315 2315454215"
    made = str(polybius(PROUST).facts["result"]).split()
    assert made.pop(3) == "43452443"
    assert " ".join(made) == slide
    assert [polybius(letter).facts["result"] for letter in "ABFM"] == ["11", "12", "21", "32"]
    assert polybius("J").facts == polybius("i").facts
    assert polybius_back(slide).facts["result"] == PROUST.replace("SUIS ", "").replace("J", "I")


def test_the_lecture_s_alphabet_lacks_a_letter() -> None:
    assert len(LECTURE_ALPHABET) == 25
    with pytest.raises(PrimerError, match="lacks H"):
        substitute("a", LECTURE_ALPHABET)
    made = str(substitute("Été à la CAISSE").facts["result"])
    assert made == "ZRZ W UW EWPNNZ"
    assert substitute(made, back=True).facts["result"] == "ETE A LA CAISSE"


def test_the_lecture_s_example_of_vigenere() -> None:
    lesson = vigenere.vigenere("CRYPTOGRAPHIE DE VIGENERE", "MATHWEB", with_table=True)
    assert lesson.facts["result"] == "ORRWPSHDAIOEIEQVBNARFDE"
    assert lesson.facts["e_becomes"] == ["A", "E", "F", "I", "Q"]  # the slide counts I, A, Q and E
    table = vigenere.table()
    assert table[3] == "C " + " ".join("CDEFGHIJKLMNOPQRSTUVWXYZAB")
    assert lesson.steps[0].lines == table


@given(LETTERED, LETTERED)
def test_vigenere_comes_back(text: str, key: str) -> None:
    assert vigenere.apply_key(vigenere.apply_key(text, key), key, -1) == text


@pytest.mark.parametrize("key", ["MATHWEB", "CLE", "ORDONNANCE", "A"])
def test_kasiski_finds_the_key(key: str) -> None:
    from bifente.workbench.primer.lessons import SAMPLE

    lesson = vigenere.kasiski(vigenere.apply_key(SAMPLE, key))
    assert lesson.facts["key"] == key
    assert lesson.facts["result"] == letters_of(SAMPLE)


@pytest.mark.parametrize("text", ["", "abc", "12345"])
def test_kasiski_says_that_too_little_is_there(text: str) -> None:
    with pytest.raises(PrimerError):
        vigenere.kasiski(text)


def test_vernam_says_whatever_one_likes_and_its_reuse_gives_the_other_text_away() -> None:
    lesson = vernam.vernam("RENDEZVOUS", "XMCKLAQWER", decoy="ORDONNANCE")
    made, other = str(lesson.facts["result"]), str(lesson.facts["decoy_pad"])
    assert vigenere.apply_key(made, "XMCKLAQWER", -1) == "RENDEZVOUS"
    assert vigenere.apply_key(made, other, -1) == "ORDONNANCE"
    pads = [vernam.drawn_pad(40, lambda below, add=add: (7 * add) % below) for add in (1, 2)]
    first, second = "le patient prend le médicament", "la pharmacie ferme à dix heures"
    opened = [vernam.reuse(first, second, pad, "PHARMACIE").facts for pad in pads]
    assert opened[0]["places"][0] == 3  # type: ignore[index]
    assert opened[0]["readings"][0] == "PATIENTPR"  # type: ignore[index]
    assert opened[0]["difference"] == opened[1]["difference"]
    assert opened[0]["cryptograms"] != opened[1]["cryptograms"]
    with pytest.raises(PrimerError, match="as long"):
        vernam.vernam("RENDEZVOUS", "COURT")


def test_a_known_block_of_des_and_the_key_that_is_found() -> None:
    # the worked example of J. O. Grabbe, "The DES Algorithm Illustrated"
    key, clear = bytes.fromhex("133457799BBCDFF1"), bytes.fromhex("0123456789ABCDEF")
    cryptogram = blocks.des_block(key, clear)
    assert cryptogram.hex() == "85e813540f0ab405"
    seen: list[tuple[int, int]] = []
    found = list(blocks.search(clear, cryptogram, blocks.effective(key), 13, lambda *told: seen.append(told)))
    assert found == [key]
    assert seen == [(0, 8192), (4096, 8192)]
    assert list(blocks.search(clear, cryptogram, blocks.effective(key) ^ 1 << 40, 4)) == []
    with pytest.raises(PrimerError):
        next(blocks.search(clear, cryptogram, 0, 25))


@given(st.integers(0, (1 << 56) - 1))
def test_a_key_of_56_bits_has_odd_parity_and_comes_back(bits: int) -> None:
    key = blocks.key_of(bits)
    assert blocks.effective(key) == bits
    assert all(byte.bit_count() % 2 for byte in key)


def test_aes_is_that_of_the_standard_and_an_altered_text_is_refused() -> None:
    key, clear = bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")
    facts = blocks.aes_lesson(clear, key, bytes(12)).facts
    assert facts["block"] == "69c4e0d86a7b0430d8cdb78070b4c55a"  # FIPS 197, appendix C.1
    assert facts["opens"] is True
    assert facts["altered_opens"] is False
    assert 32 < int(str(facts["bits_changed"])) < 96


@pytest.mark.parametrize(("partners", "keys"), [(1, 0), (2, 1), (4, 6), (50, 1225)])
def test_the_number_of_keys(partners: int, keys: int) -> None:
    lesson = blocks.key_count(partners)
    assert lesson.facts["secret_keys"] == keys
    assert any("16" in note for note in lesson.notes) == (partners == 4)


def test_rsa_by_hand() -> None:
    facts = smallrsa.rsa_by_hand(65, 61, 53, 17).facts
    assert (facts["n"], facts["d"], facts["cryptogram"], facts["message"]) == (3233, 2753, 2790, 65)


@pytest.mark.parametrize(
    "numbers", [(65, 60, 53, 17), (65, 61, 61, 17), (65, 61, 53, 2), (3233, 61, 53, 17), (1, 2, 10**18, 3)]
)
def test_rsa_by_hand_refuses_numbers_that_make_no_key(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(PrimerError):
        smallrsa.rsa_by_hand(*numbers)


@given(st.integers(0, 3232))
def test_squaring_is_what_pow_does(message: int) -> None:
    assert smallrsa.powers(message, 2753, 3233)[0] == pow(message, 2753, 3233)


def test_the_certificate_of_alice_holds_and_md5_lets_another_take_its_place(
    pooled_source: KeySource,
) -> None:
    from hashlib import md5

    first, second = trust.COLLISION
    assert first != second
    assert {md5(one).hexdigest() for one in (first, second)} == {"79054025255fb1a26e4bc422aef54eb4"}
    key = pooled_source(2048)
    facts = trust.alice_certificate(key).facts
    assert facts["holds"] is True
    assert facts["forged_holds_with_md5"] is True
    assert facts["forged_holds_with_sha256"] is False
    assert not trust.holds(key.public_key(), bytes(256), b"", hashes.SHA256())


def test_the_table_of_the_law() -> None:
    facts = law().facts
    assert facts["utilisation"] == ["libre", "libre", "libre ou déclaration (1)", "autorisation"]
    assert facts["exportation"] == ["libre", "autorisation", "autorisation", "autorisation"]
