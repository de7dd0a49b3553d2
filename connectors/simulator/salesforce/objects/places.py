"""Countries and states of orgs that have State and Country/Territory Picklists: ISO codes and labels."""

from __future__ import annotations

_US = (
    "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware"
    "|DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas"
    "|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi"
    "|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York"
    "|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island"
    "|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington"
    "|WV West Virginia|WI Wisconsin|WY Wyoming"
)
_CA = (
    "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NT Northwest Territories"
    "|NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon Territories"
)
_COUNTRIES = (
    "US United States|CA Canada|MX Mexico|GB United Kingdom|IE Ireland|DE Germany|FR France|NL Netherlands|ES Spain"
    "|IT Italy|CH Switzerland|AT Austria|AU Australia|NZ New Zealand|JP Japan|IN India|BR Brazil"
)


def _listed(text: str) -> dict[str, str]:
    return dict(one.split(" ", 1) for one in text.split("|"))


COUNTRIES = _listed(_COUNTRIES)
#: States by country code; countries that are not here have none.
STATES = {"US": _listed(_US), "CA": _listed(_CA)}
