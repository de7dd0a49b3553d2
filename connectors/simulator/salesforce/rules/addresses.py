"""State and country picklists: text and code of an address go together and must be known (reference 8.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.objects.places import COUNTRIES, STATES

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def check_places(records: Records, change: Change) -> None:
    """Fills in the code of a text and the text of a code. Raises Refused for a place that is not in the picklist."""
    if not records.org.flavour.state_picklists:
        return
    for known in change.entity.object.fields:
        if known.type == "address":
            _check(change, known.name.removesuffix("Address"))


def _check(change: Change, prefix: str) -> None:
    country, state = f"{prefix}Country", f"{prefix}State"
    names = {country, state, f"{country}Code", f"{state}Code"}
    if not names & change.sent:
        return
    _settle(change, country, COUNTRIES, "country", "countries")
    code = str(change.value(f"{country}Code") or "")
    if not code and (change.new.get(state) or change.new.get(f"{state}Code")):
        label = change.entity.fields[state.lower()].label
        message = f"A country/territory must be specified before specifying a state value for field: {label}"
        raise Refused("FIELD_INTEGRITY_EXCEPTION", message, (state,))
    _settle(change, state, STATES.get(code, {}), "state", "states")


def _settle(change: Change, name: str, known: dict[str, str], kind: str, kinds: str) -> None:
    """Bring text and code into line; the code counts where both were sent."""
    code_name = f"{name}Code"
    if code_name in change.sent:
        code = change.new[code_name]
    elif name in change.sent:
        text = change.new[name]
        code = text and next((one for one, label in known.items() if label.lower() == str(text).lower()), "")
    else:
        return
    if code is not None and code not in known:
        field = change.entity.fields[name.lower()]
        message = (
            f"There's a problem with this {kind}, even though it may appear correct. Please select a {kind} from the"
            f" list of valid {kinds}.: {field.label}"
        )
        raise Refused("FIELD_INTEGRITY_EXCEPTION", message, (name,))
    change.set(code_name, code)
    change.set(name, known[str(code)] if code is not None else None)
