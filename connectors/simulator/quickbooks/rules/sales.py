"""Sales documents: defaults, numbers, due dates, totals, void and delete (quickbooks.md 3.6 to 3.9, 3.11, 3.15 to 3.19)."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.clean import is_blank
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import cards, links, stock
from connectors.simulator.quickbooks.rules.base import Rules, currency_reference
from connectors.simulator.quickbooks.rules.lines import SalesLines, discount_of, extra_lines, item_lines
from connectors.simulator.quickbooks.rules.taxes import check_not_applicable, set_taxes
from connectors.simulator.quickbooks.times import DECIMALS, cents, decimals_of, home_money, money


class TransactionRules(Rules):
    """What every transaction has: a date, a number, a currency, custom fields, a closing date to respect."""

    numbered = False

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        for name in [name for name, value in body.items() if is_blank(value)]:
            del body[name]
        super().fill(context, entity, body, old, clean)
        cards.check(body, old)
        body.setdefault("TxnDate", context.today)
        self.check_open(context, body["TxnDate"])
        if old is not None:
            self.check_open(context, old.get("TxnDate", context.today))
            self.check_deposited(context, entity, old)
        if self.numbered:
            self._number(context, entity, body, old, clean)
        self._switches(context, body)

    @staticmethod
    def check_open(context: Context, day: str) -> None:
        """Refuse a date in closed books (6210; 6200 where they are closed without a password)."""
        closed = context.preference("AccountingInfoPrefs", "BookCloseDate")
        if closed and day <= closed:
            if context.knobs.closed_books == "warn":
                raise faults.business("The account period has closed.", "6200", "Account Period Closed")
            raise faults.business(
                "The account period has closed and the account books cannot be updated through the QBO Services API. "
                "Please use the QBO website to make these changes.",
                "6210",
                "Account Period Closed, Cannot Update Through Services API",
            )

    @staticmethod
    def check_deposited(context: Context, entity: Entity, old: Body) -> None:
        """Refuse to change money that already sits in a deposit (6540)."""
        sources = links.sources_of(context, entity.name, old["Id"])
        if any(kind == "Deposit" for kind, _ in sources):
            raise faults.business(
                "The transaction has been deposited. If you want to change or delete it, "
                "you must edit the deposit it appears on and remove it first.",
                "6540",
                "Deposited transaction cannot be changed",
            )

    @staticmethod
    def _switches(context: Context, body: Body) -> None:
        """Class and location are ignored where the company does not track them."""
        if not context.preference("AccountingInfoPrefs", "ClassTrackingPerTxn", False):
            body.pop("ClassRef", None)
        if not context.preference("AccountingInfoPrefs", "TrackDepartments", False):
            body.pop("DepartmentRef", None)

    def _number(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        own = bool(context.preference("SalesFormsPrefs", "CustomTxnNumbers", False))
        if old is not None and "DocNumber" not in body and not own and "DocNumber" in old:
            body["DocNumber"] = old["DocNumber"]
        if "DocNumber" not in body:
            if old is None and not own:
                body["DocNumber"] = self._next_number(context)
            return
        moved = "DocNumber" in clean and (old is None or old.get("DocNumber") != body["DocNumber"])
        allowed = context.knobs.duplicate_docnumbers == "allow" or "allowduplicatedocnum" in context.include
        if moved and not allowed:
            twins = context.records.find(context.realm, entity, "f_DocNumber = ?", (body["DocNumber"],))
            if twins and (old is None or twins[0]["Id"] != old["Id"]):
                raise faults.business(
                    "Duplicate Document Number Error : You must specify a different number. This number has already "
                    f"been used. DocNumber={body['DocNumber']} is assigned to TxnType={entity.name} "
                    f"with TxnId={twins[0]['Id']}",
                    "6140",
                    "Duplicate Document Number Error",
                )

    @staticmethod
    def _next_number(context: Context) -> str:
        return str(context.store.next_number(f"quickbooks:{context.realm}:document_number"))

    # -- shared by sales and payments -----------------------------------------------------------------------------

    @staticmethod
    def set_currency(context: Context, body: Body, owner: Body | None) -> None:
        """The currency is the customer's; rates and home amounts appear only in a multi-currency company."""
        expected = ((owner or {}).get("CurrencyRef") or {}).get("value", context.home_currency)
        multi = bool(context.preference("CurrencyPrefs", "MultiCurrencyEnabled", False))
        asked = (body.get("CurrencyRef") or {}).get("value")
        if multi and asked is None and expected != context.home_currency:
            raise Fault(faults.missing("CurrencyRef"))
        if asked is not None and asked != expected:
            raise faults.business("The currency of the transaction must be the currency of the customer.")
        body["CurrencyRef"] = currency_reference(expected)
        DECIMALS.set(decimals_of(expected))
        if not multi:
            body.pop("ExchangeRate", None)
        elif expected == context.home_currency:
            body["ExchangeRate"] = 1
        elif not body.get("ExchangeRate"):
            body["ExchangeRate"] = exchange_rate(context, expected)

    @staticmethod
    def custom_fields(context: Context, body: Body) -> None:
        """Every custom field that is switched on, with its value where one is set; an unknown one is refused (3000)."""
        names: dict[str, str] = {}
        for block in context.preference("SalesFormsPrefs", "CustomField", []):
            for entry in block.get("CustomField", []):
                if "StringValue" in entry:
                    names[entry["Name"][-1]] = entry["StringValue"]
        sent: dict[str, str] = {}
        for given in body.get("CustomField") or []:
            number = str(given.get("DefinitionId", ""))
            if number not in names:
                detail = f"Invalid custom field definition id : {number}"
                raise Fault(ApiError("3000", "Invalid Custom Field", detail, "CustomField"))
            if given.get("StringValue"):
                sent[number] = given["StringValue"]
        body["CustomField"] = [
            {"DefinitionId": number, "Name": name, "Type": "StringType"}
            | ({"StringValue": sent[number]} if number in sent else {})
            for number, name in sorted(names.items())
        ]


def exchange_rate(context: Context, code: str) -> Decimal:
    """The stored rate nearest to today, else a standing one."""
    rows = context.records.find(context.realm, ENTITIES["exchangerate"], "f_SourceCurrencyCode = ?", (code,))
    if rows:
        return Decimal(max(rows, key=lambda row: str(row["AsOfDate"]))["Rate"])
    standing = {
        "USD": "1",
        "CAD": "0.73",
        "EUR": "1.09",
        "GBP": "1.27",
        "AUD": "0.66",
        "MXN": "0.055",
        "JPY": "0.0067",
    }
    home = Decimal(standing.get(context.home_currency, "1"))
    return (Decimal(standing.get(code, "1")) / home).quantize(Decimal("0.000001"))


class SalesRules(TransactionRules):
    """Invoice, estimate, sales receipt, credit memo, refund receipt."""

    numbered = True
    kept = frozenset({"Balance"})

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        reference = body.get("CustomerRef")
        customer = context.get("customer", reference["value"]) if reference else None
        self.set_currency(context, body, customer)
        check_not_applicable(body, clean)
        if old is None:
            self._addresses(body, customer)
        body.setdefault("PrintStatus", "NeedToPrint")
        body.setdefault("EmailStatus", "NotSet")
        if body["EmailStatus"] == "NeedToSend" and not body.get("BillEmail"):
            raise faults.business("Email address is required.", "6420", "Email address required", "BillEmail")
        if context.is_us:
            body.setdefault("ApplyTaxAfterDiscount", False)
            body.pop("GlobalTaxCalculation", None)
        self.custom_fields(context, body)
        sent_lines = body.get("Line") or []
        if not sent_lines:
            raise Fault(faults.missing("Line"))
        body["Line"] = SalesLines(context, body, customer, (old or {}).get("Line", [])).build(sent_lines)
        self.special(context, body, old, clean, customer)
        self._automated(context, body)
        self._totals(context, body, old, set_taxes(context, body, clean, customer))

    @staticmethod
    def _addresses(body: Body, customer: Body | None) -> None:
        for name in ("BillAddr", "ShipAddr"):
            own = (customer or {}).get(name) or (customer or {}).get("BillAddr")
            if own and name not in body:
                body[name] = dict(own)

    def special(
        self, context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None
    ) -> None:
        """What one kind of document has of its own."""

    @staticmethod
    def _automated(context: Context, body: Body) -> None:
        """What a company with automated sales tax adds."""
        if not context.is_us or not context.preference("TaxPrefs", "PartnerTaxEnabled", False):
            return
        body["TaxExemptionRef"] = {}
        company = context.get("companyinfo", "1") or {}
        address = company.get("CompanyAddr") or {}
        body.setdefault(
            "ShipFromAddr",
            {
                "Id": address.get("Id", "1"),
                "Line1": address.get("Line1", ""),
                "Line2": f"{address.get('City')}, {address.get('CountrySubDivisionCode')} "
                f"{address.get('PostalCode')} US",
            },
        )
        for line in item_lines(body["Line"]):
            line["SalesItemLineDetail"].setdefault(
                "TaxClassificationRef", {"value": "EUC-99990201-V1-00020000"}
            )

    def _totals(self, context: Context, body: Body, old: Body | None, tax: Decimal) -> None:
        lines = body["Line"]
        total = sum((Decimal(line["Amount"]) for line in item_lines(lines)), Decimal(0))
        total -= discount_of(lines)
        total += sum((Decimal(line["Amount"]) for line in extra_lines(lines)), Decimal(0))
        total = cents(total + tax)
        if total < 0:
            raise faults.business("Transaction amount must be 0 or greater.")
        body["TotalAmt"] = money(total)
        multi = "ExchangeRate" in body
        rate = Decimal(body.get("ExchangeRate", 1))
        if multi:
            body["HomeTotalAmt"] = home_money(total * rate)
        else:
            body.pop("HomeTotalAmt", None)
        self.balance(context, body, old)
        if multi and "Balance" in body:
            body["HomeBalance"] = home_money(Decimal(body["Balance"]) * rate)

    def balance(self, context: Context, body: Body, old: Body | None) -> None:
        """Set the open balance; documents that are paid at once have none."""
        body["Balance"] = 0

    def resolve(self, context: Context, entity: Entity, body: Body, clean: Body) -> None:
        self._check_customer(context, clean)
        super().resolve(context, entity, body, clean)

    @staticmethod
    def _check_customer(context: Context, clean: Body) -> None:
        """Refuse an inactive customer (6250; `knobs.inactive_customer` for 610)."""
        reference = clean.get("CustomerRef")
        found = context.get("customer", str(reference.get("value"))) if isinstance(reference, dict) else None
        if found is not None and found.get("Active") is False and context.knobs.inactive_customer == "6250":
            raise faults.business(
                "The customer is missing or inactive.", "6250", "Invalid sales customer", "CustomerRef"
            )

    def void(self, context: Context, entity: Entity, body: Body) -> Body:
        """Everything to nothing, the note says so; what was applied is let go."""
        cards.check_void(body)
        self.check_open(context, body["TxnDate"])
        self.check_deposited(context, entity, body)
        voided = dict(body)
        voided["Line"] = [_zeroed(line) for line in body.get("Line", [])]
        for name in ("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "RemainingCredit", "Deposit"):
            if name in voided:
                voided[name] = 0
        if "TxnTaxDetail" in voided:
            voided["TxnTaxDetail"] = {"TotalTax": 0}
        note = body.get("PrivateNote", "")
        voided["PrivateNote"] = (
            f"Voided - {note}" if context.knobs.void_note == "prefix" and note else "Voided"
        )
        if "LinkedTxn" in voided:
            voided["LinkedTxn"] = []
        return voided

    def before_delete(self, context: Context, entity: Entity, body: Body) -> None:
        cards.check_delete(body)
        self.check_open(context, body["TxnDate"])
        self.check_deposited(context, entity, body)

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        stock.move(context, entity, old, new)
        for body in (old, new):
            if body and body.get("CustomerRef"):
                links.settle_customer(context, body["CustomerRef"]["value"])

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        stock.move(context, entity, body, None)
        if body.get("CustomerRef"):
            links.settle_customer(context, body["CustomerRef"]["value"])


def _zeroed(line: Body) -> Body:
    made = dict(line)
    if "Amount" in made:
        made["Amount"] = 0
    for name in ("SalesItemLineDetail", "GroupLineDetail"):
        if name in made:
            detail = dict(made[name])
            for part in ("Qty", "UnitPrice", "Quantity"):
                if part in detail:
                    detail[part] = 0
            if "Line" in detail:
                detail["Line"] = [_zeroed(inner) for inner in detail["Line"]]
            made[name] = detail
    return made


def let_go(context: Context, target_type: str, target_id: str) -> None:
    """An invoice or credit is void or gone: payments lose the line and keep the money unapplied."""
    from connectors.simulator.quickbooks.rules.payments import unlink

    for kind, number in links.sources_of(context, target_type, target_id):
        if kind == "Payment":
            unlink(context, number, target_type, target_id)


class EstimateRules(SalesRules):
    """Estimates: a status, no balance."""

    def special(
        self, context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None
    ) -> None:
        body.setdefault("TxnStatus", "Pending")
        if body["TxnStatus"] not in ("Pending", "Accepted", "Closed", "Rejected", "Converted"):
            raise Fault(faults.invalid_enumeration(body["TxnStatus"]))
        body["LinkedTxn"] = (old or {}).get("LinkedTxn", [])

    def balance(self, context: Context, body: Body, old: Body | None) -> None:
        body.pop("Balance", None)


class ReceiptRules(SalesRules):
    """Sales receipts and refund receipts: paid at once, into or out of an account."""

    def special(
        self, context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None
    ) -> None:
        if "DepositToAccountRef" not in body:
            body["DepositToAccountRef"] = {"value": "4", "name": "Undeposited Funds"}
        account = context.get("account", body["DepositToAccountRef"]["value"]) or {}
        if account.get("AccountType") not in ("Bank", "Other Current Asset"):
            raise faults.business(
                "Invalid account type used.", "6430", "Invalid account type used", "DepositToAccountRef"
            )
        body.pop("LinkedTxn", None)


class CreditMemoRules(SalesRules):
    """Credit memos: what is left of them falls as they are applied."""

    kept = frozenset({"Balance", "RemainingCredit"})

    def special(
        self, context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None
    ) -> None:
        body.pop("LinkedTxn", None)

    def balance(self, context: Context, body: Body, old: Body | None) -> None:
        applied = Decimal(0) if old is None else links.applied_to(context, "CreditMemo", old["Id"])
        rest = money(max(Decimal(body["TotalAmt"]) - applied, Decimal(0)))
        body["Balance"] = rest
        body["RemainingCredit"] = rest

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        if old is not None and new.get("PrivateNote", "").startswith("Voided") and not new["TotalAmt"]:
            let_go(context, "CreditMemo", new["Id"])
        super().saved(context, entity, old, new)

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        let_go(context, "CreditMemo", body["Id"])
        super().deleted(context, entity, body)
