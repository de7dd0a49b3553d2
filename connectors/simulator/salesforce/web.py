"""Pages for people: lists with search, records to view, edit, make and delete, at Lightning-like addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from connectors.simulator import pages
from connectors.simulator.wire import Request, Response

from . import ids
from .changes import BY_HAND, Actor, Row
from .errors import Refused
from .objects.fields import Field
from .times import from_wire
from .values import on_wire

if TYPE_CHECKING:
    from .catalog import Entity
    from .orgs import Org
    from .records import Records
    from .standin import Salesforce

PAGE = 50
_SHOWN = ("Account", "Contact", "Opportunity", "OpportunityLineItem", "Product2", "Pricebook2", "PricebookEntry",
          "Quote", "QuoteLineItem", "Order", "OrderItem", "Campaign", "Lead", "Case", "Task", "Event",
          "Contract", "User")  # fmt: skip
_COLUMNS = {
    "Account": ("Phone", "BillingCity", "Type", "LastModifiedDate"),
    "Contact": ("AccountId", "Email", "Phone", "LastModifiedDate"),
    "Opportunity": ("AccountId", "StageName", "Amount", "CloseDate"),
    "OpportunityLineItem": ("OpportunityId", "Quantity", "UnitPrice", "TotalPrice"),
    "Product2": ("ProductCode", "IsActive", "LastModifiedDate"),
    "PricebookEntry": ("Pricebook2Id", "UnitPrice", "IsActive"),
    "User": ("Username", "IsActive"),
}
#: Fields that no person fills in by hand.
#: Fields (lower case) that lists of related records show.
_TOLD_OF_RELATED = (
    "description__c",
    "quantity__c",
    "unit_price__c",
    "amount__c",
    "total__c",
    "balance__c",
    "status__c",
    "stagename",
    "quantity",
    "unitprice",
    "totalprice",
    "amount",
    "closedate",
    "email",
    "phone",
)
_HARDLY_TYPED = ("Latitude", "Longitude", "GeocodeAccuracy", "Jigsaw", "CleanStatus", "RecordTypeId", "IndividualId",
                 "EmailBouncedReason", "EmailBouncedDate", "DandbCompanyId", "OperatingHoursId")  # fmt: skip
#: Switches of users and orgs that nobody turns in a demo: shown only when they are on.
_SWITCHES = (
    "UserPreferences",
    "UserPermissions",
    "EmailPreferences",
    "Preferences",
    "IsPartner",
    "IsCustomerPortal",
)
_KINDS = {"boolean": "checkbox", "email": "email", "date": "date", "textarea": "textarea"}


def _shown(org: Org) -> list[Entity]:
    """The objects that the pages list: the usual ones, then the org's own."""
    usual = [org.catalog.find(name) for name in _SHOWN]
    own = [one for one in org.catalog.entities.values() if one.object.custom and not one.is_event]
    return [one for one in usual if one is not None] + own


def pages_of(standin: Salesforce) -> Pages:
    return Pages(standin)


@dataclass(frozen=True, slots=True)
class View:
    """One visit: which org, which object, who acts."""

    org: Org
    entity: Entity
    records: Records

    def actor(self) -> Actor:
        return Actor(str(self.org.facts["clerk_id"]), allow_duplicates=True, request_id=BY_HAND)


class Pages:
    """The pages of the stand-in. The org is in `?org=`; a record's id tells its org by itself."""

    def __init__(self, standin: Salesforce) -> None:
        self.standin = standin

    def add_routes(self) -> None:
        add = self.standin.router.add
        add("GET", "/lightning", self.home)
        add("GET", "/lightning/style.css", lambda _: pages.stylesheet())
        add("GET", "/lightning/o/{object}/list", self.listing)
        add("GET", "/lightning/o/{object}/bin", self.bin)
        add("GET POST", "/lightning/o/{object}/new", self.new)
        add("GET", "/lightning/r/{object}/{id}/view", self.view)
        add("GET POST", "/lightning/r/{object}/{id}/edit", self.edit)
        add("POST", "/lightning/r/{object}/{id}/delete", self.delete)
        add("POST", "/lightning/r/{object}/{id}/undelete", self.undelete)
        add("GET", "/{id}", self.short)

    # -- finding --------------------------------------------------------------------------------------------

    def _org(self, request: Request) -> Org:
        return self.standin.orgs.find(request.query.get("org", "")) or self.standin.orgs.default

    def _visit(self, request: Request) -> View | None:
        record_id = ids.to_18(request.params.get("id", ""))
        entity_name = request.params["object"]
        for org in self.standin.orgs if record_id else [self._org(request)]:
            entity = org.catalog.find(entity_name)
            if entity is None or entity.object.tooling:
                continue
            records = self.standin.engine.records_of(org)
            if record_id is None or records.row(entity, record_id) is not None:
                return View(org, entity, records)
        return None

    def short(self, request: Request) -> Response:
        """`/001...`: the record's page, as links in mails have it."""
        record_id = ids.to_18(request.params["id"])
        entity = self.standin.orgs.default.catalog.of_id(record_id) if record_id else None
        if record_id is None or entity is None:
            return self.standin.not_found(request)
        return Response.redirect(f"/lightning/r/{entity.name}/{record_id}/view")

    # -- lists ----------------------------------------------------------------------------------------------

    def home(self, request: Request) -> Response:
        org = self._org(request)
        return Response.redirect(f"/lightning/o/Account/list?org={org.number}")

    def listing(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None:
            return self._missing(request)
        words, start = request.query.get("q", "").strip(), _whole(request.query.get("from", "0"))
        where, parameters = _search(visit.entity, words)
        name = visit.entity.name_field
        order = f'"{name.name}", "Id"' if name is not None else '"Id"'
        rows = visit.records.rows(
            visit.entity.name, f"{where} ORDER BY {order} LIMIT {PAGE + 1} OFFSET ?", *parameters, start
        )
        shown = _COLUMNS.get(visit.entity.name, ())
        columns = [visit.entity.fields[one.lower()] for one in shown if one.lower() in visit.entity.fields]
        table = pages.table(
            [name.label if name else "Id", *(_label(column) for column in columns)],
            [self._line(visit, row, columns) for row in rows[:PAGE]],
            "No records match." if words else "No records yet.",
        )
        here = f"/lightning/o/{visit.entity.name}/list"
        org_field = pages.field("", "org", str(visit.org.number), kind="hidden")
        find = pages.search(here, words).replace("<label", f"{org_field}<label", 1)
        new = pages.link("New", f"/lightning/o/{visit.entity.name}/new?org={visit.org.number}", "button")
        deleted = pages.link("Recycle bin", f"/lightning/o/{visit.entity.name}/bin?org={visit.org.number}")
        body = f'{find}<div class="actions">{new if visit.entity.object.createable else ""} {deleted}</div>{table}'
        body += _pager(here, visit.org, words, start, len(rows) > PAGE)
        return self._page(visit.org, visit.entity.object.plural, body, visit.entity.object.plural)

    def _line(self, visit: View, row: Row, columns: list[Field]) -> list[str]:
        address = f"/lightning/r/{visit.entity.name}/{row['Id']}/view"
        return [
            pages.link(_name(visit.entity, row), address),
            *(self._value(visit, row, column) for column in columns),
        ]

    def bin(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None or not visit.entity.bins:
            return self._missing(request)
        rows = visit.records.rows(
            visit.entity.name, f'"IsDeleted" = 1 ORDER BY "SystemModstamp" DESC LIMIT {PAGE}'
        )
        lines = []
        for row in rows:
            action = f"/lightning/r/{visit.entity.name}/{row['Id']}/undelete"
            merged = row.get("MasterRecordId")
            restore = "merged" if merged else _button(action, "Restore")
            lines.append([pages.text(_name(visit.entity, row)), pages.text(row["SystemModstamp"]), restore])
        table = pages.table(["Name", "Deleted", ""], lines, "The recycle bin is empty.")
        return self._page(
            visit.org, f"Recycle bin: {visit.entity.object.plural}", table, visit.entity.object.plural
        )

    # -- one record -----------------------------------------------------------------------------------------

    def view(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None:
            return self._missing(request)
        entity, row = visit.entity, visit.records.row(visit.entity, ids.to_18(request.params["id"]) or "")
        if row is None:
            return self._missing(request)
        base = f"/lightning/r/{entity.name}/{row['Id']}"
        facts = [
            (_label(known), self._value(visit, row, known))
            for known in entity.object.fields
            if known.stored and row.get(known.name) not in (None, "") and known.name != "IsDeleted"
            if row[known.name] or not _is_switch(known)
        ]
        actions = ""
        if row.get("IsDeleted"):
            actions = pages.notice("This record is in the recycle bin.", "bad")
        else:
            edit = pages.link("Edit", f"{base}/edit", "button") if entity.object.updateable else ""
            delete = _button(f"{base}/delete", "Delete") if entity.object.deletable else ""
            actions = f'<div class="actions">{edit}{delete}</div>'
        body = actions + pages.facts(facts) + self._related(visit, row)
        return self._page(visit.org, _name(entity, row), body, entity.object.plural)

    def _related(self, visit: View, row: Row) -> str:
        lists = []
        for relation in visit.entity.children.values():
            child = visit.org.catalog.get(relation.entity)
            if child not in _shown(visit.org):
                continue
            alive = ' AND "IsDeleted" = 0' if child.bins else ""
            rows = visit.records.rows(child.name, f'"{relation.field.name}" = ?{alive} LIMIT 20', row["Id"])
            if rows:
                lists.append(
                    f"<h2>{pages.text(child.object.plural)}</h2>{self._related_table(visit, child, rows)}"
                )
        return "".join(lists)

    def _related_table(self, visit: View, child: Entity, rows: list[Row]) -> str:
        """Their names and, where they have them, what a line or a deal is about."""
        shown = [child.fields[name] for name in _TOLD_OF_RELATED if name in child.fields]
        cells = [
            [
                pages.link(_name(child, one), _address(child, one)),
                *(self._value(visit, one, known) for known in shown),
            ]
            for one in rows
        ]
        return pages.table(["Name", *(_label(known) for known in shown)], cells)

    def new(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None or not visit.entity.object.createable:
            return self._missing(request)
        if request.method == "GET":
            return self._form(request, visit, {}, "")
        form = request.form()
        try:
            record_id = visit.records.create(visit.entity, _sent(visit.entity, form, {}, True), visit.actor())
        except Refused as error:
            return self._form(request, visit, form, error.message)
        return Response.redirect(f"/lightning/r/{visit.entity.name}/{record_id}/view", 303)

    def edit(self, request: Request) -> Response:
        visit = self._visit(request)
        row = visit.records.row(visit.entity, ids.to_18(request.params["id"]) or "") if visit else None
        if visit is None or row is None or row.get("IsDeleted") or not visit.entity.object.updateable:
            return self._missing(request)
        shown = {name: on_wire(visit.entity.fields[name.lower()], value) for name, value in row.items()}
        if request.method == "GET":
            return self._form(request, visit, shown, "", row)
        form = request.form()
        try:
            values = _sent(visit.entity, form, row, False)
            visit.records.update(visit.entity, str(row["Id"]), values, visit.actor())
        except Refused as error:
            return self._form(request, visit, {**shown, **form}, error.message, row)
        return Response.redirect(f"/lightning/r/{visit.entity.name}/{row['Id']}/view", 303)

    def _form(
        self, request: Request, visit: View, values: dict[str, Any], problem: str, row: Row | None = None
    ) -> Response:
        entity = visit.entity
        wanted = [
            one
            for one in entity.object.fields
            if (one.updateable if row else one.createable) and one.stored and _is_filled_in(visit.org, one)
        ]
        wanted.sort(key=lambda one: not one.required)
        inputs = "".join(_input(one, values.get(one.name)) for one in wanted)
        action = request.target
        body = (pages.notice(problem, "bad") if problem else "") + pages.form(
            action, f'<div class="fields">{inputs}</div>'
        )
        title = f"Edit {_name(entity, row)}" if row else f"New {entity.object.label}"
        response = self._page(visit.org, title, body, entity.object.plural)
        response.status = 422 if problem else 200
        return response

    def delete(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None:
            return self._missing(request)
        try:
            visit.records.bin.delete(visit.entity, request.params["id"], visit.actor())
        except Refused as error:
            return self._page(
                visit.org, "This record cannot be deleted", pages.notice(error.message, "bad"), ""
            )
        return Response.redirect(f"/lightning/o/{visit.entity.name}/list?org={visit.org.number}", 303)

    def undelete(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None:
            return self._missing(request)
        try:
            visit.records.bin.undelete(visit.entity, request.params["id"], visit.actor())
        except Refused as error:
            return self._page(
                visit.org, "This record cannot be restored", pages.notice(error.message, "bad"), ""
            )
        return Response.redirect(f"/lightning/r/{visit.entity.name}/{request.params['id']}/view", 303)

    # -- parts ----------------------------------------------------------------------------------------------

    def _value(self, visit: View, row: Row, known: Field) -> str:
        value = row.get(known.name)
        if known.type == "reference" and value:
            target = visit.org.catalog.of_id(str(value))
            parent = visit.records.row(target, str(value)) if target else None
            if target is not None and parent is not None:
                return pages.link(_name(target, parent), f"/lightning/r/{target.name}/{value}/view")
        if known.type == "boolean":
            return "yes" if value else "no"
        if known.type == "currency" and value is not None:
            return pages.text(f"{value:,.2f}")
        if known.type == "datetime" and value:
            return pages.text(from_wire(str(value)).astimezone(visit.org.zone).strftime("%-d %b %Y, %H:%M"))
        return pages.text(value)

    def _page(self, org: Org, title: str, body: str, current: str) -> Response:
        nav = [
            (entity.object.plural, f"/lightning/o/{entity.name}/list?org={org.number}")
            for entity in _shown(org)
        ]
        others = " · ".join(
            f"<strong>{pages.text(one.name)}</strong>"
            if one is org
            else pages.link(one.name, f"/lightning/o/Account/list?org={one.number}")
            for one in self.standin.orgs
        )
        return pages.page(
            title, body, product="Salesforce", style_url="/lightning/style.css", theme="salesforce", nav=nav,
            current=current, aside=others,
        )  # fmt: skip

    def _missing(self, request: Request) -> Response:
        org = self._org(request)
        response = self._page(
            org, "Not found", pages.notice("There is no such record or list here.", "bad"), ""
        )
        response.status = 404
        return response


def _button(action: str, label: str) -> str:
    """A form that is nothing but a button."""
    return (
        f'<form class="plain" action="{pages.text(action)}" method="post">'
        f'<button type="submit" class="quiet">{pages.text(label)}</button></form>'
    )


def _is_switch(known: Field) -> bool:
    return known.type == "boolean" and known.name.startswith(_SWITCHES)


def _is_filled_in(org: Org, known: Field) -> bool:
    """Whether a form offers the field: people type it, and what it refers to exists in this org."""
    if known.name.endswith(_HARDLY_TYPED) or _is_switch(known):
        return False
    return known.type != "reference" or any(org.catalog.find(target) for target in known.references)


def _label(known: Field) -> str:
    """A reference is called by what it leads to: Owner, not Owner ID."""
    return known.label.removesuffix(" ID") if known.type == "reference" else known.label


def _name(entity: Entity, row: Row) -> str:
    known = entity.name_field
    return str((row.get(known.name) if known else None) or row["Id"])


def _address(entity: Entity, row: Row) -> str:
    return f"/lightning/r/{entity.name}/{row['Id']}/view"


def _search(entity: Entity, words: str) -> tuple[str, list[str]]:
    where = '"IsDeleted" = 0' if entity.bins else "1"
    if not words:
        return where, []
    searched = [
        one
        for one in entity.object.fields
        if one.name_field or one.external_id or one.type in ("email", "phone")
    ]
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    likes = [f"\"{one.name}\" LIKE ? ESCAPE '\\'" for one in searched]
    parameters = [f"%{escaped}%"] * len(likes)
    found = ids.to_18(words)
    if found:
        likes.append('"Id" = ?')
        parameters.append(found)
    return f"{where} AND ({' OR '.join(likes)})", parameters


def _pager(here: str, org: Org, words: str, start: int, more: bool) -> str:
    def at(first: int) -> str:
        return f"{here}?{urlencode({'org': org.number, 'q': words, 'from': first}, quote_via=quote)}"

    before = pages.link("Previous", at(max(0, start - PAGE))) if start else ""
    after = pages.link("Next", at(start + PAGE)) if more else ""
    return f'<p class="pager">{before} {after}</p>' if before or after else ""


def _input(known: Field, value: Any) -> str:
    label = f"{_label(known)} (required)" if known.required else _label(known)
    if known.type == "picklist":
        options = [("", ""), *((choice.value, choice.label) for choice in known.choices)]
        if value and str(value) not in {key for key, _ in options}:
            options.append((str(value), str(value)))
        return pages.field(label, known.name, value or "", kind="select", options=options)
    if known.type == "boolean":
        return pages.field(label, known.name, value, kind="checkbox")
    return pages.field(label, known.name, "" if value is None else value, kind=_KINDS.get(known.type, "text"))


def _sent(entity: Entity, form: dict[str, str], row: Row, creating: bool) -> dict[str, Any]:
    """The fields that a form changes. Browsers send line ends as CR LF; unticked boxes are not sent at all."""
    values: dict[str, Any] = {}
    for known in entity.object.fields:
        if not known.stored or not (known.createable if creating else known.updateable) or _is_switch(known):
            continue
        if known.type == "boolean":
            ticked = form.get(known.name) == "true"
            if creating or ticked != bool(row.get(known.name)):
                values[known.name] = ticked
        elif known.name in form:
            text = form[known.name].replace("\r\n", "\n")
            old = row.get(known.name)
            if text != ("" if old is None else str(old)):
                values[known.name] = text or None
    return values


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
