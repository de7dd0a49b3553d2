"""Customer, Vendor and Employee: the three lists that share ids and names (quickbooks.md 3.1.7, 3.3, 3.4)."""

from __future__ import annotations

from connectors.simulator.quickbooks.model import Entity, parse_fields

META = "domain str r; sparse bool; Id str FO; SyncToken str; MetaData ModificationMetaData r; status str r"
_PERSON = """Title str(16); GivenName str(100) FO; MiddleName str(100) FO; FamilyName str(100) FO; Suffix str(16) F
FullyQualifiedName str FOr; CompanyName str(100) FO; DisplayName str(500) FO; PrintOnCheckName str(110) FO
Active bool FO; V4IDPseudonym str r; PrimaryPhone TelephoneNumber; AlternatePhone TelephoneNumber
Mobile TelephoneNumber; Fax TelephoneNumber; PrimaryEmailAddr EmailAddress; WebAddr WebSiteAddress
CustomField [CustomField]; AttachableRef [AttachableRef]; IntuitId str; Organization bool; UserId str
OtherContactInfo [ContactInfo]; ContactName str; AltContactName str; OtherAddr [PhysicalAddress]"""

CUSTOMER = Entity(
    name="Customer",
    kind="list",
    sequence="names",
    name_field="DisplayName",
    name_family="names",
    fields=parse_fields(
        f"""Taxable bool; BillAddr PhysicalAddress; ShipAddr PhysicalAddress; Notes str(2000); Job bool
        BillWithParent bool; RootCustomerRef ref; ParentRef ref; Level int r; CustomerTypeRef ref; SalesTermRef ref
        PaymentMethodRef ref; Balance num FOr; OpenBalanceDate date; BalanceWithJobs num Or; CurrencyRef ref
        PreferredDeliveryMethod str; IsProject bool r; ClientEntityId str r; {META}; {_PERSON}
        DefaultTaxCodeRef ref; ResaleNum str(16); TaxExemptionReasonId str; SecondaryTaxIdentifier str(20)
        PrimaryTaxIdentifier str(20); ARAccountRef ref; BusinessNumber str(10); GSTIN str(15)
        GSTRegistrationType str(15); IsCISContractor bool; ClientCompanyId str; Source str; TaxRegime str
        SalesRepRef ref; TaxGroupCodeRef ref; TaxRateRef ref; CCDetail any; PriceLevelRef ref; CreditLimit num
        AcctNum str; OverDueBalance num; TotalRevenue num; TotalExpense num; JobInfo any; TDSEnabled bool
        CustomerEx any"""
    ),
    default_order=("FullyQualifiedName", False),
    events=frozenset({"Create", "Update", "Delete", "Merge"}),
    hierarchy_flag="Job",
    reference_word="Names",
    forbidden_in_name=":\t\n",
)

VENDOR = Entity(
    name="Vendor",
    kind="list",
    sequence="names",
    name_field="DisplayName",
    name_family="names",
    fields=parse_fields(
        f"""BillAddr PhysicalAddress; TaxIdentifier str(20); TermRef ref; Balance num FOr; AcctNum str(100)
        Vendor1099 bool; CurrencyRef ref; {META}; {_PERSON}; OpenBalanceDate date; BillRate num; CostRate num
        APAccountRef ref; T4AEligible bool; T5018Eligible bool; HasTPAR bool; VendorPaymentBankDetail any
        BusinessNumber str; GSTIN str; GSTRegistrationType str; Source str; TaxReportingBasis str; Notes str
        DefaultTaxCodeRef ref; ShipAddr PhysicalAddress; TaxCountry str; TaxIdEffectiveDate date; ParentRef ref
        VendorTypeRef ref; PrefillAccountRef ref; CreditLimit num; TDSEnabled bool; TDSEntityTypeId int
        TDSSectionTypeId int; TDSOverrideThreshold bool; VendorEx any; IsSubContractor bool; SubcontractorType str
        CISRate str; CompanyRegistrationNumber str; AgencyVerificationStatus str; AgencyVerificationStatusMsg str
        AgencyVerificationTSUTC time"""
    ),
    default_order=("DisplayName", False),
    events=frozenset({"Create", "Update", "Delete", "Merge"}),
    reference_word="Names",
    forbidden_in_name=":\t\n",
)

EMPLOYEE = Entity(
    name="Employee",
    kind="list",
    sequence="names",
    name_field="DisplayName",
    name_family="names",
    fields=parse_fields(
        f"""SSN str(100); PrimaryAddr PhysicalAddress; BillableTime bool; BillRate num; BirthDate date
        Gender enum(Male|Female); HiredDate date; ReleasedDate date; {META}; {_PERSON}; EmployeeNumber str(100)
        EmployeeType str; UseTimeEntry str; CostRate num; Notes str; DefaultTaxCodeRef ref; EmployeeEx any"""
    ),
    default_order=("DisplayName", False),
    events=frozenset({"Create", "Update", "Delete", "Merge"}),
    reference_word="Names",
    forbidden_in_name=":\t\n",
)
