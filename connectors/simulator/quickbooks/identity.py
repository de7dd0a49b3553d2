"""Identity tokens: an RSA key of the stand-in's own, RS256 signatures, the public key for clients."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.simulator.store import Store

_KEY = "quickbooks:identity_key"
_KEY_ID = "simulator-1"


def _private_key(store: Store) -> rsa.RSAPrivateKey:
    pem = store.value(_KEY)
    if pem is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        store.set_value(_KEY, pem)
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the stored identity key is not an RSA key")
    return key


def public_jwk(store: Store) -> dict[str, str]:
    """The public key as a JSON web key."""
    numbers = _private_key(store).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": _KEY_ID,
        "n": _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": _encoded(numbers.e.to_bytes(3, "big")),
    }


def sign(store: Store, claims: dict[str, Any]) -> str:
    """A signed identity token."""
    head = _encoded(json.dumps({"kid": _KEY_ID, "alg": "RS256"}).encode())
    body = _encoded(json.dumps(claims).encode())
    signature = _private_key(store).sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
