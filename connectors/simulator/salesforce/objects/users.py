"""Users, profiles, roles, the organization and record types (reference/salesforce.md 8.6).

Which fields there are comes from the vendor's describe; lengths that no source tells are those commonly seen.
"""

from __future__ import annotations

from .fields import (
    Field,
    SObject,
    address,
    audit,
    boolean,
    datetime,
    email,
    identity,
    integer,
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

#: Switches of a user, shown under their own names.
_PERMISSIONS = (
    "MarketingUser", "OfflineUser", "AvantgoUser", "CallCenterAutoLogin", "MobileUser", "SFContentUser",
    "KnowledgeUser", "InteractionUser", "SupportUser",
)  # fmt: skip
_PREFERENCES = (
    "ActivityRemindersPopup", "EventRemindersCheckboxDefault", "TaskRemindersCheckboxDefault",
    "ReminderSoundOff", "DisableAllFeedsEmail", "DisableFollowersEmail", "DisableProfilePostEmail",
    "DisableChangeCommentEmail", "DisableLaterCommentEmail", "DisProfPostCommentEmail", "ContentNoEmail",
    "ContentEmailAsAndWhen", "ApexPagesDeveloperMode", "HideCSNGetChatterMobileTask",
    "DisableMentionsPostEmail", "DisMentionsCommentEmail", "HideCSNDesktopTask",
    "HideChatterOnboardingSplash", "HideSecondChatterOnboardingSplash", "DisCommentAfterLikeEmail",
    "DisableLikeEmail", "SortFeedByComment", "DisableMessageEmail", "DisableBookmarkEmail",
    "DisableSharePostEmail", "EnableAutoSubForFeeds", "DisableFileShareNotificationsForApi",
    "ShowTitleToExternalUsers", "ShowManagerToExternalUsers", "ShowEmailToExternalUsers",
    "ShowWorkPhoneToExternalUsers", "ShowMobilePhoneToExternalUsers", "ShowFaxToExternalUsers",
    "ShowStreetAddressToExternalUsers", "ShowCityToExternalUsers", "ShowStateToExternalUsers",
    "ShowPostalCodeToExternalUsers", "ShowCountryToExternalUsers", "ShowProfilePicToGuestUsers",
    "ShowTitleToGuestUsers", "ShowCityToGuestUsers", "ShowStateToGuestUsers", "ShowPostalCodeToGuestUsers",
    "ShowCountryToGuestUsers", "HideS1BrowserUI", "DisableEndorsementEmail", "PathAssistantCollapsed",
    "CacheDiagnostics", "ShowEmailToGuestUsers", "ShowManagerToGuestUsers", "ShowWorkPhoneToGuestUsers",
    "ShowMobilePhoneToGuestUsers", "ShowFaxToGuestUsers", "ShowStreetAddressToGuestUsers",
    "LightningExperiencePreferred", "PreviewLightning", "HideEndUserOnboardingAssistantModal",
    "HideLightningMigrationModal", "HideSfxWelcomeMat", "HideBiggerPhotoCallout", "GlobalNavBarWTShown",
    "GlobalNavGridMenuWTShown", "CreateLEXAppsWTShown", "FavoritesWTShown",
    "RecordHomeSectionCollapseWTShown", "RecordHomeReservedWTShown", "FavoritesShowTopFavorites",
    "ExcludeMailAppAttachments", "SuppressTaskSFXReminders", "SuppressEventSFXReminders",
    "PreviewCustomTheme", "HasCelebrationBadge", "UserDebugModePref", "NewLightningReportRunPageEnabled",
)  # fmt: skip
_ORG_PREFERENCES = (
    "RequireOpportunityProducts", "ConsentManagementEnabled", "IndividualAutoCreateEnabled",
    "AutoSelectIndividualOnMerge", "LightningLoginEnabled", "OnlyLLPermUserAllowed", "TransactionSecurityPolicy",
    "TerminateOldestSession",
)  # fmt: skip


def _switches(prefix: str, names: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(boolean(f"{prefix}{name}", name) for name in names)


def _photo(name: str, label: str) -> Field:
    return read_only(url(name, label, 1024, extra_type="imageurl", permissionable=False))


USER = SObject(
    "User", "User", "Users", "005", deletable=False, undeletable=False, feed=True,
    fields=(
        identity("User"),
        string("Username", "Username", 80, nillable=False, id_lookup=True, unique=True),
        string("LastName", "Last Name", 80, nillable=False, compound="Name"),
        string("FirstName", "First Name", 40, compound="Name"),
        read_only(string("Name", "Full Name", 121, nillable=False, name_field=True)),
        string("CompanyName", "Company Name", 80),
        string("Division", "Division", 80),
        string("Department", "Department", 80),
        string("Title", "Title", 80),
        *address("", ""),
        email("Email", "Email", 128, nillable=False),
        *_switches("EmailPreferences", ("AutoBcc", "AutoBccStayInTouch", "StayInTouchReminder")),
        email("SenderEmail", "Email Sender Address"),
        string("SenderName", "Email Sender Name", 80),
        textarea("Signature", "Email Signature", 1333),
        string("StayInTouchSubject", "Stay-in-Touch Email Subject", 80),
        textarea("StayInTouchSignature", "Stay-in-Touch Email Signature", 512),
        string("StayInTouchNote", "Stay-in-Touch Email Note", 512),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        phone("MobilePhone", "Mobile"),
        string("Alias", "Alias", 8, nillable=False),
        string("CommunityNickname", "Nickname", 40, nillable=False, defaulted=True),
        read_only(string("BadgeText", "User Photo badge text overlay", 80)),
        boolean("IsActive", "Active", True),
        picklist("TimeZoneSidKey", "Time Zone", "America/Los_Angeles", "America/New_York", "Europe/London",
                 "Europe/Berlin", "GMT", nillable=False, restricted=False),
        reference("UserRoleId", "Role ID", "UserRole"),
        picklist("LocaleSidKey", "Locale", "en_US", "en_GB", "de_DE", nillable=False),
        boolean("ReceivesInfoEmails", "Info Emails"),
        boolean("ReceivesAdminInfoEmails", "Admin Info Emails"),
        picklist("EmailEncodingKey", "Email Encoding", "UTF-8", "ISO-8859-1", nillable=False),
        reference("ProfileId", "Profile ID", "Profile", nillable=False),
        read_only(picklist("UserType", "User Type", "Standard", "Guest", "AutomatedProcess")),
        picklist("LanguageLocaleKey", "Language", "en_US", "de", "fr", nillable=False),
        string("EmployeeNumber", "Employee Number", 20),
        reference("DelegatedApproverId", "Delegated Approver ID", ("Group", "User"), relationship=None),
        reference("ManagerId", "Manager ID", "User", children="ManagedUsers"),
        read_only(datetime("LastLoginDate", "Last Login")),
        read_only(datetime("LastPasswordChangeDate", "Last Password Change or Reset")),
        *audit(),
        read_only(datetime("OfflineTrialExpirationDate", "Offline Edition Trial Expiration Date")),
        read_only(datetime("OfflinePdaTrialExpirationDate", "Sales Anywhere Trial Expiration Date")),
        *_switches("UserPermissions", _PERMISSIONS),
        boolean("ForecastEnabled", "Allow Forecasting"),
        *_switches("UserPreferences", _PREFERENCES),
        reference("ContactId", "Contact ID", "Contact"),
        read_only(reference("AccountId", "Account ID", "Account")),
        reference("CallCenterId", "Call Center ID", "CallCenter", relationship=None),
        phone("Extension", "Extension"),
        read_only(picklist("PortalRole", "Portal Role Level", "Executive", "Manager", "User", "PersonAccount")),
        boolean("IsPortalEnabled", "Portal User", createable=False),
        read_only(boolean("IsPortalSelfRegistered", "Portal Self-Registered")),
        string("FederationIdentifier", "SAML Federation ID", 512, unique=True),
        textarea("AboutMe", "About Me", 1000),
        _photo("FullPhotoUrl", "Url for full-sized Photo"),
        _photo("SmallPhotoUrl", "Photo"),
        read_only(boolean("IsExtIndicatorVisible", "Show external indicator")),
        string("OutOfOfficeMessage", "Out of office message", 40),
        _photo("MediumPhotoUrl", "Url for medium profile photo"),
        picklist("DigestFrequency", "Chatter Email Highlights Frequency", "D", "W", "N", default="D",
                 nillable=False, defaulted=True),
        picklist("DefaultGroupNotificationFrequency", "Default Notification Frequency when Joining Groups",
                 "P", "D", "W", "N", default="N", nillable=False, defaulted=True),
        *viewed(),
        _photo("BannerPhotoUrl", "Url for banner photo"),
        _photo("SmallBannerPhotoUrl", "Url for IOS banner photo"),
        _photo("MediumBannerPhotoUrl", "Url for Android banner photo"),
        read_only(boolean("IsProfilePhotoActive", "Has Profile Photo")),
        reference("IndividualId", "Individual ID", "Individual"),
    ),
)  # fmt: skip

PROFILE = SObject(
    "Profile", "Profile", "Profiles", "00e", createable=False, updateable=False, deletable=False,
    undeletable=False, replicateable=False,
    fields=(
        identity("Profile"),
        string("Name", "Name", 255, nillable=False, name_field=True),
        string("Description", "Description"),
        read_only(string("UserType", "User Type", 40)),
        boolean("PermissionsApiEnabled", "API Enabled", True),
        boolean("PermissionsModifyAllData", "Modify All Data", True),
        boolean("PermissionsViewAllData", "View All Data", True),
        *audit(),
    ),
)  # fmt: skip

USER_ROLE = SObject(
    "UserRole", "Role", "Roles", "00E", undeletable=False, replicateable=False,
    fields=(
        identity("Role"),
        string("Name", "Name", 80, nillable=False, name_field=True),
        reference("ParentRoleId", "Parent Role ID", "UserRole", relationship=None),
        string("RollupDescription", "Description", 80),
        *(
            picklist(f"{name}AccessForAccountOwner", f"{name} Access Level for Account Owner", "None", "Read",
                     "Edit", default="Edit", nillable=name != "Opportunity", defaulted=name == "Opportunity")
            for name in ("Opportunity", "Case", "Contact")
        ),
        read_only(reference("ForecastUserId", "User ID", "User", relationship=None)),
        read_only(boolean("MayForecastManagerShare", "May Forecast Manager Share")),
        string("DeveloperName", "Developer Name", 80),
        *audit(),
        read_only(reference("PortalAccountId", "Portal Account ID", "Account", relationship=None)),
        read_only(picklist("PortalType", "Portal Type", "None", "CustomerPortal", "Partner")),
        read_only(picklist("PortalRole", "Portal Role", "Executive", "Manager", "Worker", "PersonAccount")),
        read_only(reference("PortalAccountOwnerId", "User ID", "User", relationship=None)),
    ),
)  # fmt: skip

ORGANIZATION = SObject(
    "Organization", "Organization", "Organizations", "00D", createable=False, deletable=False,
    undeletable=False, searchable=False, layoutable=False, triggerable=False, recent=False,
    fields=(
        identity("Organization"),
        string("Name", "Name", 80, nillable=False, name_field=True),
        string("Division", "Division", 80),
        *address("", ""),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        string("PrimaryContact", "Primary Contact", 80),
        picklist("DefaultLocaleSidKey", "Locale", "en_US", "en_GB", "de_DE", nillable=False),
        picklist("TimeZoneSidKey", "Time Zone", "America/Los_Angeles", "America/New_York", "Europe/London",
                 nillable=False),
        picklist("LanguageLocaleKey", "Language", "en_US", "de", "fr", nillable=False),
        boolean("ReceivesInfoEmails", "Info Emails", True),
        boolean("ReceivesAdminInfoEmails", "Info Emails Admin", True),
        *(read_only(one) for one in _switches("Preferences", _ORG_PREFERENCES)),
        integer("FiscalYearStartMonth", "Fiscal Year Starts In", default=1),
        boolean("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start"),
        picklist("DefaultAccountAccess", "Default Account Access", "Edit", "Read", "None"),
        picklist("DefaultContactAccess", "Default Contact Access", "ControlledByParent", "Edit", "Read"),
        picklist("DefaultOpportunityAccess", "Default Opportunity Access", "Edit", "Read", "None"),
        picklist("DefaultLeadAccess", "Default Lead Access", "ReadEditTransfer", "Read", "None"),
        picklist("DefaultCaseAccess", "Default Case Access", "ReadEditTransfer", "Read", "None"),
        picklist("DefaultCalendarAccess", "Default Calendar Access", "HideDetailsInsert"),
        picklist("DefaultPricebookAccess", "Default Price Book Access", "ReadSelect"),
        picklist("DefaultCampaignAccess", "Default Campaign Access", "All", "Edit"),
        system(datetime("SystemModstamp", "System Modstamp")),
        email("ComplianceBccEmail", "Compliance BCC Email"),
        picklist("UiSkin", "UI Skin", "Theme3"),
        read_only(string("SignupCountryIsoCode", "Signup Country", 2)),
        read_only(datetime("TrialExpirationDate", "Trial Expiration Date")),
        read_only(integer("NumKnowledgeService", "Knowledge Licenses")),
        read_only(picklist("OrganizationType", "Edition", "Team Edition", "Professional Edition",
                           "Enterprise Edition", "Developer Edition", "Unlimited Edition")),
        read_only(string("NamespacePrefix", "Namespace Prefix", 15)),
        read_only(string("InstanceName", "Instance Name", 5)),
        read_only(boolean("IsSandbox", "Is Sandbox")),
        url("DelegatedAuthenticationServiceUrl", "Delegated Gateway URL"),
        picklist("WebToCaseDefaultOrigin", "Web to Cases Default Origin", "Phone", "Email", "Web"),
        read_only(integer("MonthlyPageViewsUsed", "Monthly Page Views Used")),
        read_only(integer("MonthlyPageViewsEntitlement", "Monthly Page Views Allowed")),
        read_only(boolean("IsReadOnly", "Is Read Only")),
        *audit()[:4],
    ),
)  # fmt: skip

RECORD_TYPE = SObject(
    "RecordType", "Record Type", "Record Types", "012", deletable=False, undeletable=False,
    replicateable=True, searchable=False,
    fields=(
        identity("Record Type"),
        string("Name", "Name", 80, nillable=False, name_field=True),
        string("DeveloperName", "Record Type Name", 80, nillable=False),
        read_only(string("NamespacePrefix", "Namespace Prefix", 15)),
        string("Description", "Description"),
        reference("BusinessProcessId", "Business Process ID", "BusinessProcess", relationship=None),
        picklist("SobjectType", "SObject Type Name", "Account", "Contact", "Opportunity", "Product2",
                 nillable=False, updateable=False),
        boolean("IsActive", "Active", True),
        *audit(),
    ),
)  # fmt: skip

USERS = (USER, PROFILE, USER_ROLE, ORGANIZATION, RECORD_TYPE)
