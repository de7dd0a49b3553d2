"""CompanyInfo and Preferences: one of each per company (quickbooks.md 3.14)."""

from __future__ import annotations

from connectors.simulator.quickbooks.definitions.names import META
from connectors.simulator.quickbooks.model import Entity, parse_fields

COMPANY_INFO = Entity(
    name="CompanyInfo",
    kind="single",
    sequence="CompanyInfo",
    fields=parse_fields(
        f"""CompanyName str(1024); LegalName str(1024); CompanyAddr PhysicalAddress; LegalAddr PhysicalAddress
        CustomerCommunicationAddr PhysicalAddress; CompanyEmailAddr EmailAddress; PrimaryPhone TelephoneNumber
        CustomerCommunicationEmailAddr EmailAddress; CompanyURL WebSiteAddress; CompanyStartDate date
        EmployerId str; FiscalYearStartMonth str; TaxYearStartMonth str; Country str r; Email EmailAddress
        WebAddr WebSiteAddress; SupportedLanguages str; DefaultTimeZone str; NameValue [NameValue]; {META}
        CustomField [CustomField]; AttachableRef [AttachableRef]; OtherContactInfo [ContactInfo]
        CompanyFileName str; FlavorStratum str; SampleFile bool; CompanyUserId str; CompanyUserAdminEmail str
        QBVersion str; ShipAddr PhysicalAddress; OtherAddr [PhysicalAddress]; Mobile TelephoneNumber
        Fax TelephoneNumber; LastImportedTime time; LastSyncTime time; MultiByteCharsSupported bool
        FifoCalculationStatus str; CompanyInfoEx any"""
    ),
    operations=frozenset({"update", "query", "read"}),
    in_cdc=False,
)

_GROUPS = [
    "AccountingInfoPrefs",
    "AdvancedInventoryPrefs",
    "ProductAndServicesPrefs",
    "SalesFormsPrefs",
    "PrintDocumentPrefs",
    "EmailMessagesPrefs",
    "VendorAndPurchasesPrefs",
    "TimeTrackingPrefs",
    "TaxPrefs",
    "FinanceChargesPrefs",
    "CurrencyPrefs",
    "ReportPrefs",
    "OtherPrefs",
]

PREFERENCES = Entity(
    name="Preferences",
    kind="single",
    sequence="Preferences",
    fields=parse_fields(
        "; ".join(f"{group} any" for group in _GROUPS) + f"; {META}; AttachableRef [AttachableRef]"
    ),
    operations=frozenset({"update", "query", "read"}),
    in_cdc=False,
    events=frozenset({"Update"}),
)
