"""The signed payloads of the recognition, byte by byte."""

from hashlib import sha256

import pytest

from bifente.layouts.recognition import (
    Step,
    cps_token,
    sheet_digest,
    sheet_payload,
    sheet_payload_1,
    vitale_token,
)

CHA_C, CHA_V = b"\xf0\x01\x80\x00\x0a\x00\x01", b"\xf0\x02\x81\xff\xff\xff\x01"
CHR_C, CHR_V = b"\0\0" + b"C" * 10, b"\0\0" + b"V" * 10
RC, RV = b"c" * 16, b"v" * 16
D_C, D_V = b"d" * 32, b"D" * 32


def test_tokens():
    assert cps_token(CHA_C, CHR_C, RC, CHR_V, RV, D_C) == (
        b"bifente-C2C/2\x01" + CHA_C + CHR_C + RC + CHR_V + RV + D_C
    )
    assert vitale_token(CHA_V, CHR_V, RV, CHR_C, RC, D_V) == (
        b"bifente-C2C/2\x02" + CHA_V + CHR_V + RV + CHR_C + RC + D_V
    )


def test_sheet():
    payload = b"bifente-FSE/2" + b"h" * 32 + CHR_V + RV + CHR_C + RC + D_V + D_C
    assert sheet_payload(b"h" * 32, CHR_V, RV, CHR_C, RC, D_V, D_C) == payload
    assert sheet_digest(b"h" * 32, CHR_V, RV, CHR_C, RC, D_V, D_C) == sha256(payload).digest()


def test_a_sheet_of_version_1_is_another_message():
    payload = b"bifente-FSE/1" + b"h" * 32 + CHR_V + RV + CHR_C + RC
    assert sheet_payload_1(b"h" * 32, CHR_V, RV, CHR_C, RC) == payload


def test_no_payload_is_a_prefix_or_a_reflection_of_another():
    cps = cps_token(CHA_C, CHR_C, RC, CHR_V, RV, D_C)
    mirrored = vitale_token(CHA_C, CHR_C, RC, CHR_V, RV, D_C)
    assert cps != mirrored
    assert not cps.startswith(sheet_payload(b"h" * 32, CHR_V, RV, CHR_C, RC, D_V, D_C)[:13])


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_lengths_are_refused(position, change):
    for build, fields in (
        (cps_token, [CHA_C, CHR_C, RC, CHR_V, RV, D_C]),
        (vitale_token, [CHA_V, CHR_V, RV, CHR_C, RC, D_V]),
        (sheet_payload, [b"h" * 32, CHR_V, RV, CHR_C, RC, D_V, D_C]),
    ):
        value = fields[position]
        fields[position] = value[:-1] if change < 0 else value + b"x"
        with pytest.raises(ValueError, match="bytes"):
            build(*fields)


def test_steps_count_from_0_to_6():
    assert [step.value for step in Step] == list(range(7))
