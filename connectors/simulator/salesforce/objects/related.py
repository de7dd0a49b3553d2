"""What standard fields refer to and nobody here works with: there to be described, looked up and read.

Their fields are the ones commonly known; no source of ours has their describes.
"""

from __future__ import annotations

from .fields import (
    Field,
    SObject,
    audit,
    currency,
    date,
    deleted_flag,
    double,
    email,
    identity,
    owner,
    picklist,
    read_only,
    reference,
    string,
    textarea,
)


def _named(label: str, length: int = 255, name: str = "Name") -> Field:
    return string(name, label, length, nillable=False, name_field=True)


def _set_up(name: str, label: str, plural: str, prefix: str, *fields: Field) -> SObject:
    """An object of the set-up: read by everybody, made in the product alone."""
    return SObject(
        name, label, plural, prefix, createable=False, updateable=False, deletable=False, undeletable=False,
        replicateable=False, searchable=False, triggerable=False, layoutable=False, recent=False,
        fields=(identity(label), *fields, *audit()),
    )  # fmt: skip


ASSET = SObject(
    "Asset", "Asset", "Assets", "02i", feed=True,
    fields=(
        identity("Asset"),
        _named("Asset Name"),
        reference("AccountId", "Account ID", "Account", children="Assets", on_parent_delete="cascade"),
        reference("ContactId", "Contact ID", "Contact", children="Assets"),
        reference("Product2Id", "Product ID", "Product2", children="Assets"),
        string("SerialNumber", "Serial Number", 80),
        picklist("Status", "Status", "Shipped", "Installed", "Registered", "Obsolete", "Purchased"),
        double("Quantity", "Quantity", 12, 2),
        currency("Price", "Price", 18, 2),
        date("PurchaseDate", "Purchase Date"),
        date("InstallDate", "Install Date"),
        date("UsageEndDate", "Usage End Date"),
        textarea("Description", "Description", 32000),
        owner(),
        deleted_flag(),
        *audit(),
    ),
)  # fmt: skip

INDIVIDUAL = SObject(
    "Individual", "Individual", "Individuals", "0PK",
    fields=(
        identity("Individual"),
        string("LastName", "Last Name", 80, nillable=False),
        string("FirstName", "First Name", 40),
        read_only(_named("Name", 121)),
        date("BirthDate", "Birth Date"),
        owner(),
        deleted_flag(),
        *audit(),
    ),
)  # fmt: skip

OPERATING_HOURS = SObject(
    "OperatingHours", "Operating Hours", "Operating Hours", "0OH",
    fields=(
        identity("Operating Hours"),
        _named("Name"),
        textarea("Description", "Description", 255),
        picklist("TimeZone", "Time Zone", "America/Los_Angeles", "America/New_York", "Europe/London", "GMT",
                 nillable=False),
        deleted_flag(),
        *audit(),
    ),
)  # fmt: skip

DANDB_COMPANY = SObject(
    "DandBCompany", "D&B Company", "D&B Companies", "06E", createable=False, updateable=False, deletable=False,
    undeletable=False,
    fields=(
        identity("D&B Company"), _named("Primary Business Name"), string("DunsNumber", "D-U-N-S Number", 9),
        deleted_flag(), *audit(),
    ),
)  # fmt: skip

OPPORTUNITY_HISTORY = _set_up(
    "OpportunityHistory", "Opportunity: Stage History", "Opportunity: Stage History", "008",
    reference("OpportunityId", "Opportunity ID", "Opportunity", children="OpportunityHistories"),
    string("StageName", "To Stage"),
    currency("Amount", "Amount", 18, 2),
    date("CloseDate", "Close Date"),
    deleted_flag(),
)  # fmt: skip

GROUP = _set_up(
    "Group", "Group", "Groups", "00G",
    _named("Name", 40),
    string("DeveloperName", "Developer Name", 80),
    picklist("Type", "Type", "Queue", "Regular", "Role"),
    email("Email", "Email"),
)  # fmt: skip
BUSINESS_PROCESS = _set_up(
    "BusinessProcess", "Business Process", "Business Processes", "019",
    _named("Name", 80), string("Description", "Description"),
)  # fmt: skip
CALL_CENTER = _set_up("CallCenter", "Call Center", "Call Centers", "04v", _named("Name", 80))
EXTERNAL_SOURCE = _set_up(
    "ExternalDataSource", "External Data Source", "External Data Sources", "0XC",
    _named("Master Label", 80, "MasterLabel"), string("DeveloperName", "Developer Name", 80),
)  # fmt: skip

RELATED = (
    INDIVIDUAL, OPERATING_HOURS, DANDB_COMPANY, OPPORTUNITY_HISTORY, GROUP, BUSINESS_PROCESS, CALL_CENTER,
    EXTERNAL_SOURCE, ASSET,
)  # fmt: skip
