"""Who a token belongs to: the users of an org as OAuth needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.times import from_wire

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Org, Orgs


@dataclass(frozen=True, slots=True)
class Person:
    """One user of one org."""

    org: Org
    row: dict[str, Any]

    @property
    def id(self) -> str:
        found: str = self.row["Id"]
        return found

    def identity_url(self, base: str) -> str:
        return f"{base}/id/{self.org.id}/{self.id}"


def person(org: Org, user_id: str) -> Person | None:
    """The user with that id (18 characters), or None."""
    entity = org.catalog.get("User")
    names = entity.stored_names
    columns = ", ".join(f'"{name}"' for name in names)
    row = org.world.store.row(f'SELECT {columns} FROM "{entity.table}" WHERE "Id" = ?', (user_id,))
    return Person(org, dict(zip(names, row, strict=True))) if row else None


def by_username(orgs: Orgs, username: str) -> Person | None:
    """User names are unique over all orgs."""
    for org in orgs:
        table = org.catalog.get("User").table
        row = org.world.store.row(f'SELECT "Id" FROM "{table}" WHERE "Username" = ?', (username,))
        if row:
            return person(org, row[0])
    return None


def identity(who: Person, base: str) -> dict[str, Any]:
    """The body behind the `id` URL (reference 1.6)."""
    row, org = who.row, who.org
    created = from_wire(row["LastModifiedDate"])
    offset = org.now().astimezone(org.zone).utcoffset()
    rest = f"{base}/services/data/v{{version}}"
    return {
        "id": who.identity_url(base),
        "asserted_user": True,
        "user_id": who.id,
        "organization_id": org.id,
        "username": row["Username"],
        "nick_name": row["CommunityNickname"],
        "display_name": row["Name"],
        "email": row["Email"],
        "email_verified": True,
        "first_name": row["FirstName"],
        "last_name": row["LastName"],
        "timezone": row["TimeZoneSidKey"],
        "photos": {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"},
        "addr_street": row["Street"],
        "addr_city": row["City"],
        "addr_state": row["State"],
        "addr_country": row["Country"],
        "addr_zip": row["PostalCode"],
        "mobile_phone": row["MobilePhone"],
        "mobile_phone_verified": False,
        "status": {"created_date": None, "body": None},
        "urls": {
            "enterprise": f"{base}/services/Soap/c/{{version}}/{org.id[:15]}",
            "metadata": f"{base}/services/Soap/m/{{version}}/{org.id[:15]}",
            "partner": f"{base}/services/Soap/u/{{version}}/{org.id[:15]}",
            "rest": f"{rest}/",
            "sobjects": f"{rest}/sobjects/",
            "search": f"{rest}/search/",
            "query": f"{rest}/query/",
            "recent": f"{rest}/recent/",
            "tooling_soap": f"{base}/services/Soap/T/{{version}}/{org.id[:15]}",
            "tooling_rest": f"{rest}/tooling/",
            "profile": f"{base}/{who.id}",
            "feeds": f"{rest}/chatter/feeds",
            "groups": f"{rest}/chatter/groups",
            "users": f"{rest}/chatter/users",
            "feed_items": f"{rest}/chatter/feed-items",
            "custom_domain": base,
        },
        "active": bool(row["IsActive"]),
        "user_type": "STANDARD",
        "language": row["LanguageLocaleKey"],
        "locale": row["LocaleSidKey"],
        "utcOffset": int(offset.total_seconds() * 1000) if offset else 0,
        "last_modified_date": created.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "is_app_installed": True,
    }


def userinfo(who: Person, base: str) -> dict[str, Any]:
    """The body of `/services/oauth2/userinfo`."""
    row = who.row
    full = identity(who, base)
    return {
        "sub": full["id"],
        "user_id": who.id,
        "organization_id": who.org.id,
        "preferred_username": row["Username"],
        "nickname": row["CommunityNickname"],
        "name": row["Name"],
        "email": row["Email"],
        "email_verified": True,
        "given_name": row["FirstName"],
        "family_name": row["LastName"],
        "zoneinfo": row["TimeZoneSidKey"],
        "photos": full["photos"],
        "profile": f"{base}/{who.id}",
        "picture": full["photos"]["picture"],
        "address": {"country": row["Country"]},
        "urls": full["urls"],
        "active": full["active"],
        "user_type": "STANDARD",
        "language": row["LanguageLocaleKey"],
        "locale": row["LocaleSidKey"],
        "utcOffset": full["utcOffset"],
        "updated_at": full["last_modified_date"],
        "is_app_installed": True,
    }
