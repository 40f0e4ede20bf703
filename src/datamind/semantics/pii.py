"""Personal data: what kind a column holds, by its name, its type and what its values look like.

Kinds: email, phone, ssn, card, iban, ip, birth (dates of birth) and secret (passwords, tokens and
their hashes). Names of people and firms are no kind here: people ask for them by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from datamind.language.names import words_of
from datamind.personal import is_card, is_iban
from datamind.semantics.catalog import ColumnType

# Words of a name that say it alone, or together; the first that fits decides.
NAMES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(words.split()))
    for kind, words in (
        ("secret", "password"), ("secret", "passwd"), ("secret", "pwd"), ("secret", "secret"),
        ("secret", "token"), ("secret", "hash"), ("secret", "salt"), ("secret", "api key"),
        ("secret", "apikey"), ("secret", "passphrase"), ("secret", "private key"),
        ("email", "email"), ("email", "mail"), ("email", "e mail"), ("email", "emails"),
        ("email", "mailbox"),
        ("birth", "dob"), ("birth", "birthday"), ("birth", "birthdate"), ("birth", "birth date"),
        ("birth", "date of birth"), ("birth", "birth on"),
        ("iban", "iban"),
        ("ip", "ip"), ("ip", "ipaddr"), ("ip", "ipv4"), ("ip", "ipv6"), ("ip", "ip address"),
        ("card", "cvv"), ("card", "cvc"), ("card", "pan"), ("card", "card number"),
        ("card", "card no"), ("card", "card num"), ("card", "cardno"), ("card", "cardnumber"),
        ("card", "credit card"), ("card", "cc number"), ("card", "cc num"), ("card", "ccnumber"),
        ("ssn", "ssn"), ("ssn", "social security"), ("ssn", "nin"), ("ssn", "passport"),
        ("ssn", "national id"), ("ssn", "national insurance"), ("ssn", "tax id"),
        ("ssn", "taxpayer id"), ("ssn", "tin"), ("ssn", "nric"), ("ssn", "driver license"),
        ("ssn", "driving licence"), ("ssn", "social sec"), ("ssn", "social insurance"),
        ("phone", "phone"), ("phone", "mobile"), ("phone", "telephone"), ("phone", "fax"),
        ("phone", "cell"), ("phone", "cellphone"), ("phone", "tel"), ("phone", "msisdn"),
        ("phone", "phones"), ("phone", "whatsapp"), ("phone", "landline"),
    )
)  # fmt: skip
# What is said about such a thing, not the thing: a type, a count, a rate, a flag, who makes it.
ABOUT = frozenset(
    """type kind count counts rate ratio status state model brand category sent opened clicked
    verified confirmed bounced enabled flag is has opt in template subject body server campaign
    provider carrier os usage minutes cost price plan plans sales app version year month country
    region place city order orders domain bank share percent pct name currency network scheme
    product channel language size units tower expiry expires exp holder cohort length age
    allowed blocked limit cards list lists""".split()
)
# Identifiers and measures look like phones and cards; a name that says so is believed.
OTHERWISE = frozenset(
    """id code date time timestamp key barcode sku isbn ean upc gtin tracking order invoice version
    release build serial number amount price total lat lng lon latitude longitude
    coordinate coordinates postcode zip zipcode part item batch lot ticket case policy shipment
    parcel asset serialno imei vat duns siren checksum fingerprint uuid guid firmware kernel
    software""".split()
)
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}", re.IGNORECASE)
SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
IPV6 = re.compile(r"(?=.*:.*:)[0-9a-f:]{3,39}", re.IGNORECASE)
# With a plus, brackets or separators: digits alone may be anything.
GROUPED = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}")  # written as on a card, checked or not
PHONE = re.compile(r"(?=(?:\D*\d){8,15}\D*$)(?=.*[+() .-])\+?[\d\s().-]{9,22}(?: ?x\d+)?")
DIGITS = re.compile(r"\d{8,15}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}")
MOST = 0.8  # of the values look like it
LEAST = 3  # values, to tell by them


def pii_kind(name: str, samples: Sequence[str], kind: ColumnType = "text") -> str | None:
    """The kind of personal data in a column of this name and type, told by some of its values."""
    words = words_of(name)
    said = _by_name(words, kind)
    if said is not None:
        return said  # whatever the values look like: what is called so is not to be told
    if len(samples) < LEAST or kind not in ("text", "other"):
        return None
    for found, looks in LOOKS:
        alike = sum(looks(sample.strip()) for sample in samples)
        if alike >= MOST * len(samples) and (found in SURE or not set(words) & OTHERWISE):
            return found
    return None


def kind_called(name: str) -> str | None:
    """The kind that somebody means who marks a column as personal by these words."""
    return _by_name(words_of(name), "text")


def _by_name(words: Sequence[str], kind: ColumnType) -> str | None:
    if kind == "boolean":
        return None
    for found, signs in NAMES:
        if not signs <= set(words) or set(words) & (ABOUT - signs):
            continue
        if found == "birth" and kind not in ("date", "timestamp", "text"):
            continue
        if found != "secret" and found != "ssn" and "id" in words and "id" not in signs:
            continue
        return found
    return None


def _is_ip(text: str) -> bool:
    return IPV4.fullmatch(text) is not None or IPV6.fullmatch(text) is not None


# An academic or fiscal year is written like a telephone number.
YEARS = re.compile(r"(?:19|20)\d\d\s?[-–/]\s?(?:(?:19|20)\d\d|\d\d)")


def _is_phone(text: str) -> bool:
    others = DATE.match(text) or IPV4.fullmatch(text) or YEARS.fullmatch(text)
    return PHONE.fullmatch(text) is not None and not others


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


LOOKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("email", _matches(EMAIL)),
    ("ssn", _matches(SSN)),
    ("iban", is_iban),
    ("card", lambda text: is_card(text) or GROUPED.fullmatch(text) is not None),
    ("ip", _is_ip),
    ("phone", _is_phone),
)
SURE = frozenset({"email", "iban"})  # nothing else looks like them
