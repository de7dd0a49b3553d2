"""How a row's value looks on the side it is written to: its default, transforms, and the spelling that side keeps.

Rendering is part of the decision, so that a preview shows exactly what will be written and two sides count as agreed
when writing one over would leave the other as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.contracts import Side
from syncapp.engine.computed import Failed, mapper
from syncapp.engine.countries import find_country, state_code
from syncapp.engine.mapping import FieldSpec, ValueMap, ValueType
from syncapp.engine.records import normaliser
from syncapp.engine.transforms import Transform

Renderer = Callable[[Any], Any]


def renderer(
    row: FieldSpec, transforms: tuple[Transform, ...], target: Side, value_map: ValueMap | None = None
) -> Renderer | None:
    """The function from a canonical value to the canonical value `target` shall hold; None where it stays as it is.

    References are not rendered here: they are translated through links (section 2.1).
    """
    steps: list[Callable[[Any], Any]] = [] if value_map is None else [mapper(value_map, target)]
    steps += [*_transform_steps(row, transforms, target), *_spelling_steps(row, target)]
    default = normaliser(row.type, row.places)(row.default)
    if not steps and default is None:
        return None
    read = normaliser(row.type, row.places)

    def render(value: Any) -> Any:
        if value is None:
            return default
        if not isinstance(value, str):
            return value
        for step in steps:
            if value is None or isinstance(value, Failed):
                return value
            value = step(value)
        return value if isinstance(value, Failed) else read(value)

    return render


def _transform_steps(
    row: FieldSpec, transforms: tuple[Transform, ...], target: Side
) -> list[Callable[[str], str]]:
    steps: list[Callable[[str], str]] = []
    for transform in transforms:
        shaper = transform.to_sf if target is Side.SALESFORCE else transform.to_qbo
        if shaper is not None:
            steps.append(lambda text, shaper=shaper: shaper(text, row))  # type: ignore[misc]
    return steps


def _spelling_steps(row: FieldSpec, target: Side) -> list[Callable[[str], str]]:
    as_code = target is Side.QUICKBOOKS or row.sf_path.endswith("Code")
    if row.type is ValueType.COUNTRY:
        return [_alpha3 if target is Side.QUICKBOOKS else _alpha2 if as_code else _country_name]
    if row.type is ValueType.STATE:
        return [state_code] if as_code else []
    if row.type is ValueType.URL and target is Side.QUICKBOOKS:
        return [_with_scheme]
    return []


def _alpha3(text: str) -> str:
    country = find_country(text)
    return country.alpha3 if country else text


def _alpha2(text: str) -> str:
    country = find_country(text)
    return country.alpha2 if country else text


def _country_name(text: str) -> str:
    country = find_country(text)
    return country.name if country else text


def _with_scheme(text: str) -> str:
    # QuickBooks refuses an address without http:// or https:// (fault 2200, quickbooks.md 3.2).
    return text if text.casefold().startswith(("http://", "https://")) else f"https://{text}"
