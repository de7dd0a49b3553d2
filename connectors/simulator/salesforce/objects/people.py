"""Account and Contact (reference/salesforce.md 8.1, 8.2)."""

from __future__ import annotations

from .fields import (
    Field,
    SObject,
    address,
    audit,
    boolean,
    currency,
    date,
    datetime,
    deleted_flag,
    email,
    identity,
    integer,
    owner,
    phone,
    picklist,
    read_only,
    reference,
    string,
    system,
    textarea,
    url,
    viewed,
)

INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction",
    "Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental",
    "Finance", "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery",
    "Manufacturing", "Media", "Not For Profit", "Recreation", "Retail", "Shipping", "Technology",
    "Telecommunications", "Transportation", "Utilities", "Other",
)  # fmt: skip
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")
CLEAN_STATES = (
    "Matched", "Different", "Acknowledged", "NotFound", "Inactive", "Pending", "SelectMatch", "Skipped",
)  # fmt: skip
ACCOUNT_TYPES = (
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller",
    "Installation Partner", "Technology Partner", "Other",
)  # fmt: skip


def master_record(target: str) -> Field:
    return read_only(reference("MasterRecordId", "Master Record ID", target, permissionable=False))


def bounced(*, createable: bool = True) -> tuple[Field, ...]:
    """Why and when mail came back."""
    return (
        string("EmailBouncedReason", "Email Bounced Reason", permissionable=False, createable=createable),
        datetime("EmailBouncedDate", "Email Bounced Date", permissionable=False, createable=createable),
    )


def _record_type(children: str | None = None) -> Field:
    return reference("RecordTypeId", "Record Type ID", "RecordType", permissionable=False, children=children)


ACCOUNT = SObject(
    "Account", "Account", "Accounts", "001", mergeable=True, feed=True, record_types=True,
    fields=(
        identity("Account"),
        deleted_flag(),
        master_record("Account"),
        string("Name", "Account Name", nillable=False, name_field=True, compound="Name",
               permissionable=False, extra_type="switchablepersonname"),
        picklist("Type", "Account Type", *ACCOUNT_TYPES),
        _record_type(),
        reference("ParentId", "Parent Account ID", "Account", children="ChildAccounts"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        string("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        read_only(url("PhotoUrl", "Photo URL", permissionable=False, extra_type="imageurl")),
        string("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", *INDUSTRIES),
        currency("AnnualRevenue", "Annual Revenue", 18, 0),
        integer("NumberOfEmployees", "Employees"),
        picklist("Ownership", "Ownership", "Public", "Private", "Subsidiary", "Other"),
        string("TickerSymbol", "Ticker Symbol", 20),
        textarea("Description", "Account Description", 32000),
        picklist("Rating", "Account Rating", "Hot", "Warm", "Cold"),
        string("Site", "Account Site", 80),
        owner(),
        *audit(),
        read_only(date("LastActivityDate", "Last Activity", permissionable=False)),
        *viewed(),
        boolean("IsPartner", "Partner Account", createable=False, permissionable=False),
        boolean("IsCustomerPortal", "Customer Portal Account", createable=False, permissionable=False),
        *(
            read_only(string(f"Channel{name}Name", f"Channel {label} Name", filterable=False, sortable=False,
                             permissionable=False))
            for name, label in (("Program", "Program"), ("ProgramLevel", "Program Level"))
        ),
        string("Jigsaw", "Data.com Key", 20),
        read_only(string("JigsawCompanyId", "Jigsaw Company ID", 20, permissionable=False,
                         relationship="JigsawCompany")),
        picklist("CleanStatus", "Clean Status", *CLEAN_STATES, restricted=True),
        picklist("AccountSource", "Account Source", *LEAD_SOURCES),
        string("DunsNumber", "D-U-N-S Number", 9),
        string("Tradestyle", "Tradestyle"),
        string("NaicsCode", "NAICS Code", 8),
        string("NaicsDesc", "NAICS Description", 120),
        string("YearStarted", "Year Started", 4),
        string("SicDesc", "SIC Description", 80),
        reference("DandbCompanyId", "D&B Company ID", "DandBCompany"),
        reference("OperatingHoursId", "Operating Hour ID", "OperatingHours"),
    ),
)  # fmt: skip

CONTACT = SObject(
    "Contact", "Contact", "Contacts", "003", mergeable=True, feed=True,
    fields=(
        identity("Contact"),
        deleted_flag(),
        master_record("Contact"),
        reference("AccountId", "Account ID", "Account", children="Contacts", on_parent_delete="cascade"),
        string("LastName", "Last Name", 80, nillable=False, compound="Name", permissionable=False,
               extra_type="personname"),
        string("FirstName", "First Name", 40, compound="Name", permissionable=False, extra_type="personname"),
        picklist("Salutation", "Salutation", *SALUTATIONS, compound="Name", permissionable=False,
                 extra_type="personname"),
        read_only(string("Name", "Full Name", 121, nillable=False, name_field=True, permissionable=False,
                         extra_type="personname")),
        *address("Other", "Other"),
        *address("Mailing", "Mailing"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        reference("ReportsToId", "Reports To ID", "Contact"),
        email("Email", "Email", id_lookup=True),
        string("Title", "Title", 128),
        string("Department", "Department", 80),
        string("AssistantName", "Assistant's Name", 40),
        picklist("LeadSource", "Lead Source", *LEAD_SOURCES, length=255),
        date("Birthdate", "Birthdate"),
        textarea("Description", "Contact Description", 32000),
        owner(),
        *audit(),
        read_only(date("LastActivityDate", "Last Activity", permissionable=False)),
        read_only(datetime("LastCURequestDate", "Last Stay-in-Touch Request Date", permissionable=False)),
        read_only(datetime("LastCUUpdateDate", "Last Stay-in-Touch Save Date", permissionable=False)),
        *viewed(),
        *bounced(),
        system(boolean("IsEmailBounced", "Is Email Bounced")),
        read_only(url("PhotoUrl", "Photo URL", permissionable=False, extra_type="imageurl")),
        string("Jigsaw", "Data.com Key", 20),
        read_only(string("JigsawContactId", "Jigsaw Contact ID", 20, permissionable=False,
                         relationship="JigsawContact")),
        picklist("CleanStatus", "Clean Status", *CLEAN_STATES, restricted=True),
        reference("IndividualId", "Individual ID", "Individual", permissionable=False),
    ),
)  # fmt: skip

PEOPLE = (ACCOUNT, CONTACT)
