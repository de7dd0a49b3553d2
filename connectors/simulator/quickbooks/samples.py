"""The facts that seeded books are made of: a chart of accounts, lists, people and documents.

They resemble the vendor's US sample company (a landscaper): same kinds of records, same numbers for the accounts and
items that its documentation refers to; addresses and figures are our own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.realms import Realm

Rows = list[tuple[str, dict[str, Any]]]

# number, name, type, sub type, parent number
ACCOUNTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("1", "Services", "Income", "ServiceFeeIncome", ""),
    ("2", "Retained Earnings", "Equity", "RetainedEarnings", ""),
    ("3", "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", ""),
    ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", ""),
    ("5", "Fees Billed", "Income", "ServiceFeeIncome", ""),
    ("6", "Billable Expense Income", "Income", "ServiceFeeIncome", ""),
    ("7", "Advertising", "Expense", "AdvertisingPromotional", ""),
    ("8", "Bank Charges", "Expense", "BankCharges", ""),
    ("9", "Commissions & fees", "Expense", "OtherMiscellaneousServiceCost", ""),
    ("10", "Disposal Fees", "Expense", "OtherMiscellaneousServiceCost", ""),
    ("11", "Insurance", "Expense", "Insurance", ""),
    ("12", "Legal & Professional Fees", "Expense", "LegalProfessionalFees", ""),
    ("13", "Meals and Entertainment", "Expense", "EntertainmentMeals", ""),
    ("14", "Miscellaneous", "Other Expense", "OtherMiscellaneousExpense", ""),
    ("15", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses", ""),
    ("16", "Promotional", "Expense", "AdvertisingPromotional", ""),
    ("17", "Rent or Lease", "Expense", "RentOrLeaseOfBuildings", ""),
    ("18", "Stationery & Printing", "Expense", "OfficeGeneralAdministrativeExpenses", ""),
    ("19", "Supplies", "Expense", "SuppliesMaterials", ""),
    ("20", "Taxes & Licenses", "Expense", "TaxesPaid", ""),
    ("21", "Travel", "Expense", "Travel", ""),
    ("22", "Travel Meals", "Expense", "TravelMeals", ""),
    ("23", "Unapplied Cash Bill Payment Expense", "Expense", "UnappliedCashBillPaymentExpense", ""),
    ("24", "Utilities", "Expense", "Utilities", ""),
    ("25", "Interest Earned", "Other Income", "InterestEarned", ""),
    ("26", "Other Portfolio Income", "Other Income", "OtherMiscellaneousIncome", ""),
    ("27", "Penalties & Settlements", "Other Expense", "PenaltiesSettlements", ""),
    ("28", "Freight & Delivery", "Expense", "ShippingFreightDelivery", ""),
    ("29", "Maintenance and Repair Costs", "Expense", "RepairMaintenance", ""),
    ("30", "Uncategorized Income", "Income", "ServiceFeeIncome", ""),
    ("31", "Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost", ""),
    ("32", "Uncategorized Asset", "Other Current Asset", "OtherCurrentAssets", ""),
    ("33", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", ""),
    ("34", "Opening Balance Equity", "Equity", "OpeningBalanceEquity", ""),
    ("35", "Checking", "Bank", "Checking", ""),
    ("36", "Savings", "Bank", "Savings", ""),
    ("37", "Truck", "Fixed Asset", "Vehicles", ""),
    ("38", "Original Cost", "Fixed Asset", "Vehicles", "37"),
    ("39", "Depreciation", "Fixed Asset", "AccumulatedDepreciation", "37"),
    ("40", "Prepaid Expenses", "Other Current Asset", "PrepaidExpenses", ""),
    ("41", "Mastercard", "Credit Card", "CreditCard", ""),
    ("42", "Visa", "Credit Card", "CreditCard", ""),
    ("43", "Loan Payable", "Other Current Liability", "OtherCurrentLiabilities", ""),
    ("44", "Notes Payable", "Long Term Liability", "OtherLongTermLiabilities", ""),
    ("45", "Landscaping Services", "Income", "ServiceFeeIncome", ""),
    ("46", "Job Materials", "Income", "ServiceFeeIncome", "45"),
    ("47", "Decks and Patios", "Income", "ServiceFeeIncome", "46"),
    ("48", "Fountains and Garden Lighting", "Income", "ServiceFeeIncome", "46"),
    ("49", "Plants and Soil", "Income", "ServiceFeeIncome", "46"),
    ("50", "Sprinklers and Drip Systems", "Income", "ServiceFeeIncome", "46"),
    ("51", "Labor", "Income", "ServiceFeeIncome", "45"),
    ("52", "Installation", "Income", "ServiceFeeIncome", "51"),
    ("53", "Maintenance and Repair", "Income", "ServiceFeeIncome", "51"),
    ("54", "Pest Control Services", "Income", "ServiceFeeIncome", ""),
    ("55", "Automobile", "Expense", "Auto", ""),
    ("56", "Fuel", "Expense", "Auto", "55"),
    ("57", "Legal Fees", "Expense", "LegalProfessionalFees", "12"),
    ("58", "Job Expenses", "Expense", "SuppliesMaterials", ""),
    ("63", "Job Materials", "Expense", "SuppliesMaterials", "58"),
    ("66", "Plants and Soil", "Expense", "SuppliesMaterials", "63"),
    ("78", "Inventory Shrinkage", "Cost of Goods Sold", "SuppliesMaterialsCogs", ""),
    ("79", "Sales of Product Income", "Income", "SalesOfProductIncome", ""),
    ("80", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", ""),
    ("81", "Inventory Asset", "Other Current Asset", "Inventory", ""),
    ("82", "Design income", "Income", "ServiceFeeIncome", ""),
    ("83", "Other Income", "Income", "OtherPrimaryIncome", ""),
    ("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", ""),
    ("85", "Unapplied Cash Payment Income", "Income", "UnappliedCashPaymentIncome", ""),
    ("86", "Discounts given", "Income", "DiscountsRefundsGiven", ""),
    ("87", "Refunds-Allowances", "Income", "DiscountsRefundsGiven", ""),
    ("88", "Shipping Income", "Income", "ServiceFeeIncome", ""),
    ("89", "Board of Equalization Payable", "Other Current Liability", "SalesTaxPayable", ""),
    ("90", "Arizona Dept. of Revenue Payable", "Other Current Liability", "SalesTaxPayable", ""),
)
SEQUENCES = {
    "Account": 90,
    "Term": 5,
    "PaymentMethod": 7,
    "Class": 3,
    "Department": 2,
    "TaxCode": 6,
    "TaxRate": 9,
    "TaxAgency": 3,
    "transactions": 0,
    "document_number": 1000,
}


def _term(number: str, name: str, days: int) -> tuple[str, dict[str, Any]]:
    return number, {"Name": name, "Active": True, "Type": "STANDARD", "DiscountPercent": 0, "DueDays": days}


def _method(number: str, name: str, card: bool) -> tuple[str, dict[str, Any]]:
    return number, {"Name": name, "Active": True, "Type": "CREDIT_CARD" if card else "NON_CREDIT_CARD"}


def _branch(number: str, name: str, flag: str) -> tuple[str, dict[str, Any]]:
    return number, {"Name": name, "FullyQualifiedName": name, flag: False, "Active": True}


SIMPLE_LISTS: dict[str, Rows] = {
    "term": [
        _term("1", "Due on receipt", 0),
        _term("2", "Net 15", 15),
        _term("3", "Net 30", 30),
        _term("4", "Net 60", 60),
        _term("5", "Net 10", 10),
    ],
    "paymentmethod": [
        _method("1", "Cash", False),
        _method("2", "Check", False),
        _method("3", "Visa", True),
        _method("4", "MasterCard", True),
        _method("5", "Discover", True),
        _method("6", "American Express", True),
        _method("7", "Diners Club", True),
    ],
    "class": [
        _branch("1", "Residential", "SubClass"),
        _branch("2", "Commercial", "SubClass"),
        _branch("3", "Public", "SubClass"),
    ],
    "department": [_branch("1", "North Yard", "SubDepartment"), _branch("2", "South Yard", "SubDepartment")],
    "customertype": [
        ("5000000000000000101", {"Name": "Retail", "Active": True}),
        ("5000000000000000102", {"Name": "Wholesale", "Active": True}),
    ],
}


def _agency(name: str) -> dict[str, Any]:
    return {"DisplayName": name, "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False}


def _rate(name: str, percent: str, agency: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Description": "Sales Tax",
        "Active": True,
        "RateValue": Decimal(percent),
        "AgencyRef": {"value": agency},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }


def _code(name: str, *rates: tuple[str, str]) -> dict[str, Any]:
    details = [
        {
            "TaxRateRef": {"value": number, "name": label},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        for number, label in rates
    ]
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": details},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    }


def _pseudo(name: str, taxable: bool) -> tuple[str, dict[str, Any]]:
    return name, {"Name": name, "Description": name, "Taxable": taxable, "TaxGroup": False}


US_TAXES: dict[str, Rows] = {
    "taxagency": [("1", _agency("Arizona Dept. of Revenue")), ("2", _agency("Board of Equalization"))],
    "taxrate": [
        ("1", _rate("AZ State tax", "7.1", "1")),
        ("2", _rate("Tucson City", "2", "1")),
        ("3", _rate("California", "8", "2")),
    ],
    "taxcode": [
        _pseudo("TAX", True),
        _pseudo("NON", False),
        ("2", _code("California", ("3", "California"))),
        ("3", _code("Tucson", ("1", "AZ State tax"), ("2", "Tucson City"))),
    ],
}
CA_TAXES: dict[str, Rows] = {
    "taxagency": [("1", _agency("Canada Revenue Agency")), ("2", _agency("Revenu Quebec"))],
    "taxrate": [
        ("1", _rate("GST 5%", "5", "1")),
        ("2", _rate("HST ON 13%", "13", "1")),
        ("3", _rate("QST 9.975%", "9.975", "2")),
        ("4", _rate("Exempt", "0", "1")),
    ],
    "taxcode": [
        ("2", _code("GST", ("1", "GST 5%"))),
        ("3", _code("Exempt", ("4", "Exempt"))),
        ("5", _code("HST ON", ("2", "HST ON 13%"))),
        ("6", _code("GST/QST QC", ("1", "GST 5%"), ("3", "QST 9.975%"))),
    ],
}
JP_TAXES: dict[str, Rows] = {
    "taxagency": [("1", _agency("National Tax Agency"))],
    "taxrate": [
        ("1", _rate("Consumption tax 10%", "10", "1")),
        ("2", _rate("Reduced rate 8%", "8", "1")),
        ("3", _rate("Exempt", "0", "1")),
    ],
    "taxcode": [
        ("2", _code("10%", ("1", "Consumption tax 10%"))),
        ("3", _code("Exempt", ("3", "Exempt"))),
        ("5", _code("8%", ("2", "Reduced rate 8%"))),
    ],
}
TAXES = {"US": US_TAXES, "CA": CA_TAXES, "JP": JP_TAXES}

# name, type, description, price, cost, taxable, income account, expense account, quantity on hand
ITEMS: tuple[tuple[str, str, str, str, str, bool, str, str, str], ...] = (
    ("Services", "Service", "", "0", "0", False, "1", "", ""),
    ("Hours", "Service", "", "0", "0", False, "1", "", ""),
    ("Concrete", "Service", "Concrete for fountain installation", "0", "0", True, "48", "", ""),
    ("Design", "Service", "Custom Design", "75", "0", False, "82", "", ""),
    ("Rock Fountain", "Inventory", "Rock Fountain", "275", "125", True, "79", "80", "2"),
    ("Gardening", "Service", "Weekly Gardening Service", "0", "0", False, "45", "", ""),
    ("Installation", "Service", "Installation of landscape design", "50", "0", False, "52", "", ""),
    ("Lighting", "Service", "Garden Lighting", "0", "0", True, "48", "", ""),
    ("Maintenance & Repair", "Service", "Maintenance & Repair", "0", "0", False, "53", "", ""),
    ("Pest Control", "Service", "Pest Control Services", "35", "0", False, "54", "", ""),
    ("Pump", "Inventory", "Fountain Pump", "15", "10", True, "79", "80", "25"),
    ("Refunds & Allowances", "Service", "Income due to refunds or allowances", "0", "0", False, "83", "", ""),
    ("Rocks", "Service", "Garden Rocks", "0", "0", True, "48", "", ""),
    ("Sod", "Service", "Sod", "0", "0", True, "49", "", ""),
    ("Soil", "Service", "2 cubic ft. bag", "10", "6.5", True, "49", "66", ""),
    ("Sprinkler Heads", "Inventory", "Sprinkler Heads", "2", "0.75", True, "79", "80", "25"),
    ("Sprinkler Pipes", "Inventory", "Sprinkler Pipes", "4", "2.5", True, "79", "80", "31"),
    ("Trimming", "Service", "Tree and Shrub Trimming", "35", "0", False, "45", "", ""),
)


def item(row: tuple[str, str, str, str, str, bool, str, str, str]) -> dict[str, Any]:
    """The create body of a seeded item."""
    name, kind, description, price, cost, taxable, income, expense, quantity = row
    body: dict[str, Any] = {
        "Name": name,
        "Type": kind,
        "UnitPrice": Decimal(price),
        "PurchaseCost": Decimal(cost),
        "Taxable": taxable,
        "IncomeAccountRef": {"value": income},
    }
    if description:
        body["Description"] = description
    if expense:
        body |= {"ExpenseAccountRef": {"value": expense}, "PurchaseDesc": description}
    if kind == "Inventory":
        body |= {
            "AssetAccountRef": {"value": "81"},
            "TrackQtyOnHand": True,
            "QtyOnHand": Decimal(quantity),
            "InvStartDate": "2020-01-01",
        }
    return body


def _person(
    name: str, given: str, family: str, street: str, city: str, state: str, **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "given": given,
        "family": family,
        "street": street,
        "city": city,
        "state": state,
        **more,
    }


CUSTOMERS: tuple[dict[str, Any], ...] = (
    _person("Amy's Bird Sanctuary", "Amy", "Lauterbach", "4581 Finch St.", "Bayshore", "CA", taxable=True),
    _person("Bill's Windsurf Shop", "Bill", "Lucchini", "12 Ocean Dr.", "Half Moon Bay", "CA"),
    _person("Cool Cars", "Grace", "Pariente", "65 Ocean Dr.", "Half Moon Bay", "CA"),
    _person("Diego Rodriguez", "Diego", "Rodriguez", "321 Channing Ave.", "Palo Alto", "CA", company=False),
    _person("Dukes Basketball Camp", "Peter", "Dukes", "25 Court St.", "Tucson", "AZ", taxable=True),
    _person("Dylan Sollfrank", "Dylan", "Sollfrank", "", "", "", company=False),
    _person("Freeman Sporting Goods", "Kirby", "Freeman", "370 Easy St.", "Middlefield", "CA"),
    _person(
        "0969 Ocean View Road", "Sasha", "Tillou", "370 Easy St.", "Middlefield", "CA",
        parent="Freeman Sporting Goods",
    ),
    _person(
        "55 Twin Lane", "Amelia", "", "370 Easy St.", "Middlefield", "CA", parent="Freeman Sporting Goods"
    ),
    _person("Geeta Kalapatapu", "Geeta", "Kalapatapu", "1987 Main St.", "Middlefield", "CA", company=False),
    _person("Gevelber Photography", "Lisa", "Gevelber", "1045 Main St.", "Half Moon Bay", "CA"),
    _person("Jeff's Jalopies", "Jeff", "Chin", "12 Willow Rd.", "Menlo Park", "CA"),
    _person("John Melton", "John", "Melton", "85 Pine St.", "Menlo Park", "CA", company=False),
    _person("Kate Whelan", "Kate", "Whelan", "45 First St.", "Menlo Park", "CA", company=False),
    _person("Pye's Cakes", "Karen", "Pye", "350 Mountain View Dr.", "South Orange", "NJ"),
    _person("Kookies by Kathy", "Kathy", "Kuplis", "789 Sugar Lane", "Middlefield", "CA"),
    _person("Mark Cho", "Mark", "Cho", "36 Willow Rd.", "Menlo Park", "CA", company=False),
    _person("Paulsen Medical Supplies", "Kathy", "Paulsen", "900 Main St.", "Middlefield", "CA"),
    _person("Rago Travel Agency", "Brett", "Rago", "753 Cedar St.", "Bayshore", "CA"),
    _person("Red Rock Diner", "Stephanie", "Martini", "500 Red Rock Rd.", "Bayshore", "CA"),
    _person("Rondonuwu Fruit and Vegi", "Tony", "Rondonuwu", "847 California Ave.", "San Jose", "CA"),
    _person("Shara Barnett", "Shara", "Barnett", "19 Main St.", "Middlefield", "CA", company=False),
    _person(
        "Barnett Design", "Shara", "Barnett", "19 Main St.", "Middlefield", "CA", parent="Shara Barnett"
    ),
    _person("Sonnenschein Family Store", "Russ", "Sonnenschein", "5647 Cypress Hill Rd.", "Middlefield", "CA"),
    _person("Sushi by Katsuyuki", "Katsuyuki", "Yanagawa", "898 Elm St.", "Maplewood", "NJ"),
    _person("Travis Waldron", "Travis", "Waldron", "78 First St.", "Monlo Park", "CA", company=False),
    _person("Video Games by Dan", "Daniel", "Gabriel", "65 Gamer St.", "Bayshore", "CA"),
    _person("Wedding Planning by Whitney", "Whitney", "Brooks", "135 Broadway", "Menlo Park", "CA"),
    _person("Weiskopf Consulting", "Nicola", "Weiskopf", "45612 Main St.", "Bayshore", "CA"),
)  # fmt: skip
VENDORS: tuple[dict[str, Any], ...] = tuple(
    _person(name, given, family, street, city, state)
    for name, given, family, street, city, state in (
        ("Books by Bessie", "Bessie", "Williams", "15 Main St.", "Palo Alto", "CA"),
        ("Brosnahan Insurance Agency", "Nick", "Brosnahan", "P.O. Box 5", "Middlefield", "CA"),
        ("Cal Telephone", "", "", "10 Main St.", "Palo Alto", "CA"),
        ("Chin's Gas and Oil", "", "", "", "", ""),
        ("Cigna Health Care", "", "", "", "", ""),
        ("Computers by Jenni", "Jenni", "", "1515 Main St.", "Middlefield", "CA"),
        ("Diego's Road Warrior Bodyshop", "", "", "", "", ""),
        ("EDD", "", "", "", "", ""),
        ("Ellis Equipment Rental", "Julie", "Ellis", "45896 Main St.", "Middlefield", "CA"),
        ("Fidelity", "", "", "", "", ""),
        ("Hall Properties", "Melanie", "Hall", "P.O. Box 357", "South Orange", "NJ"),
        ("Hicks Hardware", "Geoff", "Hicks", "42 Main St.", "Middlefield", "CA"),
        ("Lee Advertising", "Laurel", "Lee", "53 Main St.", "Middlefield", "CA"),
        ("Mahoney Mugs", "", "", "", "", ""),
        ("Met Life Dental", "", "", "", "", ""),
        ("National Eye Care", "", "", "123 Anywhere Ave", "Tucson", "AZ"),
        ("Norton Lumber and Building Materials", "Julie", "Norton", "4528 Country Road", "Middlefield", "CA"),
        ("Pam Seitz", "Pam", "Seitz", "P.O. Box 15", "Bayshore", "CA"),
        ("PG&E", "", "", "4 Main St.", "Palo Alto", "CA"),
        ("Robertson & Associates", "Jenny", "Robertson", "P.O. Box 147", "Bayshore", "CA"),
        ("Squeaky Kleen Car Wash", "", "", "", "", ""),
        ("Tania's Nursery", "Tania", "Kronberg", "1111 Elm St.", "Middlefield", "CA"),
        ("Tim Philip Masonry", "Tim", "Philip", "3948 Elm St.", "Middlefield", "CA"),
        ("Tony Rondonuwu", "Tony", "Rondonuwu", "", "", ""),
        ("United States Treasury", "", "", "5568 Capital Drive", "Tucson", "AZ"),
    )
)
EMPLOYEES = (("John", "Johnson"), ("Emily", "Platt"))


def person(row: dict[str, Any]) -> dict[str, Any]:
    """The create body of a seeded customer or vendor."""
    mailbox = "".join(c for c in row["name"].lower() if c.isalnum())
    body: dict[str, Any] = {"DisplayName": row["name"]}
    if row["given"]:
        body["GivenName"] = row["given"]
    if row["family"]:
        body["FamilyName"] = row["family"]
    if row.get("company", True):
        body["CompanyName"] = row.get("parent") or row["name"]
    if row["street"]:
        body["BillAddr"] = {
            "Line1": row["street"],
            "City": row["city"],
            "CountrySubDivisionCode": row["state"],
            "PostalCode": "94303" if row["state"] == "CA" else "85719" if row["state"] == "AZ" else "07079",
        }
        body["PrimaryPhone"] = {"FreeFormNumber": f"(650) 555-{sum(map(ord, row['name'])) % 10000:04d}"}
        body["PrimaryEmailAddr"] = {"Address": f"{mailbox}@example.com"}
    return body


# days ago, customer, lines (item number, quantity, price, taxed), how far it is paid
INVOICES: tuple[tuple[int, str, tuple[tuple[str, str, str, bool], ...], str], ...] = (
    (95, "Amy's Bird Sanctuary", (("10", "1", "35", False), ("5", "1", "275", True)), "part"),
    (88, "Cool Cars", (("10", "2", "35", False),), "paid"),
    (80, "Red Rock Diner", (("18", "2", "35", False), ("7", "1", "50", False)), "open"),
    (70, "Bill's Windsurf Shop", (("4", "1", "75", False), ("2", "1", "10", False)), "open"),
    (61, "55 Twin Lane", (("7", "1", "50", False), ("10", "1", "35", False)), "open"),
    (55, "Dukes Basketball Camp", (("11", "2", "15", True), ("7", "4", "50", False)), "paid"),
    (45, "Geeta Kalapatapu", (("4", "4", "75", False), ("15", "10", "10", True)), "part"),
    (40, "Travis Waldron", (("10", "1", "35", False), ("18", "1.5", "35", False)), "paid"),
    (33, "Weiskopf Consulting", (("4", "5", "75", False),), "open"),
    (25, "Jeff's Jalopies", (("16", "15", "2", True), ("17", "10", "4", True)), "open"),
    (20, "John Melton", (("4", "6", "75", False),), "part"),
    (14, "Kookies by Kathy", (("4", "1", "75", False),), "open"),
    (9, "Sonnenschein Family Store", (("5", "1", "275", False), ("7", "3", "50", False)), "open"),
    (4, "Paulsen Medical Supplies", (("4", "4.5", "75", False), ("7", "12.25", "50", False)), "open"),
    (1, "Rondonuwu Fruit and Vegi", (("18", "2", "35", False),), "open"),
)


# kind of document, days ago, customer, lines as above
OTHER_DOCUMENTS: tuple[tuple[str, int, str, tuple[tuple[str, str, str, bool], ...]], ...] = (
    ("estimate", 30, "Cool Cars", (("10", "1", "35", False),)),
    ("estimate", 12, "Mark Cho", (("4", "5", "75", False), ("5", "1", "275", True))),
    ("estimate", 3, "Sonnenschein Family Store", (("11", "1", "15", True), ("3", "5", "9.5", True))),
    ("salesreceipt", 52, "Dylan Sollfrank", (("4", "4.5", "75", False),)),
    ("salesreceipt", 28, "Diego Rodriguez", (("10", "4", "35", False),)),
    ("salesreceipt", 6, "Kate Whelan", (("4", "3", "75", False),)),
    ("creditmemo", 18, "Pye's Cakes", (("10", "1", "35", False),)),
)


def invoice(
    customer_id: str, lines: tuple[tuple[str, str, str, bool], ...], context: Context
) -> dict[str, Any]:
    """The create body of a seeded sales document."""
    us = context.is_us
    rows = []
    for number, quantity, price, taxed in lines:
        amount = Decimal(quantity) * Decimal(price)
        code = ("TAX" if taxed else "NON") if us else ("5" if taxed else "3")
        rows.append(
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": amount.quantize(Decimal("0.01")),
                "SalesItemLineDetail": {
                    "ItemRef": {"value": number},
                    "Qty": Decimal(quantity),
                    "UnitPrice": Decimal(price),
                    "TaxCodeRef": {"value": code},
                },
            }
        )
    return {"CustomerRef": {"value": customer_id}, "Line": rows}


def company_info(realm: Realm, created: str) -> dict[str, Any]:
    """CompanyInfo of a new company."""
    street, city, division, postal_code = {
        "US": ("123 Sierra Way", "San Pablo", "CA", "87999"),
        "CA": ("40 Wellington St.", "Toronto", "ON", "M5E 1S3"),
        "JP": ("1-9-1 Marunouchi", "Chiyoda", "Tokyo", "100-0005"),
    }[realm.country]
    address = {
        "Id": "1",
        "Line1": street,
        "City": city,
        "Country": realm.country,
        "CountrySubDivisionCode": division,
        "PostalCode": postal_code,
    }
    extras = {
        "NeoEnabled": "true",
        "IndustryType": "Landscaping Services",
        "IndustryCode": "561730",
        "SubscriptionStatus": "PAID",
        "OfferingSku": "QuickBooks Online Plus",
        "PayrollFeature": "false",
        "AccountantFeature": "false",
    }
    return {
        "CompanyName": realm.name,
        "LegalName": realm.name,
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "PrimaryPhone": {"FreeFormNumber": "(650) 555-0100"},
        "CompanyStartDate": created[:10],
        "FiscalYearStartMonth": "January",
        "Country": realm.country,
        "Email": {"Address": "owner@example.com"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "DefaultTimeZone": "America/Los_Angeles",
        "NameValue": [{"Name": name, "Value": value} for name, value in extras.items()],
    }


def _custom_fields(prefix: str, form: str, names: dict[int, str]) -> list[dict[str, Any]]:
    switches = [
        {"Name": f"{prefix}.Use{form}Custom{n}", "Type": "BooleanType", "BooleanValue": n in names}
        for n in (3, 2, 1)
    ]
    labels = [
        {"Name": f"{prefix}.{form}CustomName{n}", "Type": "StringType", "StringValue": label}
        for n, label in names.items()
    ]
    return [{"CustomField": switches}, {"CustomField": labels}]


_LETTERS = {
    "Invoice": "Your invoice is attached. Please pay it when it is due.\n\nThank you for your business.",
    "Estimate": "Please look through the estimate below, and ask us whatever is unclear.",
    "SalesReceipt": "Your sales receipt is attached.\n\nThank you for your business.",
    "Statement": "Your statement is attached. Please pay what is open.",
}


def _letters(company: str) -> dict[str, Any]:
    """What a company writes when it sends a document."""
    words = {"SalesReceipt": "Sales Receipt"}
    return {
        f"{kind}Message": {
            "Subject": f"{words.get(kind, kind)} from {company}",
            "Message": f"{text}\n\nSincerely,\n{company}",
        }
        for kind, text in _LETTERS.items()
    }


def preferences(realm: Realm, currency: str) -> dict[str, Any]:
    """Preferences of a new company."""
    tax: dict[str, Any] = {
        "UsingSalesTax": True,
        "TaxGroupCodeRef": {"value": "2" if realm.country == "US" else "5"},
    }
    if realm.automated_tax:
        tax["PartnerTaxEnabled"] = True
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": False,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": True,
            "TrackDepartments": True,
            "DepartmentTerminology": "Location",
            "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomField": _custom_fields("SalesFormsPrefs", "Sales", {1: "Crew #"}),
            "CustomTxnNumbers": False,
            "AllowDeposit": True,
            "AllowDiscount": True,
            "DefaultDiscountAccount": "86",
            "AllowEstimates": True,
            "ETransactionEnabledStatus": "NotApplicable",
            "ETransactionAttachPDF": False,
            "ETransactionPaymentEnabled": False,
            "IPNSupportEnabled": False,
            "AllowServiceDate": False,
            "AllowShipping": True,
            "AutoApplyCredit": False,
            "DefaultTerms": {"value": "3"},
            "UsingPriceLevels": False,
            "DefaultCustomerMessage": "Thank you for your business and have a great day!",
        },
        "EmailMessagesPrefs": _letters(realm.name),
        "VendorAndPurchasesPrefs": {
            "TrackingByCustomer": True,
            "BillableExpenseTracking": True,
            "POCustomField": _custom_fields("PurchasePrefs", "Purchase", {1: "Crew #", 2: "Sales Rep"}),
        },
        "TimeTrackingPrefs": {
            "UseServices": True,
            "BillCustomers": True,
            "ShowBillRateToAll": False,
            "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": True,
        },
        "TaxPrefs": tax,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": realm.multi_currency,
            "HomeCurrency": {"value": currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"},
                {"Name": "DTXCopyMemo", "Value": "true"},
                {"Name": "UncategorizedAssetAccountId", "Value": "32"},
                {"Name": "UncategorizedIncomeAccountId", "Value": "30"},
                {"Name": "UncategorizedExpenseAccountId", "Value": "31"},
            ]
        },
    }
