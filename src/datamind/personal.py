"""Personal data in free text: addresses and numbers of people, told by form and check digits, and
masked wherever text that nobody has classified is kept or sent on.

Every pattern begins where a word begins and is bounded, so that time grows with the text alone.
What only looks like such a number (an id, a date, an amount) is left: a number counts if it checks
(cards, IBANs), if it is written as nothing else is (SSNs, telephones with their marks), or if the
word before it says what it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

# ISO 13616: how long an IBAN is, by its country.
IBAN_LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in (
        line.split(":")
        for line in (
            "15:NO", "16:BE", "18:DK FI FK FO GL NL SD", "19:MK SI", "20:AT BA EE KZ LT LU MN XK",
            "21:CH HR LI LV", "22:BG BH CR DE GB GE IE ME RS VA", "23:AE GI IL IQ OM SO TL",
            "24:AD CZ ES MD PK RO SA SE SK TN VG", "25:LY PT ST", "26:IS TR",
            "27:BI DJ FR GR IT MC MR SM", "28:AL AZ BY CY DO GT HU LB NI PL SV",
            "29:BR EG PS QA UA", "30:JO KW MU YE", "31:MT SC", "32:LC", "33:RU",
        )
    )
    for country in countries.split()
}  # fmt: skip
EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[^\W\d_][\w-]*[^\W_](?![\w-])"
)
IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
CARD = re.compile(r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w]|\.\d)")
# What the issuers' numbers begin with: thirteen digits of chance are a time or an id.
ISSUERS = re.compile(
    r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|6(?:011|4[4-9]|5|2|[0137])"
    r"|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])"
)
CARD_GROUPS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1))
SSN = re.compile(
    r"(?<![\w-])(?:(?!000|666|9)\d{3}-(?!00)\d\d|9\d\d-[5-9]\d)-(?!0000)\d{4}(?![\w-])"
)
SAID = r"(?:[ _-]?(?:number|num|no\.?|nr\.?|is|like|in))?[\s:=#'\"(.]{1,6}"
SSN_SAID = re.compile(
    rf"(?i)(?<![^\W_])((?:ssn|social[ _-]security){SAID})\d{{3}}[ -]?\d{{2}}[ -]?\d{{4}}(?!\w)"
)
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[\da-fA-F]*:)[\da-fA-F:]{3,39}(?![\w:]|\.\d)")
PHONE = re.compile(
    r"(?<![\w.+-])(?<!\d )(?:"
    # +49 30 1234567, +1 (555) 123-4567, 0049 30 1234567, +49301234567
    r"\+\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?){1,6}"
    r"|00[1-9]\d{0,2}(?:[ ./-]\(?\d{1,8}\)?){1,6}"
    # (555) 123-4567, 555-123-4567, 555.123.4567, 1-800-555-0199
    r"|(?:1[ .-])?\([2-9]\d\d\)[ .-]?\d{3}[ .-]\d{4}"
    r"|(?:1[.-])?[2-9]\d\d([.-])\d{3}\1\d{4}"
    # 030/1234567, 0171-1234567, 020 7946 0958, 06 12 34 56 78, (030) 123456
    r"|\(?0[1-9]\d{0,4}\)?(?:[ ./-]\d{2,8}){1,5}"
    r")(?![\w]|[.-]\d)"
)
PHONE_SAID = re.compile(
    rf"(?i)(?<![^\W_])((?:telephone|phone|mobile|tel|fax|whatsapp|msisdn|handy){SAID})"
    r"(\+?\(?\d(?:[ ()./-]{0,2}\d){6,14})(?!\w|[.-]\d)"
)
DATE = re.compile(r"(?<!\d)(?:\d{4}([ ./-])\d{1,2}\1\d{1,2}|\d{1,2}([ ./-])\d{1,2}\2\d{4})(?!\d)")
NUMBER = re.compile(r"\d[\d ()./:-]{5,}")  # as long as the shortest of those below


# An API key of ours is nobody's address, but tells as much.
API_KEY = re.compile(r"dm_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")


def masked(text: str) -> str:
    """The text with `[EMAIL_MASKED]` and such for what looks personal, and for API keys."""
    if "dm_" in text:
        text = API_KEY.sub("[API_KEY_MASKED]", text)
    if "@" in text or "%40" in text:
        text = EMAIL.sub("[EMAIL_MASKED]", text)
    text = _without_ibans(text)
    if text.count(":") > 1:
        text = IPV6.sub(_ip, text)
    if NUMBER.search(text):  # most texts hold none, and are done
        for pattern, replaced in NUMBERS:
            text = pattern.sub(replaced, text)
    return text


def masked_in(value: object) -> object:
    """The same in all texts of a value, as JSON has them; names of fields stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {name: masked_in(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked_in(part) for part in value]
    return value


def is_card(text: str) -> bool:
    """13 to 19 digits whose last one checks the others (Luhn, ISO/IEC 7812-1)."""
    if not re.fullmatch(r"\d(?:[ -]?\d){12,18}", text):
        return False
    digits = [int(letter) for letter in reversed(text) if letter.isdigit()]
    doubled = [2 * d - 9 if d > 4 else 2 * d for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def is_iban(text: str) -> bool:
    """A country, two check digits and an account, which leave 1 by 97 (ISO 13616)."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}", text):
        return False
    plain = text.replace(" ", "")
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def _without_ibans(text: str) -> str:
    kept, end = [], 0
    for found in IBAN.finditer(text):
        if found.start() < end:
            continue
        stop = _iban_end(text, found.start())
        if stop is not None:
            kept += [text[end : found.start()], "[IBAN_MASKED]"]
            end = stop
    return "".join([*kept, text[end:]])


def _iban_end(text: str, start: int) -> int | None:
    """Where the IBAN that begins there ends; None if none does."""
    length = IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return None
    plain, end = "", start
    while len(plain) < length:
        letter = text[end : end + 1]
        if letter.isascii() and letter.isalnum():
            plain += letter.upper()
        elif letter not in (" ", "-") or text[end - 1] in " -":
            return None
        end += 1
    return None if text[end : end + 1].isalnum() or not is_iban(plain) else end


def _card(found: re.Match[str]) -> str:
    groups = tuple(map(len, re.split("[ -]", found[0])))
    if len(groups) > 1 and groups not in CARD_GROUPS:
        return found[0]
    plain = re.sub("[ -]", "", found[0])
    return "[CREDIT_CARD_MASKED]" if ISSUERS.match(plain) and is_card(plain) else found[0]


def _ip(found: re.Match[str]) -> str:
    text = found[0]
    if ":" in text:
        if not any(letter.isdigit() for letter in text):
            return text
        groups = [group for group in text.split(":") if group]
        # `a::dec` is a cast: an address is longer, or begins as they do in the wild.
        if len(groups) < 3 and not (groups and re.fullmatch("(?i)[23f][0-9a-f]{3}", groups[0])):
            return text
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return text
    return "[IP_MASKED]"


def _phone(found: re.Match[str]) -> str:
    text = found[0]
    digits = sum(letter.isdigit() for letter in text)
    least = 10 if text[1:].isdigit() else 8 if text[0] == "+" else 9
    if not least <= digits <= 15 or DATE.match(text):
        return text
    return "[PHONE_MASKED]"


def _phone_said(found: re.Match[str]) -> str:
    return found[0] if DATE.match(found[2]) else f"{found[1]}[PHONE_MASKED]"


# In this order: what is longer or surer comes first.
NUMBERS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (CARD, _card),
    (SSN, "[SSN_MASKED]"),
    (SSN_SAID, r"\1[SSN_MASKED]"),
    (IPV4, _ip),
    (PHONE, _phone),
    (PHONE_SAID, _phone_said),
)
