"""Neutral facts that both stand-ins are seeded from, so that some QuickBooks customers are Salesforce accounts.

Nothing here knows a vendor's fields. `business(n)` is the same company on both sides, for ever; each stand-in decides
how it writes it down. Plans: `empty`, `small` (two dozen businesses and the ones that teach) or a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

SMALL_COUNT = 24

_FIRST = [
    "Alder",
    "Amber",
    "Anchor",
    "Apex",
    "Arbor",
    "Ashford",
    "Aspen",
    "Atlas",
    "Aurora",
    "Bayview",
    "Beacon",
    "Birch",
    "Blue",
    "Bold",
    "Bramble",
    "Bridge",
    "Bright",
    "Brook",
    "Canyon",
    "Cascade",
    "Cedar",
    "Chestnut",
    "Clear",
    "Cliff",
    "Clover",
    "Cobalt",
    "Copper",
    "Coral",
    "Crest",
    "Crown",
    "Crystal",
    "Delta",
    "Dune",
    "Eagle",
    "East",
    "Elm",
    "Ember",
    "Evergreen",
    "Fairview",
    "Falcon",
    "Fern",
    "First",
    "Forge",
    "Fox",
    "Garnet",
    "Glen",
    "Golden",
    "Granite",
    "Green",
    "Grove",
    "Harbor",
    "Haven",
    "Hazel",
    "Heritage",
    "High",
    "Hollow",
    "Horizon",
    "Indigo",
    "Iron",
    "Ivy",
    "Jade",
    "Juniper",
    "Keystone",
    "Lake",
    "Lantern",
    "Laurel",
    "Liberty",
    "Linden",
    "Lunar",
    "Magnolia",
    "Maple",
    "Meadow",
    "Mesa",
    "Metro",
    "Midland",
    "Mill",
    "Mission",
    "Monarch",
    "Moss",
    "Noble",
    "North",
    "Oak",
    "Ocean",
    "Onyx",
    "Orchard",
    "Osprey",
]
_SECOND = [
    "Analytics",
    "Apparel",
    "Architects",
    "Audio",
    "Auto",
    "Bakery",
    "Bicycles",
    "Botanics",
    "Brewing",
    "Builders",
    "Cabinets",
    "Catering",
    "Ceramics",
    "Chemicals",
    "Clinics",
    "Coffee",
    "Components",
    "Consulting",
    "Controls",
    "Cosmetics",
    "Couriers",
    "Creative",
    "Dairy",
    "Data",
    "Dental",
    "Design",
    "Distribution",
    "Dynamics",
    "Electric",
    "Electronics",
    "Energy",
    "Engineering",
    "Events",
    "Fabrics",
    "Farms",
    "Films",
    "Fitness",
    "Flooring",
    "Foods",
    "Freight",
    "Furniture",
    "Gardens",
    "Glass",
    "Graphics",
    "Hardware",
    "Health",
    "Heating",
    "Homes",
    "Imports",
    "Instruments",
    "Interiors",
    "Irrigation",
]
_THIRD = (
    "Inc.",
    "LLC",
    "Group",
    "& Sons",
    "Company",
    "Partners",
    "Works",
    "Supply",
    "Services",
    "Collective",
    "International",
    "Labs",
    "Systems",
    "Holdings",
    "Brothers",
    "Trading",
    "Solutions",
    "Studio",
    "Outlet",
    "Cooperative",
    "of the West",
    "Direct",
    "Depot",
    "Associates",
)
_GIVEN = [
    "Ada",
    "Alan",
    "Amira",
    "Ana",
    "Ben",
    "Bela",
    "Carla",
    "Chen",
    "Dana",
    "Devon",
    "Elena",
    "Elif",
    "Emeka",
    "Farah",
    "Felix",
    "Gina",
    "Grace",
    "Hugo",
    "Ines",
    "Ivan",
    "Jada",
    "Jonas",
    "Kai",
    "Kira",
    "Lena",
    "Liam",
    "Lucia",
    "Malik",
    "Mara",
    "Milo",
    "Nadia",
    "Noah",
    "Olga",
    "Omar",
    "Petra",
    "Priya",
    "Quinn",
    "Rosa",
    "Sami",
    "Sara",
    "Tara",
    "Theo",
    "Uma",
    "Vera",
    "Victor",
    "Wanda",
    "Will",
    "Yara",
    "Yuki",
    "Zane",
]
_FAMILY = [
    "Abbott",
    "Alvarez",
    "Banerjee",
    "Becker",
    "Bishop",
    "Castillo",
    "Chandra",
    "Costa",
    "Dalton",
    "Duarte",
    "Egan",
    "Espinoza",
    "Farrell",
    "Ferreira",
    "Garza",
    "Gupta",
    "Hahn",
    "Hughes",
    "Ibarra",
    "Ito",
    "Jensen",
    "Johansson",
    "Kaplan",
    "Kowalski",
    "Lam",
    "Lindqvist",
    "Mancini",
    "Mbeki",
    "Nakamura",
    "Novak",
    "Okafor",
    "Ortega",
    "Patel",
    "Pereira",
    "Quigley",
    "Rahman",
    "Reyes",
    "Sato",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Torres",
    "Underwood",
    "Vargas",
    "Walsh",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Zimmer",
]
_PLACES = (
    ("Austin", "TX", "Texas", "78701", "512"),
    ("Boise", "ID", "Idaho", "83702", "208"),
    ("Boston", "MA", "Massachusetts", "02108", "617"),
    ("Chicago", "IL", "Illinois", "60603", "312"),
    ("Denver", "CO", "Colorado", "80202", "303"),
    ("Fresno", "CA", "California", "93721", "559"),
    ("Madison", "WI", "Wisconsin", "53703", "608"),
    ("Oakland", "CA", "California", "94607", "510"),
    ("Phoenix", "AZ", "Arizona", "85004", "602"),
    ("Portland", "OR", "Oregon", "97204", "503"),
    ("Reno", "NV", "Nevada", "89501", "775"),
    ("San Jose", "CA", "California", "95113", "408"),
    ("Seattle", "WA", "Washington", "98101", "206"),
    ("Tampa", "FL", "Florida", "33602", "813"),
    ("Tucson", "AZ", "Arizona", "85701", "520"),
)
_STREETS = [
    "Main St.",
    "Market St.",
    "Oak Ave.",
    "Pine St.",
    "Mission Blvd.",
    "River Rd.",
    "Lakeside Dr.",
    "Elm St.",
    "Harbor Way",
]
_INDUSTRIES = (
    "Agriculture",
    "Apparel",
    "Construction",
    "Consulting",
    "Energy",
    "Food & Beverage",
    "Healthcare",
    "Manufacturing",
    "Retail",
    "Technology",
    "Transportation",
)


@dataclass(frozen=True)
class Business:
    """One company as a person would know it. `books_name` is how the books spell it; `in_books` whether they have it.

    lesson: empty, or what the record teaches: `name_of_a_vendor`, `inactive_twin`, `field_too_long`.
    """

    number: int
    name: str
    books_name: str
    in_books: bool
    phone: str
    website: str
    email: str
    street: str
    city: str
    state_code: str
    state_name: str
    postal_code: str
    country_code: str
    country_name: str
    industry: str
    employees: int
    contact_given: str
    contact_family: str
    contact_email: str
    contact_phone: str
    lesson: str = ""


@dataclass(frozen=True)
class Product:
    """One thing that is sold: code, name, description, list price as text (exact).

    in_books: `code` (the books have it under its code), `name` (only under its name), `inactive`, or empty (not there).
    """

    code: str
    name: str
    description: str
    price: str
    service: bool
    in_books: str = ""
    discontinued: bool = False


PRODUCTS = (
    Product("SVC-DES", "Garden Design", "Custom garden design, per hour", "75.00", True, "code"),
    Product("SVC-INS", "Fountain Installation", "Installation on site, per hour", "50.00", True, "code"),
    Product("SVC-CARE", "Seasonal Care", "Seasonal care of beds and lawns", "120.00", True),
    Product("SVC-PEST", "Pest Inspection", "Inspection and report", "35.00", True),
    Product("FTN-ROCK", "Rock Fountain Kit", "Rock fountain, complete", "275.00", False, "code"),
    Product("FTN-PUMP", "Fountain Pump P2", "Pump for fountains up to two metres", "15.00", False),
    Product("IRR-HEAD", "Sprinkler Head Set", "Set of four sprinkler heads", "8.00", False, "code"),
    Product("IRR-PIPE", "Sprinkler Pipe 3 m", "Pipe, three metres", "12.40", False),
    Product("SOIL-50", "Potting Soil 50 l", "Bag of fifty litres", "10.00", False, "inactive"),
    Product("LGT-PATH", "Path Light", "Low voltage light for paths", "42.95", False, "name"),
    Product("ORN-BATH", "Copper Birdbath", "Hand-beaten, no longer made", "189.00", False, discontinued=True),
)

# Businesses of every seeded side that teach something; the QuickBooks part has their counterparts.
_LESSONS = (
    ("Robertson & Associates", "name_of_a_vendor"),
    ("Harbor Lights Cafe", "inactive_twin"),
    ("Northgate Veterinary Hospital", "field_too_long"),
)


def count_of(plan: str) -> int:
    """How many businesses a plan has, the teaching ones of `small` not counted."""
    if plan == "empty":
        return 0
    return SMALL_COUNT if plan == "small" else int(plan)


def businesses(plan: str) -> Iterator[Business]:
    """Every business of a plan, in order; `small` ends with those that teach."""
    count = count_of(plan)
    for number in range(count):
        yield business(number, in_books=_in_books(number, plan))
    if plan == "small":
        yield from lessons()


def lessons() -> Iterator[Business]:
    """The businesses that teach, numbered from 900001."""
    for position, (name, lesson) in enumerate(_LESSONS):
        plain = business(900_001 + position, in_books=False)
        phone = plain.phone
        if lesson == "field_too_long":
            phone = f"{plain.phone} ext. 4471 (reception)"
        yield replace(plain, name=name, books_name=name, phone=phone, lesson=lesson)


def books_only(plan: str) -> Iterator[Business]:
    """Customers that only the books know: nine for each one that is also an account."""
    count = count_of(plan)
    for number in range(0 if plan == "small" else count // 10 - count // 100):
        person = business(2_000_000 + number, in_books=True)
        name = f"{person.contact_given} {person.contact_family} {number + 1}"
        yield replace(person, name=name, books_name=name)


def _in_books(number: int, plan: str) -> bool:
    return number % 8 == 3 if plan == "small" else number % 100 == 3


def business(number: int, *, in_books: bool) -> Business:
    """The business with this number: always the same facts, names different for different numbers."""
    # Strides that share no factor with the lists' lengths spread neighbours apart without repeating a name.
    spread = number * 7919
    first = _FIRST[spread % len(_FIRST)]
    second = _SECOND[(spread // len(_FIRST)) % len(_SECOND)]
    third = _THIRD[(spread // (len(_FIRST) * len(_SECOND))) % len(_THIRD)]
    full = len(_FIRST) * len(_SECOND) * len(_THIRD)
    name = f"{first} {second} {third}" + (f" {number // full + 1}" if number >= full else "")
    city, code, state, postal, area = _PLACES[number % len(_PLACES)]
    given, family = _GIVEN[number * 3 % len(_GIVEN)], _FAMILY[number * 11 % len(_FAMILY)]
    domain = "".join(c for c in f"{first}{second}{number}".lower() if c.isalnum()) + ".example.com"
    return Business(
        number=number,
        name=name,
        books_name=_respelt(name) if in_books and number % 3 == 2 else name,
        in_books=in_books,
        phone=f"({area}) 555-{number % 10000:04d}",
        website=f"https://www.{domain}",
        email=f"office@{domain}",
        street=f"{100 + number % 9000} {_STREETS[number % len(_STREETS)]}",
        city=city,
        state_code=code,
        state_name=state,
        postal_code=postal,
        country_code="US",
        country_name="United States",
        industry=_INDUSTRIES[number % len(_INDUSTRIES)],
        employees=5 + number * 37 % 2000,
        contact_given=given,
        contact_family=family,
        contact_email=f"{given}.{family}@{domain}".lower(),
        contact_phone=f"({area}) 555-{(number * 7 + 11) % 10000:04d}",
    )


def _respelt(name: str) -> str:
    """The same company as another hand would write it: what a match by name alone must not decide by itself."""
    for long, short in (
        ("Company", "Co."),
        ("Brothers", "Bros."),
        ("International", "Intl."),
        ("Inc.", "Inc"),
    ):
        if name.endswith(long):
            return name[: -len(long)] + short
    return name.upper() if " & " not in name else name.replace(" & ", " and ")
