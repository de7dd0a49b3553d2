"""The metadata types that packages may hold: folder, suffix, and whether a meta file goes along (describeMetadata)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One type. A bundle is a folder of its own below `folder`."""

    name: str
    folder: str
    suffix: str
    meta_file: bool = False
    bundle: bool = False
    #: Id prefix of its row in the Tooling API, where it has one.
    tooling: str = ""


KINDS = (
    Kind("CustomObject", "objects", "object"),
    Kind("ApexClass", "classes", "cls", meta_file=True),
    Kind("ApexTrigger", "triggers", "trigger", meta_file=True),
    Kind("ApexPage", "pages", "page", meta_file=True),
    Kind("LightningComponentBundle", "lwc", "", bundle=True),
    Kind("AuraDefinitionBundle", "aura", "", bundle=True),
    Kind("PermissionSet", "permissionsets", "permissionset"),
    Kind("Layout", "layouts", "layout"),
    Kind("CustomTab", "tabs", "tab"),
    Kind("CustomApplication", "applications", "app"),
    Kind("FlexiPage", "flexipages", "flexipage"),
    Kind("Flow", "flows", "flow"),
    Kind("Workflow", "workflows", "workflow"),
    Kind("NamedCredential", "namedCredentials", "namedCredential"),
    Kind("ExternalCredential", "externalCredentials", "externalCredential"),
    Kind("RemoteSiteSetting", "remoteSiteSettings", "remoteSite"),
    Kind("CspTrustedSite", "cspTrustedSites", "cspTrustedSite"),
    Kind("CustomLabels", "labels", "labels"),
    Kind("StaticResource", "staticresources", "resource", meta_file=True),
    Kind("QuickAction", "quickActions", "quickAction"),
    Kind("PlatformEventChannelMember", "platformEventChannelMembers", "platformEventChannelMember"),
    Kind("ExternalClientApplication", "externalClientApps", "eca"),
)
BY_FOLDER = {kind.folder: kind for kind in KINDS}
BY_NAME = {kind.name: kind for kind in KINDS}
#: Types that live inside another type's file.
INSIDE = {"CustomField": "fields", "ValidationRule": "validationRules", "ListView": "listViews"}
INSIDE_WORKFLOW = {"WorkflowOutboundMessage": "outboundMessages", "WorkflowRule": "rules"}
