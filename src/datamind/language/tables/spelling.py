"""Short forms that people type, and how they greet."""

from __future__ import annotations

import re

SHORT_FORMS = {
    "yr": "year", "yrs": "years", "wk": "week", "wks": "weeks", "mth": "month", "mths": "months",
    "qtr": "quarter", "qtrs": "quarters", "hr": "hour", "hrs": "hours", "mins": "minutes",
    "secs": "seconds", "pls": "please", "plz": "please", "thx": "thanks", "v": "vs",
    "bc": "because", "coz": "because", "cuz": "because", "w": "with", "qty": "quantity",
    "amt": "amount", "cust": "customer", "custs": "customers", "prod": "product",
    "prods": "products", "emp": "employee", "emps": "employees", "dept": "department",
    "depts": "departments", "rev": "revenue",
    "txn": "transaction", "txns": "transactions", "approx": "approximately", "nr": "number",
    "ppl": "people", "biz": "business", "promo": "promotion", "promos": "promotions",
    "excl": "excluding", "incl": "including", "conv": "conversion", "prio": "priority",
    "gonna": "going", "whats": "what", "hows": "how", "lst": "last",
    "wich": "which", "whcih": "which", "wihch": "which", "hwo": "how", "teh": "the",
    "waht": "what", "mnay": "many", "adn": "and", "quater": "quarter", "quaters": "quarters",
    "tix": "tickets", "tkt": "ticket", "tkts": "tickets", "cxl": "cancelled", "cxld": "cancelled",
    "cxl'd": "cancelled", "pmt": "payment", "pmts": "payments", "acct": "account",
    "accts": "accounts", "appt": "appointment", "appts": "appointments", "pax": "passengers",
    "reqs": "requests", "subcat": "subcategory", "subcats": "subcategories", "pcs": "pieces",
    "wknd": "weekend", "folks": "people", "thru": "through", "till": "until", "cos": "because",
    "u": "you", "ur": "your", "em": "them", "mgr": "manager",
    "mgrs": "managers", "invs": "invoices", "kilos": "kg", "kilo": "kg",
    "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "havent": "haven't",
    "have'nt": "haven't", "hasnt": "hasn't", "has'nt": "hasn't", "hadnt": "hadn't",
    "isnt": "isn't", "arent": "aren't", "wasnt": "wasn't", "werent": "weren't",
    "hav": "have", "hve": "have", "hv": "have", "wat": "what", "wht": "what", "wut": "what",
    "hw": "how", "mny": "many", "mayn": "many", "payd": "paid", "n": "and", "nd": "and",
    "wen": "when", "whn": "when", "frm": "from", "fom": "from", "btwn": "between", "abt": "about",
    "num": "number", "tot": "total", "ttl": "total", "mnth": "month", "mnths": "months",
    "yday": "yesterday", "r": "are", "te": "the", "hte": "the", "shw": "show", "gimme": "show",
    "giv": "give", "lats": "last", "thsi": "this",
    "avg": "average", "wher": "where", "thier": "their", "beetween": "between", "withhout": "without", "avge": "average",
    # Past tenses that are made up.
    "buyed": "bought", "selled": "sold", "payed": "paid", "spended": "spent", "gived": "gave",
    "sended": "sent", "leaved": "left", "bringed": "brought", "maked": "made", "taked": "took",
    "comed": "came", "losed": "lost", "winned": "won", "choosed": "chose", "writed": "wrote",
    "getted": "got", "catched": "caught", "teached": "taught", "beginned": "began",
}  # fmt: skip

# `L30D`, `LTM`: how reports call the time up to today.
LOOKING_BACK = re.compile(r"l(?P<number>\d{1,3})(?P<unit>[dwmqy])|[lt]tm")
BACK = {"d": "days", "w": "weeks", "m": "months", "q": "quarters", "y": "years"}

# Verbs of two words, and the one word that data says it by.
PHRASAL = {
    "called off": ("cancelled", "canceled"), "call off": ("cancelled", "canceled"),
    "sent back": ("returned", "return"), "brought back": ("returned", "return"),
    "send back": ("returned", "return"), "came back": ("returned", "return"),
    "give back": ("refund", "return"), "gave back": ("refunded", "returned"),
    "pay back": ("refund", "repay"), "money back": ("refund", "refunded"),
    "given back": ("refunded", "returned"), "paid back": ("refunded", "repaid"),
    "handed back": ("returned", "refunded"), "signed up": ("registered", "signup", "joined"),
    "sign up": ("register", "signup"), "turned down": ("rejected", "declined"),
    "sorted out": ("resolved", "closed"), "taken on": ("hired", "employed"),
    "let go": ("terminated", "dismissed"), "thrown out": ("rejected", "discarded"),
    "put off": ("postponed", "delayed"), "held up": ("delayed",), "wrapped up": ("completed",),
    "carried out": ("completed", "performed"), "handed in": ("submitted",),
    "filled in": ("completed",), "sold out": ("unavailable",), "cut off": ("terminated",),
    "dropped out": ("withdrawn",), "pulled out": ("withdrawn",), "moved out": ("departed",),
}  # fmt: skip

_HELLO = r"(?:hi+|hey+a?|hello|heya|hiya|good (?:morning|afternoon|evening)|dear (?:all|team|colleague)s?)"
_ASIDE = (
    r"(?:quick (?:one|question)|just (?:a )?(?:quick|short) (?:one|question)|one (?:more )?question"
    r"|(?:many )?thanks(?: in advance)?|thank you(?: in advance)?|thx|cheers|sorry|ok(?:ay)?|so|well)"
)
# What asks to be told, before what is asked: `could you please tell me: how many`.
_KINDLY = r"(?:(?:please|kindly|quickly|just|perhaps|maybe|possibly) )*"
_FIND = r"(?:to )?(?:know|find out|see|understand|hear|learn)"
_TELL = (
    rf"(?:(?:please|kindly|just|quickly|now|and)\s+)*(?:(?:can|could|would|will) (?:you|someone|anyone)"
    rf" {_KINDLY}(?:tell|let|show) (?:me|us)(?: know)?"
    rf"|(?:can|could|would) (?:you|someone|anyone) {_KINDLY}help (?:me|us) {_FIND}"
    r"|(?:would|do) you mind (?:telling|letting|showing) (?:me|us)(?: know)?"
    rf"|it (?:would|will|'d) (?:really )?(?:help|be (?:good|great|nice|helpful|useful|interesting))(?: (?:for )?(?:me|us))? {_FIND}"
    rf"|(?:i|we)(?:'d| would)? (?:be )?(?:interested|curious|glad|happy) {_FIND}"
    r"|(?:please )?(?:tell|let) (?:me|us)(?: know)?|(?:do|would) you (?:happen to )?know"
    rf"|(?:i|we)(?:'d| would)? (?:just |only |really )?(?:want|like|need|love) {_FIND}"
    r"|(?:i|we)(?: was| were|'m| am|'re| are) (?:just )?(?:wondering|curious|interested in)"
    r"|(?:i|we) wonder|any idea|question)"
)
TELLING = _TELL.replace(r"\s+", " ")
_ASKED = r"(?:which|what|who|how|when|where|whose|in which|of which|from which|on which|to how)\b"
GREETING = re.compile(
    rf"^(?:\s*(?:{_HELLO}(?:\s+(?:there|all|team|everyone|again|you))?|{_ASIDE})\b[\s,!.:;)(-]*)*"
    rf"{_TELL}\b(?:\s*:\s*|[\s,]+(?={_ASKED}))"
    rf"|^(?:\s*(?:{_HELLO}(?:\s+(?:there|all|team|everyone|again|you))?|{_ASIDE})\b[\s,!.:;)(-]*)+(?=\S)"
    rf"|[\s,.!]+(?:pls|plz|please|thanks|thank you|thx|cheers|asap)\b(?=[\s!.?]*$)"
    r"|:\)|;\)|:-\)",
    re.IGNORECASE,
)
