from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from connectors import jsonwire

NUMBERS = some.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | NUMBERS | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


def test_the_same_value_gives_the_same_bytes_whatever_its_order() -> None:
    one = {"b": [1, Decimal("10.10"), True, None], "a": {"ü": '"x"\n'}}
    other = {"a": {"ü": '"x"\n'}, "b": [1, Decimal("10.10"), True, None]}
    assert (
        jsonwire.encode(one)
        == jsonwire.encode(other)
        == b'{"a":{"\\u00fc":"\\"x\\"\\n"},"b":[1,10.10,true,null]}'
    )


@pytest.mark.parametrize("text", ["0.1", "10.10", "123456789012345678.90", "0.0000001", "-5.00", "7"])
def test_a_number_keeps_its_digits_through_a_stored_intent(text: str) -> None:
    stored = jsonwire.encode({"n": Decimal(text)})
    assert stored == f'{{"n":{text}}}'.encode()
    assert jsonwire.encode(jsonwire.decode(stored)) == stored


def test_large_exponents_are_written_out() -> None:
    assert jsonwire.encode(Decimal("1E+3")) == b"1000"


@pytest.mark.parametrize("value", [0.1, {"x": [1.5]}, Decimal("NaN"), object()])
def test_what_has_no_one_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        jsonwire.encode(value)


def test_whole_numbers_come_in_as_int_and_others_as_decimal() -> None:
    assert jsonwire.decode(b'{"a":1,"b":1.10}') == {"a": 1, "b": Decimal("1.10")}
    assert isinstance(jsonwire.decode(b"1.0"), Decimal)


def test_empty_containers_are_written() -> None:
    assert jsonwire.encode({"a": [], "b": {}, "c": [[], {}]}) == b'{"a":[],"b":{},"c":[[],{}]}'


@given(VALUES)
def test_any_stored_value_is_sent_again_byte_for_byte(value: object) -> None:
    stored = jsonwire.encode(value)
    assert jsonwire.encode(jsonwire.decode(stored)) == stored
