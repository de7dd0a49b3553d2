"""Files (Object Reference: ContentVersion): what is published with a record as its first place is attached to it.

Only what a client needs that attaches a file once: no further versions, no libraries, no ContentDocument of its own.
"""

from __future__ import annotations

from .fields import SObject, audit, identity, reference, string, textarea

CONTENT_VERSION = SObject(
    "ContentVersion", "Content Version", "Content Versions", "068", undeletable=False, deletable=False,
    searchable=False, layoutable=False, recent=False,
    fields=(
        identity("ContentVersion"),
        string("Title", "Title", nillable=False, name_field=True),
        string("PathOnClient", "Path On Client", 500, updateable=False),
        textarea("VersionData", "Version Data", 50_000_000),
        textarea("Description", "Description", 1000),
        reference("FirstPublishLocationId", "First Publish Location ID",
                  ("Account", "Opportunity", "Quote", "Order", "Contract"), updateable=False,
                  relationship="FirstPublishLocation"),
        *audit(),
    ),
)  # fmt: skip
FILES = (CONTENT_VERSION,)
