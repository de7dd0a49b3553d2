"""Leads, cases, activities, campaigns and contracts: stored and checked by their fields (reference/salesforce.md 8)."""

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
    double,
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
from .people import CLEAN_STATES, INDUSTRIES, LEAD_SOURCES, SALUTATIONS, bounced, master_record

_QUEUED = ("Group", "User")


def _last_activity() -> Field:
    return read_only(date("LastActivityDate", "Last Activity", permissionable=False))


LEAD = SObject(
    "Lead", "Lead", "Leads", "00Q", mergeable=True, feed=True,
    fields=(
        identity("Lead"),
        deleted_flag(),
        master_record("Lead"),
        string("LastName", "Last Name", 80, nillable=False, compound="Name", permissionable=False,
               extra_type="personname"),
        string("FirstName", "First Name", 40, compound="Name", permissionable=False, extra_type="personname"),
        picklist("Salutation", "Salutation", *SALUTATIONS, compound="Name", permissionable=False,
                 extra_type="personname"),
        read_only(string("Name", "Full Name", 121, nillable=False, name_field=True, permissionable=False,
                         extra_type="personname")),
        string("Title", "Title", 128),
        string("Company", "Company", nillable=False, permissionable=False),
        *address("", ""),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        email("Email", "Email", id_lookup=True),
        url("Website", "Website"),
        read_only(url("PhotoUrl", "Photo URL", permissionable=False, extra_type="imageurl")),
        textarea("Description", "Description", 32000),
        picklist("LeadSource", "Lead Source", *LEAD_SOURCES, length=255),
        picklist("Status", "Status", "Open - Not Contacted", "Working - Contacted", "Closed - Converted",
                 "Closed - Not Converted", length=255, default="Open - Not Contacted", nillable=False,
                 defaulted=True, permissionable=False),
        picklist("Industry", "Industry", *INDUSTRIES, length=255),
        picklist("Rating", "Rating", "Hot", "Warm", "Cold", length=255),
        currency("AnnualRevenue", "Annual Revenue", 18, 0),
        integer("NumberOfEmployees", "Employees"),
        owner(targets=_QUEUED),
        boolean("IsConverted", "Converted", updateable=False, permissionable=False),
        read_only(date("ConvertedDate", "Converted Date", permissionable=False)),
        *(
            read_only(reference(f"Converted{name}Id", f"Converted {name} ID", name, permissionable=False))
            for name in ("Account", "Contact", "Opportunity")
        ),
        boolean("IsUnreadByOwner", "Unread By Owner", permissionable=False),
        *audit(),
        _last_activity(),
        *viewed(),
        string("Jigsaw", "Data.com Key", 20),
        read_only(string("JigsawContactId", "Jigsaw Contact ID", 20, permissionable=False,
                         relationship="JigsawContact")),
        picklist("CleanStatus", "Clean Status", *CLEAN_STATES, restricted=True),
        string("CompanyDunsNumber", "Company D-U-N-S Number", 9),
        reference("DandbCompanyId", "D&B Company ID", "DandBCompany"),
        *bounced(createable=False),
        reference("IndividualId", "Individual ID", "Individual", permissionable=False),
    ),
)  # fmt: skip

CASE = SObject(
    "Case", "Case", "Cases", "500", feed=True,
    fields=(
        identity("Case"),
        deleted_flag(),
        master_record("Case"),
        read_only(string("CaseNumber", "Case Number", 30, nillable=False, name_field=True, defaulted=True,
                         auto_number="{00000000}", id_lookup=True, groupable=False, permissionable=False)),
        reference("ContactId", "Contact ID", "Contact", children="Cases", on_parent_delete="restrict"),
        reference("AccountId", "Account ID", "Account", children="Cases", on_parent_delete="restrict"),
        reference("AssetId", "Asset ID", "Asset"),
        reference("ParentId", "Parent Case ID", "Case", children="Cases"),
        string("SuppliedName", "Name", 80),
        email("SuppliedEmail", "Email Address"),
        string("SuppliedPhone", "Phone", 40),
        string("SuppliedCompany", "Company", 80),
        picklist("Type", "Case Type", "Mechanical", "Electrical", "Electronic", "Structural", "Other"),
        picklist("Status", "Status", "New", "Working", "Escalated", "Closed", default="New",
                 defaulted=True, permissionable=False),
        picklist("Reason", "Case Reason", "Installation", "Performance", "Other"),
        picklist("Origin", "Case Origin", "Phone", "Email", "Web"),
        string("Subject", "Subject"),
        picklist("Priority", "Priority", "High", "Medium", "Low", default="Medium", defaulted=True),
        textarea("Description", "Description", 32000),
        system(boolean("IsClosed", "Closed")),
        read_only(datetime("ClosedDate", "Closed Date")),
        boolean("IsEscalated", "Escalated"),
        owner(targets=_QUEUED),
        *audit(),
        *(
            read_only(phone(f"Contact{name}", f"Contact {name}", permissionable=False))
            for name in ("Phone", "Mobile", "Fax")
        ),
        read_only(email("ContactEmail", "Contact Email", permissionable=False)),
        textarea("Comments", "Internal Comments", 4000, sortable=True, aggregatable=True, permissionable=False),
        *viewed(),
    ),
)  # fmt: skip


def _activity(name: str, label: str, plural: str, prefix: str, *own: Field) -> SObject:
    return SObject(
        name, label, plural, prefix, feed=True, mergeable=name == "Event",
        fields=(
            identity(label),
            reference("WhoId", "Name ID", ("Contact", "Lead"), children=plural, on_parent_delete="cascade"),
            reference("WhatId", "Related To ID", ("Account", "Opportunity", "Case", "Product2", "Order", "Quote",
                      "Contract", "Campaign"), children=plural, on_parent_delete="cascade"),
            string("Subject", "Subject", 255, name_field=True),
            owner(),
            textarea("Description", "Description", 32000),
            read_only(reference("AccountId", "Account ID", "Account")),
            *own,
            deleted_flag(),
            *audit(),
        ),
    )  # fmt: skip


#: When a task comes again.
_RECURRENCE = (
    read_only(reference("RecurrenceActivityId", "Recurrence Activity ID", "Task", relationship=None)),
    boolean("IsRecurrence", "Create Recurring Series of Tasks", updateable=False),
    date("RecurrenceStartDateOnly", "Recurrence Start"),
    date("RecurrenceEndDateOnly", "Recurrence End"),
    picklist("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", "America/Los_Angeles", "America/New_York",
             "Europe/London", "GMT"),
    picklist("RecurrenceType", "Recurrence Type", "RecursDaily", "RecursEveryWeekday", "RecursMonthly",
             "RecursMonthlyNth", "RecursWeekly", "RecursYearly", "RecursYearlyNth"),
    integer("RecurrenceInterval", "Recurrence Interval", 9),
    integer("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", 9),
    integer("RecurrenceDayOfMonth", "Recurrence Day of Month", 9),
    picklist("RecurrenceInstance", "Recurrence Instance", "First", "Second", "Third", "Fourth", "Last"),
    picklist("RecurrenceMonthOfYear", "Recurrence Month of Year", "January", "February", "March", "April", "May",
             "June", "July", "August", "September", "October", "November", "December"),
    picklist("RecurrenceRegeneratedType", "Repeat This Task", "RecurrenceRegenerateAfterDueDate",
             "RecurrenceRegenerateAfterToday", "RecurrenceRegenerated"),
)  # fmt: skip

TASK = _activity(
    "Task", "Task", "Tasks", "00T",
    date("ActivityDate", "Due Date Only"),
    picklist("Status", "Status", "Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred",
             default="Not Started", nillable=False, defaulted=True),
    picklist("Priority", "Priority", "High", "Normal", "Low", default="Normal", nillable=False, defaulted=True),
    system(boolean("IsClosed", "Closed")),
    system(boolean("IsHighPriority", "High Priority")),
    system(boolean("IsArchived", "Archived")),
    integer("CallDurationInSeconds", "Call Duration"),
    picklist("CallType", "Call Type", "Internal", "Inbound", "Outbound"),
    string("CallDisposition", "Call Result"),
    string("CallObject", "Call Object Identifier"),
    datetime("ReminderDateTime", "Reminder Date/Time"),
    boolean("IsReminderSet", "Reminder Set"),
    *_RECURRENCE,
    picklist("TaskSubtype", "Task Subtype", "Task", "Email", "Call", "ListEmail", default="Task",
             updateable=False),
)  # fmt: skip

EVENT = _activity(
    "Event", "Event", "Events", "00U",
    string("Location", "Location"),
    boolean("IsAllDayEvent", "All-Day Event"),
    datetime("ActivityDateTime", "Due Date Time"),
    date("ActivityDate", "Due Date Only"),
    integer("DurationInMinutes", "Duration"),
    datetime("StartDateTime", "Start Date Time"),
    datetime("EndDateTime", "End Date Time"),
    boolean("IsPrivate", "Private"),
)  # fmt: skip

CAMPAIGN = SObject(
    "Campaign", "Campaign", "Campaigns", "701", feed=True,
    fields=(
        identity("Campaign"),
        deleted_flag(),
        string("Name", "Name", 80, nillable=False, name_field=True),
        reference("ParentId", "Parent Campaign ID", "Campaign", children="ChildCampaigns"),
        picklist("Type", "Type", "Conference", "Webinar", "Trade Show", "Email", "Other"),
        picklist("Status", "Status", "Planned", "In Progress", "Completed", "Aborted", default="Planned"),
        date("StartDate", "Start Date"),
        date("EndDate", "End Date"),
        currency("ExpectedRevenue", "Expected Revenue", 18, 0),
        currency("BudgetedCost", "Budgeted Cost", 18, 0),
        currency("ActualCost", "Actual Cost", 18, 0),
        double("ExpectedResponse", "Expected Response (%)", 10, 2),
        double("NumberSent", "Num Sent", 18, 0),
        boolean("IsActive", "Active"),
        textarea("Description", "Description", 32000),
        *(
            read_only(integer(name, label, nillable=False, default=0))
            for name, label in (
                ("NumberOfLeads", "Leads in Campaign"),
                ("NumberOfConvertedLeads", "Converted Leads in Campaign"),
                ("NumberOfContacts", "Contacts in Campaign"),
                ("NumberOfResponses", "Responses in Campaign"),
                ("NumberOfOpportunities", "Opportunities in Campaign"),
                ("NumberOfWonOpportunities", "Won Opportunities in Campaign"),
            )
        ),
        read_only(currency("AmountAllOpportunities", "Value Opportunities in Campaign", 18, 0, nillable=False,
                           default=0)),
        read_only(currency("AmountWonOpportunities", "Value Won Opportunities in Campaign", 18, 0, nillable=False,
                           default=0)),
        owner(),
        *audit(),
        _last_activity(),
        *viewed(),
        reference("CampaignMemberRecordTypeId", "Record Type ID", "RecordType"),
    ),
)  # fmt: skip

CONTRACT = SObject(
    "Contract", "Contract", "Contracts", "800", feed=True,
    fields=(
        identity("Contract"),
        reference("AccountId", "Account ID", "Account", nillable=False, children="Contracts",
                  on_parent_delete="cascade"),
        date("StartDate", "Contract Start Date"),
        read_only(date("EndDate", "Contract End Date")),
        picklist("OwnerExpirationNotice", "Owner Expiration Notice", "15", "30", "45", "60", "90", "120"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        integer("ContractTerm", "Contract Term"),
        owner(),
        picklist("Status", "Status", "In Approval Process", "Activated", "Draft", default="Draft",
                 nillable=False, defaulted=True),
        reference("CompanySignedId", "Company Signed By ID", "User"),
        date("CompanySignedDate", "Company Signed Date"),
        reference("CustomerSignedId", "Customer Signed By ID", "Contact", children="ContractsSigned"),
        string("CustomerSignedTitle", "Customer Signed Title", 40),
        date("CustomerSignedDate", "Customer Signed Date"),
        textarea("SpecialTerms", "Special Terms", 4000),
        read_only(reference("ActivatedById", "Activated By ID", "User")),
        read_only(datetime("ActivatedDate", "Activated Date")),
        read_only(picklist("StatusCode", "Status Category", "Draft", "InApproval", "Activated", nillable=False)),
        textarea("Description", "Description", 32000),
        deleted_flag(),
        read_only(string("ContractNumber", "Contract Number", 30, nillable=False, name_field=True,
                         defaulted=True, auto_number="{00000000}", id_lookup=True)),
        read_only(datetime("LastApprovedDate", "Last Approved Date")),
        *audit(),
        _last_activity(),
        *viewed(),
    ),
)  # fmt: skip

MARKETING = (LEAD, CASE, TASK, EVENT, CAMPAIGN, CONTRACT)
