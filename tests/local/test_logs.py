"""What never reaches a log."""

from __future__ import annotations

import pytest

from portal.logs import HIDDEN, redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer AB11734567abcdefgh",
        "GET https://x/callback?code=aPrx1234567890&state=1",
        "token 00D5g000001abcDEAQ!AQ4AQJabc.def_ghi",
        "postgresql://app:hunter2secret@127.0.0.1/x",
        "refresh_token=AB1173zzzzzzzzzz&grant_type=refresh_token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefg",
    ],
)
def test_texts_lose_what_looks_like_a_token(text):
    hidden = redact(text)
    assert HIDDEN in hidden
    for secret in ("AB1173", "aPrx", "AQ4AQJ", "hunter2", "eyJzdWIi"):
        assert secret not in hidden


def test_fields_are_hidden_by_their_name_at_any_depth():
    assert redact({"outer": [{"refresh_token": "abc", "status": 200, "tokens_left": 5}]}) == {
        "outer": [{"refresh_token": HIDDEN, "status": 200, "tokens_left": 5}]
    }


def test_the_side_of_a_record_is_no_session_id():
    assert redact({"side": "qbo", "sid": "abc", "inside": "x"}) == {
        "side": "qbo",
        "sid": HIDDEN,
        "inside": "x",
    }


def test_ordinary_texts_stay_as_they_are():
    assert (
        redact("Invoice 1001 for Amy's Bird Sanctuary: 375.00")
        == "Invoice 1001 for Amy's Bird Sanctuary: 375.00"
    )
