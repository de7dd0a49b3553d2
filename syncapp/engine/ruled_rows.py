"""Rows that a mapping's rules make: of documents number, due date, terms, class, location, e-mail (product.md 5.5);
of a customer its primary contact (5.3); of inventory items what QuickBooks wants to begin with (5.4).

People choose rules on the mapping (`options["rules"]`); its draft has the rows that they come to, and publishing
freezes these like any other. A row of the mapping's own for the same QuickBooks field takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.contracts import Side
from syncapp.engine.lines import CHILD
from syncapp.engine.mapping import (
    Direction,
    FieldSpec,
    Initial,
    MappingSpec,
    OnConflict,
    ValueType,
    WriteMode,
)

PREFIX = "rule_"
"""Keys of ruled rows begin so: they are made anew from the rules, never stored as rows of the draft."""
NUMBER_LENGTH = 21
"""quickbooks.md 3.16."""
DUE = frozenset({"Invoice"})
"""What can be due at all (quickbooks.md 3.6 to 3.11)."""
TERMS = frozenset({"Invoice", "CreditMemo"})
MAILED = frozenset({"Invoice", "Estimate", "SalesReceipt", "CreditMemo"})
HEADER, LINE = "header", "line"
HOME, FIXED = "home", "fixed"
"""Which currency every document is made in (`mapping.one_currency`)."""


def with_ruled_rows(spec: MappingSpec) -> MappingSpec:
    """The mapping with the rows that its rules make; as it is where it has none."""
    rules: Mapping[str, Any] = spec.options.get("rules") or {}
    if not rules:
        return spec
    spec = _with_contacts(spec, rules)
    written = {(row.part, row.qbo_path) for row in spec.fields if row.direction.allows(Side.QUICKBOOKS)}
    made = [row for row in _rows(spec, rules) if (row.part, row.qbo_path) not in written]
    return replace(spec, fields=(*spec.fields, *made)) if made else spec


def with_home_currency(spec: MappingSpec, code: str) -> MappingSpec:
    """The mapping with the company's home currency named where its rule says that all documents are in it."""
    rules = {**(spec.options.get("rules") or {}), "currency_code": code}
    return replace(spec, options={**spec.options, "rules": rules})


def own_options(spec: MappingSpec) -> dict[str, Any]:
    """The options that people chose, without what the rules add to them."""
    options = dict(spec.options)
    children = dict(options.pop("children", None) or {})
    if (options.get("rules") or {}).get("contact"):
        children.pop(CONTACTS, None)
    if (rules := options.get("rules") or {}).get("currency") == HOME:
        options["rules"] = {name: value for name, value in rules.items() if name != "currency_code"}
    return {**options, **({"children": children} if children else {})}


def is_ruled(row: FieldSpec) -> bool:
    """Whether a rule made this row."""
    return row.key.startswith(PREFIX)


def _rows(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    if spec.qbo_entity == "Customer":
        yield from _contact(rules)
        return
    if spec.qbo_entity == "Item":
        yield from _activity(spec, rules)
        yield from _stock(spec, rules)
        return
    yield from _number(rules)
    if spec.qbo_entity in DUE:
        yield from _due(spec, rules)
    if spec.qbo_entity in TERMS:
        yield from _terms(rules)
    yield from _class(spec, rules)
    yield from _location(rules)
    yield from _addresses(spec, rules)
    if spec.qbo_entity in MAILED:
        yield from _email(spec, rules)


def _row(name: str, label: str, qbo_path: str, **more: Any) -> FieldSpec:
    """One row to QuickBooks; what somebody changes there stays and is told."""
    given: dict[str, Any] = {
        "direction": Direction.TO_QBO,
        "on_conflict": OnConflict.SF,
        "initial": Initial.QBO,
        "sf_path": "",
        **more,
    }
    return FieldSpec(key=f"{PREFIX}{name}", label=label, qbo_path=qbo_path, **given)


def _activity(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """Active and inactive (product.md 5.4), as one unit with the name: QuickBooks changes the name of what is inactive
    (quickbooks.md 3.1.5)."""
    name = next((row for row in spec.fields if row.qbo_path == "Name" and row.sf_path and not row.part), None)
    if rules.get("active") != "yes" or name is None:
        return
    yield replace(
        name,
        key=f"{PREFIX}active",
        label="Active",
        sf_path="IsActive",
        qbo_path="Active",
        type=ValueType.BOOL,
        transform="",
        formula="",
        required=False,
        default=None,
        sf_length=None,
        qbo_length=None,
        group=name.unit,
    )


def _stock(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """What a new inventory item begins with (quickbooks.md 3.5). Quantities are QuickBooks' own from then on."""
    kinds = [row for row in spec.fields if row.qbo_path == "Type"]
    if rules.get("inventory") != "yes" or not kinds:
        return
    kind, quantity = kinds[0], str(rules.get("quantity_field") or "")
    said = (
        f"BLANKVALUE({{{kind.sf_path}}}, {_quoted(kind.default or '')})"
        if kind.sf_path
        else _quoted(kind.constant)
    )
    count = f"BLANKVALUE({{{quantity}}}, 0)" if quantity else "0"
    began = f"BLANKVALUE({{{rules['start_field']}}}, TODAY())" if rules.get("start_field") else "TODAY()"
    accounts = {name: _quoted(rules.get(name) or usual) for name, usual in STOCK_ACCOUNTS.items()}
    listed: dict[str, Any] = {"type": ValueType.REFERENCE, "lookup": "Account"}
    number: dict[str, Any] = {"type": ValueType.DECIMAL, "places": 5}
    for name, label, path, value, more in (
        ("tracked", "Quantity is tracked", "TrackQtyOnHand", "TRUE", {"type": ValueType.BOOL}),
        ("quantity", "Quantity on hand", "QtyOnHand", count, number),
        ("start", "As of", "InvStartDate", began, {"type": ValueType.DATE}),
        ("asset", "Inventory asset account", "AssetAccountRef", accounts["asset_account"], listed),
        ("cost", "Cost account", "ExpenseAccountRef", accounts["cost_account"], listed),
    ):
        text = f'IF({said} = "Inventory", {value}, NULL)'
        yield _row(name, label, path, formula=text, write=WriteMode.ON_CREATE, **more)


STOCK_ACCOUNTS = {"asset_account": "Inventory Asset", "cost_account": "Cost of Goods Sold"}
"""The usual names of the two accounts, which a company may call otherwise."""


def _quoted(text: Any) -> str:
    """A text as formulas write it."""
    said = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{said}"'


CONTACT: tuple[tuple[str, str, str, str, int], ...] = (
    ("salutation", "Contact: salutation", "Salutation", "Title", 16),
    ("first_name", "Contact: first name", "FirstName", "GivenName", 100),
    ("last_name", "Contact: last name", "LastName", "FamilyName", 100),
    ("mobile", "Contact: mobile phone", "MobilePhone", "Mobile.FreeFormNumber", 30),
    ("contact_email", "Contact: e-mail", "Email", "PrimaryEmailAddr.Address", 100),
)
"""What a customer shows of its primary contact: QuickBooks has no contacts of its own (quickbooks.md 3.3)."""
CONTACT_TYPES = {"mobile": ValueType.PHONE, "contact_email": ValueType.EMAIL}
CONTACTS = "Contacts"
MARKED, LOOKUP = "field", "account"


def _contact(rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """The contact that a checkbox marks, or that the account names; it contributes and is never written."""
    path = {MARKED: f"{CONTACTS}{CHILD}", LOOKUP: f"{_relation(rules)}."}.get(str(rules.get("contact")))
    for name, label, field, qbo_path, length in CONTACT if path else ():
        kind = CONTACT_TYPES.get(name, ValueType.TEXT)
        yield _row(name, label, qbo_path, sf_path=f"{path}{field}", qbo_length=length, type=kind)


def _relation(rules: Mapping[str, Any]) -> str:
    """The relationship of the field that names a contact: `QBO_Contact__c` gives `QBO_Contact__r`."""
    field = str(rules.get("contact_lookup") or "QBO_Contact__c")
    return f"{field.removesuffix('__c')}__r" if field.endswith("__c") else field.removesuffix("Id")


def _with_contacts(spec: MappingSpec, rules: Mapping[str, Any]) -> MappingSpec:
    """A change of a contact is news of its account."""
    if spec.qbo_entity != "Customer" or rules.get("contact") not in (MARKED, LOOKUP):
        return spec
    mark = {"path": str(rules.get("contact_mark") or "QBO_Primary__c"), "operator": "eq", "value": True}
    contacts = {
        "sf_object": "Contact",
        "parent_field": "AccountId",
        "filter": [mark] if rules.get("contact") == MARKED else [],
    }
    children = {**(spec.options.get("children") or {}), CONTACTS: contacts}
    return replace(spec, options={**spec.options, "children": children})


BILL_EMAIL = "BillEmail.Address"


def _number(rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """A number of Salesforce's, with a prefix: sent once, and kept when the field changes."""
    field, prefix = str(rules.get("number_field") or ""), str(rules.get("number_prefix") or "")
    if rules.get("number") != "salesforce" or not field:
        return
    more: dict[str, Any] = {"write": WriteMode.ON_CREATE, "qbo_length": NUMBER_LENGTH}
    if prefix:
        text = f"IF(ISBLANK({{{field}}}), NULL, {_quoted(prefix)} & {{{field}}})"
        yield _row("number", "Document number", "DocNumber", formula=text, **more)
    else:
        yield _row("number", "Document number", "DocNumber", sf_path=field, **more)


def _due(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """Days after the document's date, the end of its month or a later one, or a field."""
    how, date = rules.get("due"), _date_of(spec)
    more: dict[str, Any] = {"type": ValueType.DATE}
    if how == "field" and rules.get("due_field"):
        yield _row("due", "Due date", "DueDate", sf_path=str(rules["due_field"]), **more)
    elif how == "days" and date:
        text = f"IF(ISBLANK({date}), NULL, {date} + {int(rules.get('due_days') or 0)})"
        yield _row("due", "Due date", "DueDate", formula=text, **more)
    elif how == "end_of_month" and date:
        months = 1 + int(rules.get("due_months") or 0)
        text = f"IF(ISBLANK({date}), NULL, ADDMONTHS(DATE(YEAR({date}), MONTH({date}), 1), {months}) - 1)"
        yield _row("due", "Due date", "DueDate", formula=text, **more)


def _date_of(spec: MappingSpec) -> str:
    """The field that the document's date comes from, as formulas name it."""
    paths = [row.sf_path for row in spec.fields if row.qbo_path == "TxnDate" and row.sf_path]
    return f"{{{paths[0]}}}" if paths and CHILD not in paths[0] else ""


def _terms(rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    if rules.get("due") == "terms":
        yield from _listed("terms", "Terms", "SalesTermRef", "Term", rules)


def _class(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    lines = next((row.key for row in spec.fields if row.type is ValueType.LINES), "")
    if rules.get("class_on") == LINE and lines:
        yield from _listed("class", "Class", "SalesItemLineDetail.ClassRef", "Class", rules, part=lines)
    elif rules.get("class_on") == HEADER:
        yield from _listed("class", "Class", "ClassRef", "Class", rules)


def _location(rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    yield from _listed("location", "Location", "DepartmentRef", "Department", rules)


def _listed(
    name: str, label: str, qbo_path: str, lookup: str, rules: Mapping[str, Any], part: str = ""
) -> Iterator[FieldSpec]:
    """A row that looks up a name in a QuickBooks list: what a field holds, else the fixed name."""
    field, fixed = str(rules.get(f"{name}_field") or ""), str(rules.get(f"{name}_name") or "")
    more: dict[str, Any] = {"type": ValueType.REFERENCE, "lookup": lookup, "part": part}
    if field:
        yield _row(name, label, qbo_path, sf_path=field, default=fixed or None, **more)
    elif fixed:
        yield _row(name, label, qbo_path, constant=fixed, **more)


ADDRESSES = (("Billing", "BillAddr"), ("Shipping", "ShipAddr"))
ADDRESS_PARTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("street", "Street", "Line1", {"transform": "street_lines", "qbo_length": 500}),
    ("city", "City", "City", {"qbo_length": 255}),
    ("state", "State", "CountrySubDivisionCode", {"type": ValueType.STATE, "qbo_length": 255}),
    ("postal_code", "PostalCode", "PostalCode", {"qbo_length": 30}),
    ("country", "Country", "Country", {"type": ValueType.COUNTRY, "qbo_length": 255}),
)
"""The parts of a postal address on both sides, as those of a customer (product.md 5.1)."""


def _addresses(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """Addresses of the document: of its account, or of the record itself (orders and quotes have their own). Without a
    rule QuickBooks takes the customer's."""
    whose = {"account": _account_of(spec), "record": ""}.get(str(rules.get("addresses") or ""))
    for kind, member in ADDRESSES if whose is not None else ():
        for part, field, inside, more in ADDRESS_PARTS:
            yield _row(
                f"{kind.lower()}_{part}",
                f"{kind} {part.replace('_', ' ')}",
                f"{member}.{inside}",
                sf_path=f"{whose}{kind}{field}",
                group=f"{kind.lower()}_address",
                **more,
            )


def _account_of(spec: MappingSpec) -> str | None:
    """The relationship to the account that the document is for: `AccountId` gives `Account.`; None without one."""
    path = next((row.sf_path for row in spec.header if row.qbo_path == "CustomerRef"), "")
    if path.endswith("__c"):
        return f"{path.removesuffix('__c')}__r."
    return f"{path.removesuffix('Id')}." if path.endswith("Id") and path != "Id" else None


EMAIL, PDF = "email", "pdf"
"""What is done once for a document that was made (`services.follow_ups`)."""
EMAIL_STATUS, TO_SEND = "EmailStatus", "NeedToSend"


def afterwards(spec: MappingSpec, body: Mapping[str, Any]) -> tuple[str, ...]:
    """What the mapping's rules ask for once this document was made, by the server's own answer: to e-mail what stands
    on its list of documents to be sent, to attach the PDF in Salesforce."""
    rules: Mapping[str, Any] = spec.options.get("rules") or {}
    if spec.qbo_entity not in MAILED:
        return ()
    sends = rules.get("email_how") == "send" and body.get("EmailStatus") == TO_SEND
    return tuple(kind for kind, asked in ((EMAIL, sends), (PDF, rules.get("pdf") == "yes")) if asked)


def _email(spec: MappingSpec, rules: Mapping[str, Any]) -> Iterator[FieldSpec]:
    """On QuickBooks' list of documents to be sent; one without an address is left off it (`documents.reachable`)."""
    how, field = rules.get("email"), str(rules.get("email_field") or "")
    mailed = any(row.qbo_path == BILL_EMAIL and (row.sf_path or row.formula) for row in spec.fields)
    if how not in ("yes", "field") or not mailed or (how == "field" and not field):
        return
    asked: dict[str, Any] = {"formula": f'IF({{{field}}}, "{TO_SEND}", NULL)'} if how == "field" else {}
    yield _row(
        "email",
        "E-mail the document",
        EMAIL_STATUS,
        type=ValueType.CHOICE,
        write=WriteMode.ON_CREATE,
        **(asked or {"constant": TO_SEND}),
    )
