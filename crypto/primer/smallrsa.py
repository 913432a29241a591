"""RSA by hand on small numbers: keys, enciphering, a signature, and the factors of a modulus that is too small."""

from math import gcd, isqrt
from typing import Final

from bifente.crypto.primer.lesson import Lesson, PrimerError, PrimerStep

LARGEST_PRIME: Final = 1_000_000


def is_prime(number: int) -> bool:
    """Whether no number divides it; for small ones."""
    return number > 1 and all(number % divisor for divisor in range(2, isqrt(number) + 1))


def euclid(e: int, phi: int) -> tuple[int, tuple[str, ...]]:
    """The inverse of *e* modulo *phi*, and the divisions that lead to it."""
    lines, a, b, x, y = [], phi, e, 0, 1
    while b:
        quotient = a // b
        lines.append(f"{a} = {quotient} × {b} + {a - quotient * b}")
        a, b, x, y = b, a - quotient * b, y, x - quotient * y
    return x % phi, tuple(lines)


def powers(base: int, exponent: int, modulus: int) -> tuple[int, tuple[str, ...]]:
    """*base* to the *exponent*, modulo *modulus*, by squaring, bit by bit."""
    value, lines = 1, []
    for bit in f"{exponent:b}":
        before = value
        value = value * value % modulus
        line = f"bit {bit}: {before}² = {value}"
        if bit == "1":
            line += f", × {base} = {value * base % modulus}"
            value = value * base % modulus
        lines.append(line)
    return value, tuple(lines)


def rsa_by_hand(message: int, p: int = 61, q: int = 53, e: int = 17) -> Lesson:
    """Keys of *p*, *q* and *e*; *message* enciphered, deciphered and signed. Raises PrimerError."""
    for name, prime in (("p", p), ("q", q)):
        if not 2 <= prime <= LARGEST_PRIME or not is_prime(prime):
            raise PrimerError(f"{name} = {prime} is not a prime number of at most {LARGEST_PRIME}")
    n, phi = p * q, (p - 1) * (q - 1)
    if p == q:
        raise PrimerError("p and q are the same: the modulus would be a square, whose root anybody takes")
    if not 1 < e < phi or gcd(e, phi) != 1:
        raise PrimerError(f"e = {e} must be between 1 and {phi} and share no divisor with it")
    if not 0 <= message < n:
        raise PrimerError(f"the message {message} must be a number from 0 to {n - 1}")
    d, divisions = euclid(e, phi)
    sent, there = powers(message, e, n)
    back, home = powers(sent, d, n)
    signed = pow(message, d, n)
    return Lesson(
        "RSA by hand",
        (
            PrimerStep(
                "Two primes make the modulus", (f"n = {p} × {q} = {n}", f"φ = {p - 1} × {q - 1} = {phi}")
            ),
            PrimerStep(
                f"The private exponent: d × {e} leaves 1 when divided by φ (Euclid)", (*divisions, f"d = {d}")
            ),
            PrimerStep("The keys", (f"public (n, e) = ({n}, {e})", f"private d = {d}")),
            PrimerStep(
                f"Enciphered by the public key: {message}^{e} mod {n}", (*there, f"cryptogram {sent}")
            ),
            PrimerStep(f"Deciphered by the private key: {sent}^{d} mod {n}", (*home, f"message {back}")),
            PrimerStep(
                "Signed by the private key, verified by the public one",
                (f"{message}^{d} = {signed}", f"{signed}^{e} = {pow(signed, e, n)}"),
            ),
            PrimerStep(
                "Whoever finds the factors of n has d: so short a modulus is no secret",
                (f"{n} = {min(p, q)} × {max(p, q)}",),
            ),
        ),
        {"n": n, "e": e, "d": d, "cryptogram": sent, "message": back, "signature": signed},
    )
