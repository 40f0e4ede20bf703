"""Words of time: months, weekdays, units, ordinals, and the phrases that bound a period."""

from __future__ import annotations

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thurs", "friday fri",
         "saturday sat", "sunday sun"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
# The first month of each; `fall` is left out, for it is a verb and a term's name too often.
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
# A unit's word: the unit that is counted in, and how many of it.
UNITS: dict[str, tuple[str, int]] = {
    "day": ("day", 1), "week": ("week", 1), "fortnight": ("week", 2), "month": ("month", 1),
    "quarter": ("quarter", 1), "year": ("year", 1), "decade": ("year", 10),
    "century": ("year", 100), "yr": ("year", 1), "wk": ("week", 1), "mth": ("month", 1),
}  # fmt: skip
WORD_NUMBERS = {
    w: n for n, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "thousand": 1000,
     "dozen": 12}  # fmt: skip
ORDINALS = {
    name: number
    for number, names in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th",
         "seventh 7th", "eighth 8th", "ninth 9th", "tenth 10th", "eleventh 11th", "twelfth 12th",
         "thirteenth 13th", "fourteenth 14th", "fifteenth 15th", "sixteenth 16th",
         "seventeenth 17th", "eighteenth 18th", "nineteenth 19th", "twentieth 20th", "21st"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
DECADES = {
    name: 1920 + 10 * place
    for place, name in enumerate(
        "twenties thirties forties fifties sixties seventies eighties nineties".split()
    )
}
# Words that make a unit whole periods of the calendar, the running one left out.
WHOLE = frozenset("full whole complete calendar entire completed finished closed".split())
THIRDS = {"early": 0, "mid": 1, "late": 2}
FISCAL = frozenset("fiscal financial fy".split())
BACK = frozenset("last past previous preceding prior recent trailing rolling".split())
ROLLING = frozenset("past recent trailing rolling".split())
AHEAD = frozenset("next coming upcoming".split())
THIS = frozenset("this current".split())
# After these words it is one only where no noun follows that it could count.
LOOSE = frozenset("to by through thru of for on and or last next".split())
# After these words a number of four digits is a year, and a lower-case month a month.
OWNING = frozenset({"all", "our", "the", "total", "their"})  # before a year that narrows a noun
PLACING = frozenset(
    """in year years of for during since from until till to by through thru and or between before
    after vs versus throughout within calendar late early mid starting last next this on ending
    except excluding""".split()
)

Phrases = dict[tuple[str, ...], str]


def _phrases(**entries: str) -> Phrases:
    return {tuple(p.split()): kind for kind, text in entries.items() for p in text.split("; ")}


# A day told by a name: the unit, how many of it away, and whether it ends today.
NAMED_DAYS: dict[tuple[str, ...], tuple[str, int, bool]] = {
    tuple(phrase.split()): meaning
    for phrases, meaning in (
        ("today; the current day", ("day", 0, False)),
        ("yesterday", ("day", -1, False)),
        ("tomorrow", ("day", 1, False)),
        ("day before yesterday; the day before yesterday", ("day", -2, False)),
        ("day after tomorrow; the day after tomorrow", ("day", 2, False)),
        *(
            (f"{short}; {unit} to date; {unit} so far; so far this {unit}", (unit, 0, True))
            for short, unit in (
                ("wtd", "week"), ("mtd", "month"), ("qtd", "quarter"), ("ytd", "year"),
            )
        ),
    )
    for phrase in phrases.split("; ")
}  # fmt: skip
TO_DATE = (("so", "far"), ("to", "date"), ("until", "now"), ("up", "to", "now"), ("till", "now"))

# What a phrase before a period makes of it. `end` and `start` look past "the end of".
BOUNDS = _phrases(
    before="before; prior to; earlier than; before the start of; before the beginning of",
    until="until; till; up to; up until; through; thru; by; no later than; not later than; "
    "not after; on or before; before or on; in or before; before or in; at or before; "
    "up to and including; until and including; before or during; during or before; ending; "
    "by the end of; until the end of; through the end of; by end of; until end of; "
    "up to the end of; before the end of; before end of; before the close of; ending on; ending in; on and before; as of; as at",
    after="after; later than; more recent than; newer than; after the end of",
    since="since; ever since; starting; starting from; starting with; beginning; beginning with; "
    "beginning from; on or after; after or on; in or after; after or in; at or after; "
    "on and after; no earlier than; not earlier than; not before; since the start of; "
    "since the beginning of; since the begin of; from the start of; from the beginning of; during or after; "
    "since start of; since beginning of; since early",
    span="between; from; in between; in the period from; in the period between; ranging from; "
    "during the period from; anywhere between; spanning",
)
# What a phrase after a period makes of it.
TAILS = _phrases(
    since="or later; and later; onwards; onward; or after; and after; and onwards; and onward; "
    "and beyond; or newer; and newer; or more recent; on wards; forward; going forward",
    until="or earlier; and earlier; or before; and before; or older; and older",
)
# What stands between the two ends of a span.
JOINTS = _phrases(
    joint="to; until; till; through; thru; -; up to; to the; until the; through the; up until; "
    "and until; up to and including; to and including",
    both="and; and the; &",
)
# How far back: what a phrase before "3 days ago" makes of it.
AGO = _phrases(
    older="more than; over; at least; longer than; no less than",
    newer="less than; fewer than; within; under; at most; no more than; up to; "
    "not more than; no longer than; within the",
)
