"""What tests of the PC/SC service have in common."""

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"
