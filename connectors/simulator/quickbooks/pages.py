"""The pages of QuickBooks as a person sees them: companies, lists, records, editing (`/app/...`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.simulator import jsontext, pages
from connectors.simulator.quickbooks import documents, newdocuments
from connectors.simulator.quickbooks.consent import PRODUCT, STYLE_URL
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.forms import FORMS, changes, value_at
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.realms import Realm
from connectors.simulator.quickbooks.records import Body, column_name, table_name
from connectors.simulator.quickbooks.writes import write
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.quickbooks.standin import QuickBooks

_PAGE = 50
_LISTS = [
    "customer",
    "invoice",
    "payment",
    "estimate",
    "salesreceipt",
    "creditmemo",
    "refundreceipt",
    "item",
    "vendor",
    "employee",
    "account",
    "class",
    "department",
    "term",
    "paymentmethod",
    "taxcode",
    "taxrate",
    "bill",
    "billpayment",
    "vendorcredit",
    "purchaseorder",
    "purchase",
    "journalentry",
    "deposit",
    "transfer",
    "timeactivity",
]
_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "customer": (("Name", "FullyQualifiedName"), ("Phone", "PrimaryPhone.FreeFormNumber"),
                 ("Email", "PrimaryEmailAddr.Address"), ("Balance", "Balance")),
    "vendor": (("Name", "DisplayName"), ("Phone", "PrimaryPhone.FreeFormNumber"), ("Balance", "Balance")),
    "employee": (("Name", "DisplayName"), ("Phone", "PrimaryPhone.FreeFormNumber")),
    "item": (("Name", "FullyQualifiedName"), ("Type", "Type"), ("Price", "UnitPrice"), ("SKU", "Sku")),
    "account": (("Name", "FullyQualifiedName"), ("Type", "AccountType"), ("Balance", "CurrentBalance")),
    "payment": (("Date", "TxnDate"), ("Customer", "CustomerRef.name"), ("Amount", "TotalAmt"),
                ("Unapplied", "UnappliedAmt")),
}  # fmt: skip
_DOCUMENT_COLUMNS = (
    ("Number", "DocNumber"),
    ("Date", "TxnDate"),
    ("Customer", "CustomerRef.name"),
    ("Due", "DueDate"),
    ("Total", "TotalAmt"),
    ("Balance", "Balance"),
)


class Pages:
    """The handlers of the pages."""

    def __init__(self, standin: QuickBooks) -> None:
        self._standin = standin
        route = standin.router.add
        route("GET", "/app", self.companies)
        route("GET", "/app/style.css", lambda request: pages.stylesheet())  # noqa: ARG005
        route("GET", "/app/{realm}", self._in_company(self.home))
        route("POST", "/app/{realm}/disconnect", self._in_company(self.disconnect))
        route("GET", "/app/{realm}/{entity}", self._in_company(self.records))
        route("GET POST", "/app/{realm}/{entity}/new", self._in_company(self.new))
        route("GET POST", "/app/{realm}/{entity}/{id}", self._in_company(self.record))
        route("POST", "/app/{realm}/{entity}/{id}/{action}", self._in_company(self.act))

    def companies(self, request: Request) -> Response:
        """Every company."""
        rows = [
            (pages.link(realm.name, f"/app/{realm.id}"), pages.text(realm.country), pages.text(realm.id))
            for realm in self._standin.realms.all()
        ]
        return pages.page(
            "Companies",
            pages.table(("Company", "Country", "Number"), rows),
            product=PRODUCT,
            style_url=STYLE_URL,
        )

    def _in_company(self, inner: Callable[[Request, Realm], Response]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            realm = self._standin.realms.get(request.params["realm"])
            path = request.params.get("entity")
            if realm is None or (path is not None and path.lower() not in ENTITIES):
                return pages.page(
                    "Not found",
                    pages.notice("There is no such page.", "bad"),
                    product=PRODUCT,
                    style_url=STYLE_URL,
                    status=404,
                )
            return inner(request, realm)

        return handle

    def _page(self, realm: Realm, title: str, body: str, current: str = "", status: int = 200) -> Response:
        nav = [(pages.several(ENTITIES[path].name), f"/app/{realm.id}/{path}") for path in _LISTS]
        aside = f"{pages.link(realm.name, f'/app/{realm.id}')} · {pages.link('all companies', '/app')}"
        return pages.page(
            title,
            body,
            product=PRODUCT,
            style_url=STYLE_URL,
            nav=nav,
            current=pages.several(current) if current else "",
            status=status,
            aside=aside,
        )

    def home(self, request: Request, realm: Realm) -> Response:
        """A company: how much there is of what, and the connected app."""
        store = self._standin.world.store
        rows = []
        for path in _LISTS:
            found = store.row(
                f'SELECT COUNT(*) FROM "{table_name(ENTITIES[path])}" WHERE realm = ? AND deleted = 0',
                (realm.id,),
            )
            rows.append(
                (
                    pages.link(pages.several(ENTITIES[path].name), f"/app/{realm.id}/{path}"),
                    str(found[0] if found else 0),
                )
            )
        connected = store.row("SELECT COUNT(*) FROM qbo_grant WHERE realm = ? AND revoked = 0", (realm.id,))
        apps = pages.form(
            f"/app/{realm.id}/disconnect",
            f"<p>{connected[0] if connected else 0} connection(s).</p>",
            "Disconnect",
        )
        body = pages.table(("List", "Records"), rows) + "<h2>Connected app</h2>" + apps
        return self._page(realm, realm.name, body)

    def disconnect(self, request: Request, realm: Realm) -> Response:
        """The owner removes the app."""
        self._standin.oauth.disconnect(realm.id)
        return Response.redirect(f"/app/{realm.id}", 303)

    def records(self, request: Request, realm: Realm) -> Response:
        """A list with a search by name or number, inactive records included."""
        entity = ENTITIES[request.params["entity"].lower()]
        wanted = request.query.get("q", "").strip()
        start = (
            max(0, int(request.query.get("start", "0") or 0))
            if request.query.get("start", "0").isdigit()
            else 0
        )
        label = _label_column(entity)
        where, parameters = "realm = ? AND deleted = 0", [realm.id]
        if wanted:
            where += f" AND ({label} LIKE ? OR id = ?)"
            parameters += [f"%{wanted}%", wanted]
        order = label if entity.kind == "list" else "n DESC"
        rows = self._standin.world.store.rows(
            f'SELECT body FROM "{table_name(entity)}" WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?',
            (*parameters, _PAGE + 1, start),
        )
        bodies = [jsontext.loads(row[0]) for row in rows]
        body = pages.search(
            f"/app/{realm.id}/{entity.path}", wanted, f"Search {pages.several(entity.name).lower()}"
        )
        if _can_be_made(entity):
            body += f"<p>{pages.link(f'New {pages.words_of(entity.name).lower()}', f'/app/{realm.id}/{entity.path}/new', 'button')}</p>"
        body += self._table(realm, entity, bodies[:_PAGE])
        if len(bodies) > _PAGE:
            more = urlencode({"q": wanted, "start": start + _PAGE})
            body += (
                f"<p>{pages.link('Next page', f'/app/{realm.id}/{entity.path}?{more}', 'button quiet')}</p>"
            )
        return self._page(realm, pages.several(entity.name), body, entity.name)

    @staticmethod
    def _table(realm: Realm, entity: Entity, bodies: list[Body]) -> str:
        default = (
            _DOCUMENT_COLUMNS if entity.kind == "transaction" else (("Name", entity.name_field or "Name"),)
        )
        columns = _COLUMNS.get(entity.path, default)
        rows = []
        for body in bodies:
            cells = [pages.text(value_at(body, path)) for _, path in columns]
            address = f"/app/{realm.id}/{entity.path}/{body['Id']}"
            cells[0] = pages.link(value_at(body, columns[0][1]) or f"#{body['Id']}", address)
            rows.append([*cells, pages.text(body["Id"])])
        return pages.table([label for label, _ in columns] + ["Id"], rows)

    # -- one record -------------------------------------------------------------------------------------------------

    def record(self, request: Request, realm: Realm) -> Response:
        """A record with its form; a POST saves what a person changed."""
        entity = ENTITIES[request.params["entity"].lower()]
        context = self._standin.context_for(realm.id)
        body = context.get(entity.path, request.params["id"])
        if body is None:
            return self._page(
                realm, "Not found", pages.notice("This record is gone.", "bad"), entity.name, 404
            )
        message = pages.notice("Saved.") if request.query.get("saved") else ""
        form = {}
        if request.method == "POST":
            form = request.form()
            refusal = self._save(realm, entity, body, form)
            if refusal is None:
                return Response.redirect(f"/app/{realm.id}/{entity.path}/{body['Id']}?saved=1", 303)
            message = pages.notice(refusal, "bad")
        return self._page(
            realm, _title(entity, body), message + self._view(realm, entity, body, form), entity.name
        )

    def _save(self, realm: Realm, entity: Entity, body: Body, form: dict[str, str]) -> str | None:
        changed = changes(entity.path, body, form)
        if not changed:
            return None
        payload = {
            "Id": body["Id"],
            "SyncToken": form.get("SyncToken", body["SyncToken"]),
            "sparse": True,
            **changed,
        }
        return self._try(realm, entity.path, payload)

    def _try(self, realm: Realm, path: str, payload: Body, operation: str = "") -> str | None:
        try:
            with self._standin.world.store.savepoint():
                write(self._standin.context_for(realm.id), path, payload, operation)
        except Fault as fault:
            return "; ".join(error.detail for error in fault.errors)
        return None

    def _view(self, realm: Realm, entity: Entity, body: Body, form: dict[str, str]) -> str:
        parts = []
        if entity.kind == "transaction":
            parts.append(documents.as_html(realm, entity, body))
            parts.append(documents.actions(realm, entity, body))
        if entity.path in FORMS and "update" in entity.operations:
            controls = pages.field("", "SyncToken", body["SyncToken"], kind="hidden")
            controls += '<div class="fields">' + _controls(entity.path, body, form) + "</div>"
            parts.append("<h2>Edit</h2>" if entity.kind == "transaction" else "")
            parts.append(pages.form(f"/app/{realm.id}/{entity.path}/{body['Id']}", controls))
        parts.append(_merge_form(realm, entity, body))
        parts.append(pages.folded("All fields", pages.facts(_flat(body))))
        return "".join(parts)

    def _merge(self, request: Request, realm: Realm, entity: Entity, body: Body) -> Response:
        keep = request.form().get("keep", "").strip()
        try:
            self._standin.merge(realm.id, entity.name, keep, body["Id"])
        except ValueError as error:
            return self._page(realm, _title(entity, body), pages.notice(str(error), "bad"), entity.name)
        return Response.redirect(f"/app/{realm.id}/{entity.path}/{keep}?saved=1", 303)

    def new(self, request: Request, realm: Realm) -> Response:
        """A form for a new record of a list."""
        entity = ENTITIES[request.params["entity"].lower()]
        if not _can_be_made(entity):
            return self._page(
                realm, "Not found", pages.notice("Nothing to make here.", "bad"), entity.name, 404
            )
        message, form = "", {}
        if request.method == "POST":
            form = request.form()
            payload = self._typed(realm, entity, form)
            refusal = self._try(realm, entity.path, payload, "create")
            if refusal is None:
                return Response.redirect(f"/app/{realm.id}/{entity.path}", 303)
            message = pages.notice(refusal, "bad")
        if entity.path in newdocuments.KINDS:
            controls = newdocuments.form_html(self._standin.context_for(realm.id), form)
        else:
            controls = '<div class="fields">' + _controls(entity.path, {"Active": True}, form) + "</div>"
        body = message + pages.form(f"/app/{realm.id}/{entity.path}/new", controls, "Create")
        return self._page(realm, f"New {pages.words_of(entity.name).lower()}", body, entity.name)

    def _typed(self, realm: Realm, entity: Entity, form: dict[str, str]) -> Body:
        """The create body of what a person typed."""
        if entity.path in newdocuments.KINDS:
            return newdocuments.payload(self._standin.context_for(realm.id), entity.path, form)
        payload = {name: value for name, value in changes(entity.path, {}, form).items() if name != "Active"}
        if entity.path == "item":
            payload.setdefault("IncomeAccountRef", {"value": "1"})
        return payload

    def act(self, request: Request, realm: Realm) -> Response:
        """A button on a document: delete, void, send, or receive a payment."""
        entity = ENTITIES[request.params["entity"].lower()]
        body = self._standin.context_for(realm.id).get(entity.path, request.params["id"])
        back = f"/app/{realm.id}/{entity.path}"
        if body is None:
            return Response.redirect(back, 303)
        action = request.params["action"]
        payload: Body = {"Id": body["Id"], "SyncToken": body["SyncToken"]}
        path, operation = entity.path, action
        if action == "pay":
            path, operation, payload = (
                "payment",
                "create",
                documents.payment(body, request.form().get("amount", "")),
            )
        elif action == "merge":
            return self._merge(request, realm, entity, body)
        elif action not in ("delete", "void"):
            return Response.redirect(f"{back}/{body['Id']}", 303)
        refusal = self._try(realm, path, payload, operation)
        if refusal is not None:
            return self._page(realm, _title(entity, body), pages.notice(refusal, "bad"), entity.name)
        return Response.redirect(back if action == "delete" else f"{back}/{body['Id']}?saved=1", 303)


def _can_be_made(entity: Entity) -> bool:
    made = entity.path in newdocuments.KINDS or (entity.path in FORMS and entity.kind == "list")
    return made and "create" in entity.operations


def _merge_form(realm: Realm, entity: Entity, body: Body) -> str:
    if entity.path not in ("customer", "vendor"):
        return ""
    target = pages.field("Id of the record that stays", "keep")
    return "<h2>Merge</h2>" + pages.form(
        f"/app/{realm.id}/{entity.path}/{body['Id']}/merge", target, "Merge this record into that one"
    )


def _label_column(entity: Entity) -> str:
    for name in ("FullyQualifiedName", "DisplayName", "Name", "DocNumber"):
        if name in entity.columns:
            return f'"{column_name(name)}"'
    return "id"


def _title(entity: Entity, body: Body) -> str:
    name = (
        body.get("FullyQualifiedName") or body.get("DisplayName") or body.get("Name") or body.get("DocNumber")
    )
    return f"{pages.words_of(entity.name)} {name or body['Id']}"


def _controls(path: str, body: Body, form: dict[str, str]) -> str:
    return "".join(
        pages.field(label, field_path, form.get(field_path, value_at(body, field_path)), kind=kind)
        for field_path, label, kind in FORMS[path]
    )


def _flat(body: Body, prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in body.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for position, item in enumerate(value):
                inner: Any = item if isinstance(item, dict) else {"": item}
                rows += _flat(inner, f"{prefix}{name}[{position}].")
        else:
            rows.append((f"{prefix}{name}", pages.text(value)))
    return rows
