"""Reports for reconciliation, computed from the books (quickbooks.md 5.4). All values are texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.open_items import open_items
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.lines import discount_of, extra_lines, item_lines

_SIGNS = {"invoice": 1, "creditmemo": -1, "payment": -1, "salesreceipt": 1, "refundreceipt": -1}
_LISTED = ("invoice", "estimate", "salesreceipt", "creditmemo", "refundreceipt", "payment")
_ALL_TIME = "9999-12-31"
_AGES = ((0, "Current"), (30, "1 - 30"), (60, "31 - 60"), (90, "61 - 90"), (10**6, "91 and over"))


def run(context: Context, name: str, query: dict[str, str]) -> Body:
    """One report by its name, in any case. Raises the vendor's fault for an unknown one or a bad date."""
    report = {known.lower(): (known, make) for known, make in _REPORTS.items()}.get(name.lower())
    if report is None:
        raise faults.unsupported_operation(f"/v3/company/{context.realm}/reports/{name}")
    for parameter in ("start_date", "end_date", "report_date"):
        if query.get(parameter):
            _day(parameter, query[parameter])
    return report[1](context, query)


def _day(parameter: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Fault(faults.invalid_date(parameter, text)) from None


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _header(context: Context, name: str, empty: bool, **more: str) -> Body:
    options = [{"Name": "NoReportData", "Value": "true" if empty else "false"}]
    if "report_date" in more:
        options.insert(0, {"Name": "report_date", "Value": more.pop("report_date")})
    return {
        "Time": context.time_text,
        "ReportName": name,
        **more,
        "Currency": context.home_currency,
        "Option": options,
    }


def _columns(*columns: tuple[str, str]) -> Body:
    return {"Column": [{"ColTitle": title, "ColType": kind} for title, kind in columns]}


def _cells(*values: str, record_id: str = "") -> list[Body]:
    cells: list[Body] = [{"value": value} for value in values]
    if record_id:
        cells[0] = {"value": values[0], "id": record_id}
    return cells


def _customers(context: Context, query: dict[str, str]) -> list[Body]:
    wanted = {part for part in query.get("customer", "").split(",") if part}
    found = context.records.find(context.realm, ENTITIES["customer"], "1 = 1", ())
    chosen = [body for body in found if not wanted or body["Id"] in wanted]
    return sorted(chosen, key=lambda body: str(body["FullyQualifiedName"]))


def _customer_balance(context: Context, query: dict[str, str]) -> Body:
    rows: list[Body] = []
    total = Decimal(0)
    then = open_items(context, query["report_date"]) if query.get("report_date") else None
    for customer in _customers(context, query):
        balance = Decimal(customer.get("Balance") or 0)
        if then is not None:
            balance = sum((amount for _, _, amount in then.get(customer["Id"], ())), Decimal(0))
        if balance:
            total += balance
            rows.append(
                {"ColData": _cells(customer["FullyQualifiedName"], _text(balance), record_id=customer["Id"])}
            )
    empty = not rows
    rows.append(
        {
            "Summary": {"ColData": _cells("TOTAL", _text(total))},
            "type": "Section",
            "group": "GrandTotal",
        }
    )
    header = _header(
        context,
        "CustomerBalance",
        empty,
        DateMacro="all",
        report_date=query.get("report_date", context.today),
    )
    if query.get("customer"):
        header["Customer"] = query["customer"]
    return {
        "Header": header,
        "Columns": _columns(("", "Customer"), ("Total", "Money")),
        "Rows": {"Row": rows},
    }


def _customer_balance_detail(context: Context, query: dict[str, str]) -> Body:
    sections: list[Body] = []
    total = Decimal(0)
    opened = open_items(context, query.get("report_date") or _ALL_TIME)
    for customer in _customers(context, query):
        rows = []
        running = Decimal(0)
        for kind, body, amount in opened.get(customer["Id"], ()):
            running += amount
            rows.append(
                {
                    "ColData": [
                        {"value": body["TxnDate"]},
                        {"value": kind, "id": body["Id"]},
                        {"value": body.get("DocNumber", "")},
                        {"value": body.get("DueDate", "")},
                        {"value": _text(Decimal(body["TotalAmt"]) * (1 if amount > 0 else -1))},
                        {"value": _text(amount)},
                        {"value": _text(running)},
                    ],
                    "type": "Data",
                }
            )
        if rows:
            total += running
            sections.append(
                _section(
                    customer,
                    rows,
                    _cells(f"Total for {customer['DisplayName']}", "", "", "", "", _text(running), ""),
                )
            )
    empty = not sections
    sections.append(_grand_total(_cells("TOTAL", "", "", "", "", _text(total), "")))
    columns = _columns(
        ("Date", "tx_date"),
        ("Transaction Type", "txn_type"),
        ("Num", "doc_num"),
        ("Due Date", "due_date"),
        ("Amount", "subt_amount"),
        ("Open Balance", "subt_open_bal"),
        ("Balance", "rbal_open_bal"),
    )
    header = _header(
        context, "CustomerBalanceDetail", empty, report_date=query.get("report_date", context.today)
    )
    return {"Header": header, "Columns": columns, "Rows": {"Row": sections}}


def _section(customer: Body, rows: list[Body], summary: list[Body]) -> Body:
    return {
        "Header": {"ColData": [{"value": customer["FullyQualifiedName"], "id": customer["Id"]}]},
        "Rows": {"Row": rows},
        "Summary": {"ColData": summary},
        "type": "Section",
    }


def _grand_total(cells: list[Body]) -> Body:
    return {"Summary": {"ColData": cells}, "type": "Section", "group": "GrandTotal"}


def _transaction_list(context: Context, query: dict[str, str]) -> Body:
    start = query.get("start_date") or context.today[:8] + "01"
    end = query.get("end_date") or context.today
    by_name: dict[str, list[tuple[str, Body]]] = {}
    for path in _LISTED:
        for body in context.records.find(
            context.realm, ENTITIES[path], "f_TxnDate >= ? AND f_TxnDate <= ?", (start, end)
        ):
            owner = (body.get("CustomerRef") or {}).get("value", "")
            if not query.get("customer") or owner in query["customer"].split(","):
                by_name.setdefault(owner, []).append((path, body))
    sections = [_listed(context, owner, rows) for owner, rows in sorted(by_name.items())]
    columns = _columns(
        ("Date", "tx_date"),
        ("Transaction Type", "txn_type"),
        ("Num", "doc_num"),
        ("Posting", "is_no_post"),
        ("Name", "name"),
        ("Department", "dept_name"),
        ("Memo/Description", "memo"),
        ("Account", "account_name"),
        ("Split", "other_account"),
        ("Amount", "subt_nat_home_amount"),
    )
    header = _header(context, "TransactionList", not sections, StartPeriod=start, EndPeriod=end)
    return {"Header": header, "Columns": columns, "Rows": {"Row": sections}}


def _listed(context: Context, owner: str, rows: list[tuple[str, Body]]) -> Body:
    customer = context.get("customer", owner) if owner else None
    label = (customer or {}).get("FullyQualifiedName", "Not Specified")
    total = Decimal(0)
    made = []
    for path, body in sorted(rows, key=lambda row: (str(row[1]["TxnDate"]), int(row[1]["Id"]))):
        amount = Decimal(body["TotalAmt"]) * Decimal(body.get("ExchangeRate", 1)) * _SIGNS.get(path, 1)
        total += amount
        account = (
            "84"
            if path in ("invoice", "creditmemo")
            else (body.get("DepositToAccountRef") or {}).get("value", "")
        )
        name = (context.get("account", account) or {}).get("FullyQualifiedName", "") if account else ""
        made.append(
            {
                "ColData": [
                    {"value": body["TxnDate"]},
                    {"value": ENTITIES[path].name, "id": body["Id"]},
                    {"value": body.get("DocNumber", "")},
                    {"value": "No" if path == "estimate" else "Yes"},
                    {"value": label, "id": owner},
                    {"value": (body.get("DepartmentRef") or {}).get("name", "")},
                    {"value": body.get("PrivateNote", "")},
                    {"value": name, "id": account},
                    {"value": "-Split-", "id": ""},
                    {"value": _text(amount)},
                ],
                "type": "Data",
            }
        )
    return {
        "Header": {"ColData": [{"value": label, "id": owner}]},
        "Rows": {"Row": made},
        "Summary": {"ColData": _cells(f"Total for {label}", *[""] * 8, _text(total))},
        "type": "Section",
    }


def _profit_and_loss(context: Context, query: dict[str, str]) -> Body:
    start = query.get("start_date") or context.today[:4] + "-01-01"
    end = query.get("end_date") or context.today
    income: dict[str, Decimal] = {}
    for path, sign in (("invoice", 1), ("salesreceipt", 1), ("creditmemo", -1), ("refundreceipt", -1)):
        where, parameters = "f_TxnDate >= ? AND f_TxnDate <= ?", (start, end)
        for body in context.records.find(context.realm, ENTITIES[path], where, parameters):
            _post(context, body, sign, income)
    rows: list[Body] = []
    total = Decimal(0)
    for number, amount in sorted(income.items(), key=lambda row: row[0]):
        if amount:
            account = context.get("account", number) or {}
            rows.append(
                {
                    "ColData": _cells(account.get("FullyQualifiedName", ""), _text(amount), record_id=number),
                    "type": "Data",
                }
            )
            total += amount
    shown = _text(total) if rows else ""
    sections: list[Body] = [
        _part("Income", "Total Income", shown, rows),
        {"Summary": {"ColData": _cells("Gross Profit", shown)}, "type": "Section", "group": "GrossProfit"},
        _part("Expenses", "Total Expenses", "", []),
        {
            "Summary": {"ColData": _cells("Net Operating Income", shown)},
            "type": "Section",
            "group": "NetOperatingIncome",
        },
        {"Summary": {"ColData": _cells("Net Income", shown)}, "type": "Section", "group": "NetIncome"},
    ]
    header = _header(
        context,
        "ProfitAndLoss",
        not rows,
        ReportBasis="Accrual",  # the only one that is computed, whatever is asked for
        StartPeriod=start,
        EndPeriod=end,
        SummarizeColumnsBy=query.get("summarize_column_by", "Total"),
    )
    header["Option"].insert(0, {"Name": "AccountingStandard", "Value": "GAAP"})
    columns = {
        "Column": [
            {"ColTitle": "", "ColType": "Account", "MetaData": [{"Name": "ColKey", "Value": "account"}]},
            {"ColTitle": "TOTAL", "ColType": "Money", "MetaData": [{"Name": "ColKey", "Value": "total"}]},
        ]
    }
    return {"Header": header, "Columns": columns, "Rows": {"Row": sections}}


def _part(group: str, total_label: str, total: str, rows: list[Body]) -> Body:
    section: Body = {
        "Header": {"ColData": _cells(group, "")},
        "Summary": {"ColData": _cells(total_label, total)},
        "type": "Section",
        "group": group,
    }
    if rows:
        section["Rows"] = {"Row": rows}
    return section


def _post(context: Context, body: Body, sign: int, income: dict[str, Decimal]) -> None:
    """Add a document's income by account, in home currency."""
    rate = Decimal(body.get("ExchangeRate", 1)) * sign
    for line in item_lines(body.get("Line", [])):
        account = (line["SalesItemLineDetail"].get("ItemAccountRef") or {}).get("value", "1")
        income[account] = income.get(account, Decimal(0)) + Decimal(line.get("Amount") or 0) * rate
    for line in extra_lines(body.get("Line", [])):
        income["88"] = income.get("88", Decimal(0)) + Decimal(line["Amount"]) * rate
    discount = discount_of(body.get("Line", []))
    if discount:
        number = str(context.preference("SalesFormsPrefs", "DefaultDiscountAccount", "86"))
        income[number] = income.get(number, Decimal(0)) - discount * rate


def _aged_receivables(context: Context, query: dict[str, str]) -> Body:
    today = _day("report_date", query.get("report_date") or context.today)
    rows: list[Body] = []
    totals = [Decimal(0)] * len(_AGES)
    opened = open_items(context, today.isoformat())
    for customer in _customers(context, query):
        ages = [Decimal(0)] * len(_AGES)
        for _, body, amount in opened.get(customer["Id"], ()):
            late = (today - date.fromisoformat(body.get("DueDate") or body["TxnDate"])).days
            ages[next(i for i, (limit, _) in enumerate(_AGES) if late <= limit)] += amount
        if any(ages):
            totals = [total + age for total, age in zip(totals, ages, strict=True)]
            cells = [_text(age) if age else "" for age in ages] + [_text(sum(ages, Decimal(0)))]
            rows.append({"ColData": _cells(customer["FullyQualifiedName"], *cells, record_id=customer["Id"])})
    empty = not rows
    rows.append(
        _grand_total(_cells("TOTAL", *(_text(total) for total in totals), _text(sum(totals, Decimal(0)))))
    )
    columns = _columns(("", "Customer"), *((label, "Money") for _, label in _AGES), ("Total", "Money"))
    header = _header(context, "AgedReceivables", empty, report_date=today.isoformat())
    return {"Header": header, "Columns": columns, "Rows": {"Row": rows}}


_REPORTS: dict[str, Callable[[Context, dict[str, str]], Body]] = {
    "CustomerBalance": _customer_balance,
    "CustomerBalanceDetail": _customer_balance_detail,
    "TransactionList": _transaction_list,
    "ProfitAndLoss": _profit_and_loss,
    "AgedReceivables": _aged_receivables,
}
