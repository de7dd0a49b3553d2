"""The key that signs id tokens, and the checking of JWT bearer assertions."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from connectors.simulator.world import World

_KEY = "salesforce:signing_key"


class BadAssertion(Exception):
    """An assertion that is no JWT, or whose signature does not fit."""


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _private_key(world: World) -> rsa.RSAPrivateKey:
    saved = world.store.value(_KEY)
    if saved is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        saved = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        world.store.set_value(_KEY, saved)
    key = serialization.load_pem_private_key(saved.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the stored signing key is not an RSA key")
    return key


def signed(world: World, claims: dict[str, Any]) -> str:
    """A JWT with these claims, RS256."""
    head = encoded(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "1"}).encode())
    body = encoded(json.dumps(claims).encode())
    signature = _private_key(world).sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{encoded(signature)}"


def public_keys(world: World) -> dict[str, Any]:
    """The body of `/id/keys`."""
    numbers = _private_key(world).public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    exponent = numbers.e.to_bytes(3, "big")
    return {
        "keys": [
            {
                "kid": "1",
                "kty": "RSA",
                "alg": "RS256",
                "use": "sig",
                "n": encoded(modulus),
                "e": encoded(exponent),
            }
        ]
    }


def claims_of(assertion: str) -> dict[str, Any]:
    """The claims of an assertion, not checked yet. Raises BadAssertion."""
    try:
        claims = json.loads(decoded(assertion.split(".")[1]))
    except (ValueError, IndexError) as error:
        raise BadAssertion("not a JWT") from error
    if not isinstance(claims, dict):
        raise BadAssertion("claims are not an object")
    return claims


def check_signature(assertion: str, certificate: str) -> None:
    """Raises BadAssertion unless the assertion was signed with the certificate's key (RS256)."""
    head, _, rest = assertion.partition(".")
    body, _, signature = rest.partition(".")
    try:
        pem = certificate.encode()
        key = (
            x509.load_pem_x509_certificate(pem).public_key()
            if b"BEGIN CERTIFICATE" in pem
            else serialization.load_pem_public_key(pem)
        )
        if not isinstance(key, rsa.RSAPublicKey):
            raise BadAssertion("not an RSA key")
        key.verify(decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature) as error:
        raise BadAssertion("signature does not fit") from error
