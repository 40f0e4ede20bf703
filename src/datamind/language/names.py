"""Names: identifiers cut into words, their common prefixes dropped and abbreviations spelt out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from datamind.language.tokens import lemma

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")

# Abbreviations that stand in identifiers everywhere. Others are found by `abbreviates`.
ABBREVIATIONS = {
    "num": "number", "no": "number", "nr": "number", "nbr": "number", "cnt": "count",
    "qty": "quantity", "amt": "amount", "avg": "average", "pct": "percent", "perc": "percent",
    "dt": "date", "ts": "timestamp", "tm": "time", "yr": "year", "mth": "month", "mo": "month",
    "desc": "description", "descr": "description", "addr": "address", "tel": "phone",
    "cust": "customer", "emp": "employee", "dept": "department", "org": "organization",
    "acct": "account", "acc": "account", "bal": "balance", "cat": "category", "cd": "code",
    "ccy": "currency", "curr": "currency", "tx": "transaction", "txn": "transaction",
    "trx": "transaction", "prod": "product", "ord": "order", "inv": "invoice", "mgr": "manager",
    "loc": "location", "st": "state", "ctry": "country", "src": "source", "dst": "destination",
    "ref": "reference", "max": "maximum", "min": "minimum", "len": "length", "wt": "weight",
    "ht": "height", "dob": "birth date", "crtd": "created", "upd": "updated", "del": "deleted",
    "fname": "first name", "lname": "last name", "firstname": "first name",
    "lastname": "last name", "fullname": "full name", "zip": "zip", "pwd": "password",
    "msg": "message", "stat": "status", "sts": "status", "typ": "type", "val": "value",
    "dp": "daily price", "dpt": "department", "pmt": "payment", "pymt": "payment",
    "rcvd": "received", "shp": "ship", "whse": "warehouse", "mkt": "market", "grp": "group",
    "lvl": "level", "pos": "position", "temp": "temperature", "vol": "volume", "rev": "revenue",
    "seq": "sequence", "usr": "user", "univ": "university", "govt": "government",
    "identifier": "id", "datetime": "date time", "tot": "total", "pay_load": "payload",
}  # fmt: skip

GENERIC_PREFIXES = frozenset({"dim", "fct", "fact", "stg", "tbl", "tb", "vw", "mart", "t", "v"})


@lru_cache(maxsize=50_000)
def split(identifier: str) -> tuple[str, ...]:
    """Lower-case words of an identifier: `sbCustJoinDate` is sb, cust, join, date."""
    return tuple(piece.lower() for piece in _CAMEL.findall(identifier))


def common_prefixes(names: Sequence[str], share: float = 0.6) -> frozenset[str]:
    """First words that most of at least three names begin with, so that say nothing."""
    firsts = Counter(words[0] for words in map(split, names) if len(words) > 1)
    found = {w for w, n in firsts.items() if len(names) >= 3 and n >= share * len(names)}
    return frozenset(found | GENERIC_PREFIXES)


def words_of(identifier: str, prefixes: Iterable[str] = ()) -> tuple[str, ...]:
    """The identifier's words as people say them: prefixes dropped, abbreviations spelt out."""
    pieces = list(split(identifier))
    while len(pieces) > 1 and pieces[0] in prefixes:
        pieces.pop(0)
    out: list[str] = []
    for piece in pieces:
        out.extend(lemma(w) for w in ABBREVIATIONS.get(piece, piece).split())
    return tuple(out)


@lru_cache(maxsize=50_000)
def abbreviates(short: str, word: str) -> bool:
    """Whether `short` may stand for `word`: its letters in order, the first one alike."""
    if not 2 <= len(short) <= 5 or len(word) < len(short) + 2 or short[0] != word[0]:
        return False
    if word.startswith(short):
        return len(short) >= 3
    rest = iter(word)
    return len(short) >= 3 and all(letter in rest for letter in short) and short[-1] in word[2:]
