"""Keywords: the closed phrases of questions and the code each gives to the pattern matcher.

A code is one letter, so that a question becomes a short string which patterns match: see
`patterns.py`. Phrases are lower case; the longest one wins.
"""

from __future__ import annotations

COUNT = "#"
AGGREGATE = "A"
SUPERLATIVE = "S"
TOP = "T"
GROUP = "g"
BY = "b"
ORDER = "o"
DIRECTION = "x"
COMPARE = ">"
BETWEEN = "B"
NOT = "~"
RATIO = "%"
DIFFERENCE = "-"
AND = "&"
OR = "|"
COMMA = ","
OF = "f"
IN = "i"
WITH = "r"
TO = "t"
ASK = "q"
DISTINCT = "D"
TEXT = "X"
NULL = "0"
SAME = "="
DURATION = "U"
RANK = "K"
WINDOW = "W"
THEM = "H"
LENGTH = "l"
LASTING = "y"
EXCLUDED = "Y"

# Of these there is none at all; what others deny is there, but is not so.
_NONE = frozenset({"did not have", "didn't have", "do not have", "do not have a", "do not have any", "does not have", "does not have a", "doesn't have", "don't have", "had no", "has never", "has never had", "has no", "have never", "have never been", "have never had", "have no", "haven't had", "lacking", "never", "never been", "never had", "no", "no one", "nobody", "none", "not a single", "not any", "not having", "nothing", "with no", "with no matching", "without", "without any", "zero"})  # fmt: skip

CODES: dict[str, tuple[tuple[str, str], ...]] = {
    COUNT: (*tuple((p, "") for p in ("how many times", "number of times", "count the", "count all", "count how many", "count up", "how many", "number of", "the number of", "count of", "no of", "no . of", "total number of", "total count of", "total no of", "total no . of", "count the number of", "quantity of", "how many different kinds of", "number", "count", "counts of", "total counts of", "how often", "overall number of", "counts", "# of")), ("numbers of", "each"), ("the numbers of", "each"), ("counts of", "each")),
    AGGREGATE: (
        ("average", "avg"), ("avg", "avg"), ("mean", "avg"), ("on average", "avg"),
        ("average of", "avg"), ("overall average", "avg"), ("overall mean", "avg"), ("chain average", "avg"), ("company average", "avg"), ("total average", "avg"), ("general average", "avg"), ("typical", "avg"), ("averages", "avg"),
        ("total", "sum"), ("sum", "sum"), ("sum of", "sum"), ("the sum of", "sum"),
        ("combined", "sum"), ("how much", "sum"), ("how much money", "sum"), ("total amount of", "sum"), ("totals", "sum"),
        ("overall", "sum"), ("total sum of", "sum"), ("aggregate", "sum"), ("summed", "sum"),
        ("maximum", "max"), ("max", "max"), ("minimum", "min"), ("min", "min"),
        ("latest date of", "max"), ("earliest date of", "min"),
        ("median", "median"), ("standard deviation of", "stddev"),
        ("standard deviation", "stddev"),
    ),
    GROUP: tuple((p, "part") for p in (
        "comes from each", "come from each", "came from each", "takes place in each", "goes to each",
        "went to each", "falls on each", "is from each", "are from each", "belongs to each",
    )) + tuple((p, {"per": "per", "across all": "all", "for all": "all"}.get(p, "")) for p in (
        "for each", "per", "in each", "of each", "for every", "each", "every", "across", "by each",
        "grouped by", "group by", "broken down by", "split by", "broken out by", "for each of the",
        "across different", "across the different", "across all", "by different", "within each",
        "from each", "at each", "on each", "to each", "for all", "with each", "segmented by",
        "for individual", "between different", "among different", "over each", "each of the",
        "for the different", "depending on", "according to", "by individual", "in every",
        "per each", "over different", "between each", "grouped per", "bucketed by", "separately for",
        "in each of the", "for each different", "of every", "over the", "under each", "associated with each",
    )),
    BY: (("by", ""),),
    ORDER: tuple((p, "") for p in (
        "ordered by", "order by", "sorted by", "sort by", "order the results by", "ranked by",
        "order the result by", "sort the results by", "sort the result by", "arranged by",
        "in order of", "order results by", "ordered based on", "sorted based on", "ordered",
        "sorted", "sort", "order", "sort the", "order them by", "sort them by", "arrange by",
        "sorting by", "ordering by", "list in order of", "order the results", "sort the results",
        "sorted according to", "sorted in order of",
    )),
    DIRECTION: tuple((p, "desc") for p in (
        "in descending order", "descending order", "descending", "desc", "from highest to lowest",
        "highest to lowest", "from most to least", "most to least", "from largest to smallest",
        "largest to smallest", "largest first", "highest first", "from longest to shortest",
        "longest to shortest", "from greatest to least", "from best to worst", "newest first",
        "from newest to oldest", "latest first", "most recent first", "from the highest to the lowest",
        "from the best to the lowest", "best to worst", "from biggest to smallest", "from high to low",
        "in decreasing order", "in reverse chronological order", "starting from the top",
        "from most recent to oldest", "from largest to lowest", "from the largest to the smallest",
    )) + tuple((p, "asc") for p in (
        "in ascending order", "ascending order", "ascending", "asc", "from lowest to highest",
        "lowest to highest", "from least to most", "from smallest to largest", "smallest first",
        "lowest first", "from shortest to longest", "shortest to longest", "alphabetically",
        "in alphabetical order", "alphabetical order", "from oldest to newest", "oldest first",
        "chronologically", "in chronological order", "in increasing order", "from a to z",
        "earliest first", "from low to high", "from worst to best", "from earliest to latest",
        "starting from the lowest", "from the lowest to the highest",
    )),
    COMPARE: tuple((p, ">") for p in (
        "more than", "greater than", "higher than", "larger than", "over", "above", "exceeding",
        "exceeds", "exceed", "bigger than", "longer than", "older than", "in excess of", "later than",
        "better than", "that is over", "more expensive than", "dearer than", "pricier than", "costlier than", "heavier than", "taller than",
        "is over", "is above", ">", "exceeded", "beyond", "upwards of", "faster than", "surpassing",
        "strictly more than", "greater", "deeper than", "wider than", "after",
    )) + tuple((p, "<") for p in (
        "less than", "fewer than", "lower than", "smaller than", "under", "below", "shorter than",
        "younger than", "cheaper than", "earlier than", "not reaching", "<", "lighter than",
        "worse than", "is below", "is under", "before", "slower than", "less expensive than", "no older than",
    )) + tuple((p, ">=") for p in (
        "at least", "no less than", "no fewer than", "not less than", "a minimum of", "minimum of",
        ">=", "at or above", "on or after", "not earlier than", "no earlier than", "not before",
        "greater than or equal to", "more than or equal to", "or more than", "starting at",
        "not fewer than", "equal to or greater than", "higher than or equal to",
    )) + tuple((p, "<=") for p in (
        "at most", "no more than", "not more than", "up to", "a maximum of", "<=", "maximum of",
        "at or below", "on or before", "not later than", "not above", "not after",
        "less than or equal to", "no greater than", "not exceeding", "no longer than", "no later than",
        "fewer than or equal to", "equal to or less than",
    )) + tuple((p, "=") for p in (
        "exactly", "equal to", "equals", "equal", "precisely", "of exactly", "=", "is equal to",
        "just",
    )) + tuple((p, "!=") for p in ("not equal to", "other than exactly", "!=", "<>", "different from",
                                   "does not equal", "unequal to")),
    BETWEEN: (("between", ""), ("ranging from", ""), ("in the range of", ""), ("in the range", "")),
    NOT: tuple((p, "no" if p in _NONE else "") for p in (
        "not", "no", "without", "never", "excluding", "except", "except for", "other than", "don't",
        "do not", "does not", "doesn't", "did not", "didn't", "have not", "haven't", "has not",
        "hasn't", "are not", "aren't", "is not", "isn't", "were not", "was not", "wasn't", "lacking",
        "non", "have no", "has no", "with no", "who have not", "excludes", "do not have",
        "does not have", "don't have", "doesn't have", "did not have", "didn't have", "have never",
        "has never", "had no", "not having", "cannot", "can't", "not any", "do not have any",
        "with no matching", "have not been", "has not been", "have never been", "not been",
        "haven't been", "not including", "none", "weren't", "never been", "without any", "zero",
        "do not have a", "does not have a", "no longer", "are no longer", "nobody", "no one",
        "leaving out", "leave out", "exclude", "omit", "omitting", "ignore", "disregard", "do not count", "don't count", "apart from", "not counting", "ignoring", "disregarding", "leaving aside", "except those", "excluding those", "minus the", "but not", "nothing", "not a single", "never had", "have never had", "has never had",
    )),
    RATIO: (*tuple((p, "ratio") for p in ("ratio of", "the ratio of", "ratio between", "ratio", "ratios of", "times as many")), ("average ratio of", "average"), ("average ratio", "average"), ("mean ratio of", "average"), *tuple((p, "share") for p in ("proportion of", "share of", "fraction of", "proportion", "what share of", "what part of", "which part of", "how big a share of", "how large a share of", "what proportion of", "what fraction of", "portion of", "what portion of", "portion", "what portion")), *tuple((p, "percent") for p in ("percentage of", "percent of", "what percentage of", "what percent of", "the percentage of", "percentage", "percent", "pct of", "what is the percentage of"))),
    DIFFERENCE: tuple((p, "") for p in (
        "difference between", "the difference between", "difference in", "gap between", "gap in",
        "differences between", "difference of", "absolute difference between",
    )),
    AND: (("and", ""), ("+", ""), ("&", ""), ("as well as", ""), ("along with", ""), ("together with", ""), ("plus", ""),
          ("both", "both"), ("but", ""), ("and also", ""), ("and their", "their"), ("and its", "their"), ("with their", "their"), ("with its", "their"), ("with his", "their"), ("with her", "their"), ("and his", "their"), ("and her", "their"),
          ("together with their", "their"), ("along with their", "their"), ("as well as their", "their"), ("together with its", "their"), ("along with its", "their"), ("including their", "their"), ("as well", "also"),
          ("and the corresponding", ""), ("alongside", ""), ("including", ""), ("and then", "")),
    OR: (("or", ""), ("either", ""), ("and or", ""), ("or else", ""), ("nor", "")),
    COMMA: ((",", ""), (";", ""), (":", "")),
    OF: (("of", ""), ("'s", "")),
    IN: tuple((p, "for" if p == "for" else "") for p in (
        "in", "at", "within", "from", "for", "on", "into", "inside", "during", "via", "through",
        "throughout", "among", "amongst", "located in", "based in", "live in", "living in", "out of",
        "as", "based on", "near", "around", "under the", "about", "using", "towards",
    )),
    WITH: (("have", "has"), ("has", "has"), ("had", "has"), ("with", "with"), ("showing", "with"), ("showing the", "with"), ("displaying", "with"), *tuple((p, "") for p in (
        "having", "because", "because of", "that", "who", "whose", "where", "which are", "which have",
        "when", "that have", "that has", "who have", "who has", "if", "while", "that are",
        "that were", "who are", "who were", "which were", "in which", "for which", "to which",
        "that had", "whom", "contain", "that is", "who had",
    ))),
    TO: (("to", ""), ("versus", "vs"), ("vs", "vs"), ("vs .", "vs"), ("v", "vs"), ("v .", "vs"), ("ahead of", "vs"), ("behind", "vs"), ("against", "vs"),
         ("compared to", "vs"), ("compared with", "vs"), ("divided by", ""), ("relative to", ""),
         ("in relation to", ""), ("out of all", "all"), ("out of the total", "all"),
         ("out of total", "all"), ("out of the", "all")),
    ASK: tuple((p, "what") for p in (
        "what", "what is", "what are", "what was", "what were", "what's", "whats",
    )) + tuple((p, "which") for p in ("which", "who", "who is", "who are", "who were", "who was",
                                      "which of the", "which one", "whom did")) + tuple((p, "list") for p in (
        "list", "show", "show me", "give", "give me", "return", "display", "find", "get", "tell me",
        "fetch", "list out", "list all", "provide", "retrieve", "list the", "name", "identify",
        "please list", "please show", "please give", "can you show", "report", "output", "i want",
        "i want to see", "i need", "give me the", "let me see", "see", "please provide", "state",
        "list down", "please tell me", "include", "calculate", "compute", "determine", "show only",
        "indicate", "mention", "also show", "also return", "can you list", "i would like to know",
        "please", "find out", "extract", "specify", "check", "could you check", "can you check", "look up", "work out", "list their", "give their",
    )) + tuple((p, "how") for p in ("how", "how does", "how do", "how did", "how is", "how are"))
    + (("where is", "where"), ("where are", "where"), ("when did", "when"), ("when do", "when"), ("when does", "when"), ("when are", "when"), ("when will", "when"), ("since when", "when"), ("when was", "when"), ("when were", "when"), ("when has", "when"), ("when have", "when"),
       ("when were", "when"), ("when is", "when")),
    DISTINCT: (("distinct", ""), ("unique", ""), ("different", ""), ("distinct list of", ""),
               ("unique list of", ""), ("non duplicate", ""), ("various", "")),
    TEXT: tuple((p, "starts") for p in (
        "starts with", "start with", "starting with", "begins with", "begin with", "beginning with",
        "starts with the letter", "start with the letter", "starting with the letter",
        "begins with the letter", "begin with the letter", "prefixed with",
    )) + tuple((p, "ends") for p in (
        "ends with", "end with", "ending with", "ends in", "ending in", "ends with the letter",
        "ending with the letter", "end with the letter", "end in",
    )) + tuple((p, "contains") for p in (
        "contains", "contain", "containing", "includes", "including the word", "includes the word",
        "contains the word", "containing the word", "with the word", "that contains", "that contain",
        "mentions", "mentioning", "like", "similar to", "contains the letter", "contain the word",
    )) + tuple((p, "equals") for p in (
        "named", "called", "titled", "entitled", "whose name is",
        "whose title is", "labeled", "labelled", "known as", "by the name of", "with name",
        "with title",
    )),
    NULL: (("is null", "null"), ("is missing", "null"), ("is empty", "null"), ("is unknown", "null"),
           ("are missing", "null"), ("is not null", "notnull"), ("is not missing", "notnull"),
           ("are not null", "notnull"), ("missing", "null"), ("is blank", "null"), ("null", "null"),
           ("unspecified", "null"), ("undefined", "null"), ("is known", "notnull")),
    SAME: (("same", ""), ("the same", ""), ("same as", "")),
    DURATION: tuple((p, "") for p in (
        "time between", "days between", "duration between", "number of days from", "days it takes from", "number of days between", "time from",
        "duration from", "length of time between", "hours between", "minutes between",
        "how long", "how many days", "months between", "years between", "weeks between",
        "interval between", "days from", "amount of time between", "time elapsed between",
        "number of months between", "number of years between", "elapsed time from",
        "how long does it take", "how long did it take", "time it takes", "time taken",
        "seconds between", "number of hours between", "number of minutes between",
    )),
    EXCLUDED: tuple((p, "") for p in (
        "excluded", "left out", "not included", "not counted", "set aside", "aside", "being excluded",
        "are excluded", "are left out", "are not counted", "are not included", "taken out", "removed",
    )),
    LENGTH: (("length of", ""), ("number of characters in", ""), ("number of letters in", "")),
    LASTING: tuple((p, "") for p in (
        "duration of", "duration", "length of", "tenure", "tenure of", "how long", "how long did",
        "how long do", "how long does", "time spent in", "lifetime of", "lengths of", "time it takes", "length of stay", "lengths of stay",
    )),
}  # fmt: skip

# Superlatives: direction, and words that say what is compared where the question leaves it out.
SUPERLATIVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "most": ("desc", ()), "highest": ("desc", ("height", "altitude", "elevation")), "largest": ("desc", ("size", "area", "amount")),
    "biggest": ("desc", ("size", "area", "amount")), "greatest": ("desc", ()), "best": ("desc", ("rating", "score")),
    "longest": ("desc", ("length", "duration")), "tallest": ("desc", ("height",)),
    "heaviest": ("desc", ("weight",)), "oldest": ("asc", ("birth", "date", "founded", "year")),
    "newest": ("desc", ("date", "created", "year")), "latest": ("desc", ("date",)),
    "most recently": ("desc", ("date",)), "least recently": ("asc", ("date",)), "most recent": ("desc", ("date",)), "most expensive": ("desc", ("price", "cost")),
    "costliest": ("desc", ("cost", "price")), "priciest": ("desc", ("price", "cost")),
    "cheapest": ("asc", ("price", "cost")), "least expensive": ("asc", ("price", "cost")),
    "fastest": ("desc", ("speed",)), "slowest": ("asc", ("speed",)), "top": ("desc", ()),
    "least": ("asc", ()), "fewest": ("asc", ()), "lowest": ("asc", ("height", "altitude", "elevation")), "smallest": ("asc", ("size", "area", "amount")),
    "shortest": ("asc", ("length", "duration")), "worst": ("asc", ("rating", "score")),
    "earliest": ("asc", ("date",)), "youngest": ("desc", ("birth", "date")), "min": ("asc", ()),
    "most popular": ("desc", ("popularity",)), "most common": ("desc", ()), "most frequent": ("desc", ()),
    "most often": ("desc", ()), "most commonly": ("desc", ()), "least popular": ("asc", ("popularity",)),
    "least common": ("asc", ()), "rarest": ("asc", ()), "most frequently": ("desc", ()), "best selling": ("desc", ("sale",)),
    "top selling": ("desc", ("sale",)), "worst selling": ("asc", ("sale",)), "most sold": ("desc", ("sale",)), "least sold": ("asc", ("sale",)),
    "most bought": ("desc", ("sale",)), "most purchased": ("desc", ("sale",)), "lowest selling": ("asc", ("sale",)), "least selling": ("asc", ("sale",)),
    "deepest": ("desc", ("depth",)), "widest": ("desc", ("width",)), "closest": ("asc", ("distance",)),
    "farthest": ("desc", ("distance",)), "furthest": ("desc", ("distance",)), "richest": ("desc", ("income", "wealth")),
    "busiest": ("desc", ()), "top rated": ("desc", ("rating", "score")), "highest rated": ("desc", ("rating", "score")),
    "lowest rated": ("asc", ("rating", "score")), "worst rated": ("asc", ("rating", "score")), "highest scoring": ("desc", ("score", "rating")), "lowest scoring": ("asc", ("score", "rating")), "best rated": ("desc", ("rating", "score")),
    "most populous": ("desc", ("population",)), "least populous": ("asc", ("population",)),
    "most populated": ("desc", ("population",)), "most active": ("desc", ()), "least active": ("asc", ()),
    "bottom": ("asc", ()), "top performing": ("desc", ()), "leading": ("desc", ()),
    "most valuable": ("desc", ("value",)), "final": ("desc", ("date",)), "the number one": ("desc", ()),
    "best performing": ("desc", ()), "worst performing": ("asc", ()), "lightest": ("asc", ("weight",)),
    "most profitable": ("desc", ("profit", "margin")), "lowest priced": ("asc", ("price",)),
    "highest priced": ("desc", ("price",)), "highest paid": ("desc", ("salary", "pay")),
    "poorest": ("asc", ("income",)), "most distant": ("desc", ("distance",)), "most remote": ("desc", ("distance",)), "most severe": ("desc", ("severity",)),
    "most experienced": ("desc", ("experience", "hire")), "most spacious": ("desc", ("area", "size")), "most affordable": ("asc", ("price", "cost")),
    "most powerful": ("desc", ("power", "capacity")), "most viewed": ("desc", ("view",)), "most visited": ("desc", ("visit",)), "strongest": ("desc", ("strength",)), "weakest": ("asc", ("strength",)),
    "coldest": ("asc", ("temperature",)), "hottest": ("desc", ("temperature",)),
}  # fmt: skip

# Words that may be passed over for nothing.
STOP = frozenset(
    """a an the is are was were be been being am do does did has have had will would can could may
    might should shall there here it its they them their theirs these those this he she his her
    hers we our ours you your i me my us all any some please only also just then than so such how
    what which who whom when where why if of in on at by for to from with as into over under up out
    off about between through during and or not no nor but both either neither ever yet still
    really actually others own per via across every more much many few several lots one ones it's
    there's that's they're s t etc eg ie i'd i'll i'm i've we'd we'll
    we're we've you've they've they'd let's btw fyi asap ok okay""".split()
)

# Words that say little, unless the data names something by them.
SOFT = frozenset(
    """single else same other new another two respective respectively corresponding given particular
    specific certain exactly overall database data dataset table tables record records row rows
    column columns result results query answer information details detail list value values entry
    entries available existing present currently current system inclusive exclusive whole entire
    lot amount using used use based respect terms term kind kinds sort make sure note let want
    wanted need like know see take along together instead rather whether full calculate compute
    considered regarding related relating associated corresponding regardless question interested
    anymore anything something everything anyone ever yet dr mr mrs ms prof addition together
    overview breakdown distribution compare comparison vary varies varying change changes differ
    differs different grouped group rounded places place decimal decimals format represent
    represented order ordered sorted following display find get tell belonging belong belongs
    having ignore shown showing starting start show give return part member well time answer integer
    float string whole absolute text exact unix regular pair combination
    number numbers figure figures incoming""".split()
)  # fmt: skip

# Verbs that only say that two things are related; the relationship itself is in the joins.
RELATING = frozenset(
    """make place do have write publish present offer serve take teach enroll earn receive give get
    belong associate locate live reside base find work involve include contain appear feature hold
    own buy purchase order sell issue produce create build operate run fly depart arrive travel go
    come attend visit play participate participating submit assign record register file handle cover
    use provide bring carry require relate correspond connect link come describe call name title
    happen occur exist pay charge cost ship deliver supply send process generate perform conduct
    complete finish award win accept reach achieve obtain collect gain see cite reference author
    compose direct star act sing release manage lead head supervise employ hire join sign book
    reserve rent rate review score flow cross traverse border neighbor post answer comment vote ask
    declare grade graduate admit drive consist comprise accumulate raise spend invest trade
    attach tag tie affiliate allocate allot station situate concern regard
    list log load contribute support represent drop show display see say state mention show pull rake
    fetch""".split()
)  # fmt: skip

# What may stand for the whole of the data, where nothing in it goes by that name: `in the hospital`.
SETTINGS = frozenset(
    """company business firm organization organisation enterprise hospital clinic shelter festival shop
    store school university college bank airline library museum agency club league platform site
    website area world market office warehouse factory network marketplace program programme event agency department office crew
    list register file books system city state country region team fleet group portfolio range assortment catalogue catalog collection""".split()
)

UNITS = frozenset(
    """mph kmh km kilometer kilometre meter metre mile foot feet inch cm mm kg kilogram gram lb pound
    ton tonne liter litre usd eur gbp dollar euro buck cent percent % degree celsius fahrenheit
    square sq acre hectare point star second minute hour day week month year unit person people
    item piece time times stars""".split()
)  # fmt: skip

# Phrases that say nothing.
FILLERS = (("only", "consider"), ("only", "count"), ("count", "only"), ("consider", "only"), ("in", "total"), ("at", "all"), ("so", "far"), ("all", "in", "all"), ("of", "all"),
            ("as", "well"), ("or", "not"), ("in", "general"), ("at", "least", "once"),
            ("as", "a", "fraction"), ("as", "a", "percentage"), ("as", "a", "ratio"),
            ("as", "a", "proportion"), ("as", "a", "share"), ("as", "a", "%"), ("as", "%"),
            ("as", "percentage"), ("as", "percent"), ("as", "a", "pct"), ("as", "share"),
            ("in", "percent"), ("as", "a", "percent"), ("at", "the", "moment"), ("right", "now"),
            ("to", "date"), ("=", "true"), ("is", "true"), ("equals", "true"),
            ("considering", "only"), ("counting", "only"), ("only", "considering"),
            ("only", "counting"), ("looking", "only", "at"), ("looking", "at", "only"),
            ("limited", "to"), ("restricted", "to"), ("all", "time"))  # fmt: skip
