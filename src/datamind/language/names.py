"""Names: identifiers cut into words, their common prefixes dropped and abbreviations spelt out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from datamind.language.tokens import lemma, stem

# Letters with a case from Latin to Cyrillic; `re` knows no classes of capitals.
_CASED = [chr(code) for code in range(0x41, 0x530)]
_UP = "".join(c for c in _CASED if c.isupper())
_LOW = "".join(c for c in _CASED if c.islower())
_CAMEL = re.compile(
    rf"[{_UP}]{{2,}}s(?![{_LOW}])|[{_UP}]+(?=[{_UP}][{_LOW}])|[{_UP}]?[{_LOW}]+|[{_UP}]+|\d+"
    r"|[^\W\d_]+"
)

# Abbreviations that stand in identifiers everywhere. Others are found by `abbreviates`.
ABBREVIATIONS = {
    short: word
    for word, shorts in (pair.split(":") for pair in """
number:num no nr nbr; count:cnt; quantity:qty qnty quant; amount:amt; average:avg avrg;
percent:pct perc prcnt; date:dt; timestamp:ts tstamp; time:tm; date time:datetime dttm; year:yr yrs;
month:mth mths mo mnth; week:wk wks; quarter:qtr; hour:hr hrs; minute:mins; second:secs; day:dy;
description:desc descr dscr; address:addr adr; phone:tel ph; customer:cust cstmr; client:clnt;
employee:emp empl; department:dept dpt; organization:org orgn; account:acct acc;
balance:bal; category:cat ctg catg; code:cd; currency:ccy curr; transaction:tx txn trx trans tran;
product:prod prd; order:ord ordr; invoice:inv invc; manager:mgr mngr; location:loc locn;
state:st; country:ctry cntry; county:cnty; source:src; destination:dst dest; reference:ref;
maximum:max; minimum:min; length:len; weight:wt wgt; height:ht hgt; birth date:dob;
created:crtd; updated:upd updt; deleted:del; first name:fname firstname; last name:lname lastname;
middle name:mname; full name:fullname; name:nm nme; password:pwd passwd; message:msg;
status:stat sts stts; type:typ; value:val; daily price:dp; payment:pmt pymt pmnt;
received:rcvd recd; ship:shp; shipment:shpmt; warehouse:whse whs; market:mkt; group:grp;
level:lvl; position:pos posn; temperature:temp; volume:vol; sequence:seq; user:usr;
business:biz;
university:univ; government:govt; id:identifier; total:tot; building:bldg;
 apartment:apt; region:rgn; division:div; indicator:ind; flag:flg;
price:prc; discount:dscnt; day week:dow; result:rslt; laboratory:lab; headquarters:hq;
rate:rt; license:lic; rental:rntl; salary:sal; supplier:supp suppl splr; vendor:vend vndr;
purchase order:po; manufacturer:mfr mfg manuf; package:pkg; delivery:dlvry dlv; schedule:sched;
appointment:appt; patient:pt; prescription:rx; diagnosis:diag dx; procedure:proc; student:stud;
professor:prof; course:crs; project:proj; assignment:asgn asgmt; contract:contr;
version:ver vers; configuration:config cfg; parameter:param; attribute:attr; property:prop;
image:img; picture:pic; link:lnk; session:sess; language:lang; previous:prev; current:cur;
effective:eff; expiration:expir; registration:regn; certificate:cert; maintenance:maint mnt;
equipment:equip eqp; serial:ser; estimated:estd; required:reqd; approved:apprvd; frequency:freq;
population:popn; distance:dstnc; latitude:latd; longitude:lng lngtd; standard deviation:stddev;
standard:std; deviation:dev; difference:diff; ratio:rto;
management:mgmt; administration:admn; service:svc srv; application:app appl; database:db;
technical:tech; information:info; secretary:secy; international:intl;
national:natl; corporation:corp; company:co comp cmpny; limited:ltd; association:assn assoc;
vessel:vsl vssl; crew:crw; landing:lndg; trip:trp; buyer:byr; seller:slr sllr; size:sz; cost:cst;
limit:lim lmt; quota:qta; daily:dly; weekly:wkly; monthly:mthly mnthly; yearly:yrly; home:hm;
built:blt; active:actv; inspection:insp inspn; grade:grd; role:rl; auction:auct; vehicle:veh vhcl;
driver:drv drvr; route:rte; station:stn; member:mbr memb; policy:plcy; claim:clm; premium:prem;
agent:agt agnt; principal:prin; charge:chrg; receipt:rcpt rct; admission:admsn; room:rm;
discharge:dschg disch; nurse:nrs; booking:bkg bkng; guest:gst; reservation:resv rsvn; flight:flt;
aircraft:acft; airport:arpt; ticket:tkt; event:evt; teacher:tchr; enrollment:enrl enrlmt;
attendance:attnd; damage:dmg; capacity:capac; liter:ltr; worker:wkr; supervisor:supv supvr spvr;
repair:rpr; machine:mach mchn; material:matl mtl; inventory:invy; storage:stg strg; shift:shft
""".replace("\n", " ").split(";"))
    for short in shorts.split()
    for word in (word.strip(),)
}  # fmt: skip

# Abbreviations that stand for one of several words: which one, the question tells.
AMBIGUOUS = {
    "rev": "revenue review revision", "ttl": "total title", "br": "branch brand",
    "exp": "experience expiration expiry expense expected",
    "dist": "district distance distribution", "doc": "doctor document", "disc": "discount disc",
    "res": "result resident residence reservation response", "op": "operation operator",
    "prof": "professor profession profit", "mat": "material maturity", "dur": "duration",
    "perf": "performance", "eval": "evaluation", "rel": "release relation", "ins": "insurance",
    "int": "interest", "ext": "extension", "auth": "author authority", "arr": "arrival",
    "dep": "department departure deposit", "occ": "occupation", "spec": "specialty species",
    "cond": "condition", "comm": "commission comment", "exam": "examination", "vac": "vaccination",
    "gen": "gender", "nat": "nationality", "pub": "publisher publication", "ed": "edition editor",
    "acq": "acquisition", "inv": "investment inventory", "pos": "position", "ret": "return",
    "cr": "credit", "act": "active activity actual", "prt": "port part", "spc": "species space",
    "px": "price", "ann": "annual", "cap": "capacity capital", "term": "termination terminated",
    "chg": "charge change", "mtg": "meeting mortgage", "lst": "last list", "fst": "first",
    "eng": "engine engineer", "dwn": "down", "cls": "class close closed closing", "cred": "credit",
    "dict": "dictionary", "vet": "veterinarian", "reg": "region registration",
}  # fmt: skip


@lru_cache(maxsize=1)
def shorts_of() -> dict[str, list[str]]:
    """For each word, the ambiguous abbreviations that may stand for it."""
    out: dict[str, list[str]] = {}
    for short, meant in AMBIGUOUS.items():
        for word in meant.split():
            out.setdefault(word, []).append(short)
    return out


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


@lru_cache(maxsize=100_000)
def words_of(identifier: str, prefixes: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The identifier's words as people say them: prefixes dropped, abbreviations spelt out."""
    pieces = list(split(identifier))
    while len(pieces) > 1 and pieces[0] in prefixes:
        pieces.pop(0)
    out: list[str] = []
    for piece in pieces:
        out.extend(lemma(w) for w in ABBREVIATIONS.get(piece, piece).split())
    return tuple(out)


@lru_cache(maxsize=50_000)
def stems_of(identifier: str) -> frozenset[str]:
    """The stems of the identifier's words."""
    return frozenset(map(stem, words_of(identifier)))


# Short words that mean themselves, though their letters stand in longer ones.
OWN_WORDS = frozenset(
    """act add age aid air all and any are arm art ask bad bag bar bed bet bid big bit box boy bus
    buy can cap car case cash cast cell city club come cook copy cost cup cut dad data date day
    deal debt dog door due eat egg end even ever eye face fact fan far fast fee few film find
    fire fit fly food foot form fox free fuel full fun game gap gas gate get gift girl goal god
    gold good gun guy hall hand hat head heat help her high hill his hit home hot hour how ice
    idea ill inch ink inn iron item its jet job join joy key kid kind king lab lake land last
    late law lay lead leg less let life like line list live load loan lot low main make male man
    many map mark mean men menu mile milk mix mode more most name near neck net new news next
    note now odd off oil old one open our out own page pain pair park part past peak pen pet
    pick pin plan play plot plus pool poor port post pot put race rain rank rate raw read real
    red rent rest rice rich ring rise risk road rock role roof room row rule run sad sale salt
    sand save say sea seat see set sex she ship shop shot show side sign sit site size skin sky
    soil some son song sort spot star stay step stop suit sun tag tall tank tape task tax tea
    team ten term test text the tie time tip tone tool top tour town toy trip two unit use user
    van view vote wage wait walk wall war wave way week well who why wife win wind wine wing
    wire wood word work year yes yet you zone price place point state store stock staff start
    order paper panel party phone plant power press prize court count class claim chair chain
    cause child brand board block blood black white green brown model month money motor mouse
    music night north south novel offer other owner plane score sense share shift skill space
    speed sport stage study style table title total touch tower track trade train trend truck
    trust union value video visit voice water width woman world youth event extra field floor
    focus force frame front fruit glass grade grant grass group guest guide heart horse hotel
    house human image index issue judge label labor layer level light limit local lunch major
    match media metal meter actor adult agent album apple asset audio award beach birth""".split()
)


@lru_cache(maxsize=50_000)
def abbreviates(short: str, word: str) -> bool:
    """Whether `short` may stand for `word`: its letters in order, the first one alike."""
    if not 2 <= len(short) <= 5 or len(word) <= len(short) or short[0] != word[0]:
        return False
    if short in OWN_WORDS:
        return False
    if len(short) >= 3 and short[1:] == "".join(c for c in word[1:] if c not in "aeiou"):
        return True
    if len(word) < len(short) + 2:
        return False
    if word.startswith(short):
        return len(short) >= 3
    rest = iter(word)
    return len(short) >= 3 and all(letter in rest for letter in short) and short[-1] in word[2:]
