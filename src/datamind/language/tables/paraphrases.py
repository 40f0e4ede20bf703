r"""Paraphrases: phrases and the plain way to say the same, of our own making.

A row is: words one of which the question must have (a quick look before the search), a regular
expression over the words in lower case, marks being words too, what the phrase means (`{1}` is what
the first group matched, with its own words), and perhaps words one of which the data has to know,
or with `!` none.
Rules are applied in this order, each to what those before it left.
"""

from __future__ import annotations

from datamind.language.tables.everyday import EVERYDAY
from datamind.language.tables.spoken import SPOKEN

_BEST = r"best|top|strongest|busiest|priciest|most productive|most successful"
_WORST = r"worst|weakest|cheapest|least productive|least successful"
_EXTREME = (
    r"largest|biggest|highest|smallest|lowest|cheapest|longest|shortest|heaviest|lightest|priciest"
    r"|most expensive|most recent|latest|oldest|newest"
)
_PART = r"share|proportion|portion|percentage|percent|pct|fraction|part"
_OURS = r"(?:the |our |all |all of |all the |all our |of )*"
_FIGURE = (
    r"rate|average|share|figure|number|total|amount|percentage|value|count|ratio|sum|margin|cost"
    r"|price|revenue|score|median"
)
_PERSONS = r"(?:the |our )*(?:people|they|everyone|everybody|customers|clients|shoppers|buyers|users|guests|visitors|patients|members)"
_ITS_PERSON = r"(?:customers?|clients?|users?|patients?|guests?|buyers?|owners?|riders?|passengers?|visitors?|students?|persons?|people|anyone|anybody)"
_WERE = r"(?:are|were|is|was|have|has)"
_AGGREGATE = r"(?:total|average|mean|median|minimum|maximum|highest|lowest)"
_SHOWN = r"(?: ?,? ?and how much(?: (?:have|has|did|do) (?:they|each)(?: each)? \w+)?)?"
_IGNORED = (
    r"not counted|not included|don't count|do not count|left out|left aside|set aside|put aside"
    r"|not considered|ignored|disregarded|aside"
)

_OVER = (
    r"exceeds?|exceeded|exceeding|above|over|more than|greater than|higher than|below|under"
    r"|less than|lower than|at least|at most"
)

# When each of them did it last, or first: `when did each rider last take a trip`.
_EVER = r"(?: (?:who|that|which) (?:has|have|had) (?:ever )?\w+(?: \w+){0,2})?"
_EACH: tuple[tuple[str, ...], ...] = tuple(
    row
    for way, meant in (
        ("last|latest|most recent|most recently|newest", "latest"),
        ("first|very first|earliest|first ever", "earliest"),
    )
    for row in (
        ("when", rf"^when (?:did|has|have) (?:each|every) (.+?){_EVER} (?:\w+) (?:their|its|his|her|the|a|an) (?:{way}) (\w+)(?= ?[?.,]|$)", f"what is the {meant} date of {{2}} for each {{1}}"),
        ("when", rf"^when (?:did|has|have|was|were) (?:each|every) (.+?) (?:{way}) (?:\w+ (?:a|an|the) )?(\w+)(?: from us| with us| to us| something| anything)?(?= ?[?.,]|$)", f"what is the {meant} date of {{2}} for each {{1}}"),
        ("when", rf"^when (?:did|has|have|was|were) (?:each|every) (.+?) (\w+)(?: from us| with us)? for the (?:{way}) time", f"what is the {meant} date of {{2}} for each {{1}}"),
        ("date day", rf"(?:date|day) of (?:the |their |its )?(?:{way}) (\w+) (?:of|for|by|from|per|made by|placed by) (?:each|every) (.+?)(?= ?[?.,]|$)", f"{meant} date of {{1}} for each {{2}}"),
        ("date", rf"(?:{way}) (\w+) date (?:of|for|by|per|from) (?:each |every )?(\w+)", f"{meant} date of {{1}} for each {{2}}"),
        ("each every", rf"^for (?:each|every) (.+?) , (?:when (?:was|were)|what (?:is|was) the (?:date|day) of|the date of) (?:the |their |its )?(?:{way}) (\w+)(?: date)?(?= ?[?.,]|$)", f"what is the {meant} date of {{2}} for each {{1}}"),
    )
)  # fmt: skip

_NOUN_FIRST = (
    r"(?!(?:which|what|who|whose|how|when|where|show|list|give|tell|name|find|get|for|by|in|of|on"
    r"|among|if|is|are|did|does|do|has|have|was|were)(?!\S))"
)
# Said of what is gone from here and not yet there; of what is here until it goes.
_ON_THE_WAY = r"(?:on (?:the|its|their) (?:road|way))"
_NOT_SO_LONG = r"(?! (?:for|more|less|longer|over|under|at|after|to|from|than|\d))"
_PLACE = r"yard|shelter|building|house|garage|workshop|depot|port|hospital|clinic|hotel|kennel"
_STILL_HERE = (
    r"(?:in service|with us|here|employed(?: here| with us| by us)?|working(?: here| for us"
    rf"| with us)|on the payroll|(?:out )?on loan|going on|in (?:the|our) (?:{_PLACE}))(?! \w+ed\b)"
)
_ENDING = (
    "end ended closed left leaving out exit returned return resolved discharged finished terminated"
)
# Who may be sent mail: said in many ways, and a flag of the data that goes by one of these words.
_AGREED = (
    r"(?:(?:have |has |had |did |do |are |is )*(?:agreed|agree|consented|consent|opted in|opted|said yes|signed up"
    r"|ok|okay|fine|happy|want|wanted|wish)(?: (?:to|for|into|with))?"
    r"(?: (?:be sent|get|getting|receive|receiving|have))?|(?:want|wanted|like|accept|allow|get|receive|take)s?)"
)
_MAILS = (
    r"(?:our |the |any )?(?:(?:promo|promos|promotion|promotional|marketing|advertising|ad|sales) )?"
    r"(?:newsletters?|e ?mails?|mails?|mailings?|messages?|sms|offers|advertising|marketing|promotions|ads)"
)
_CONSENT: tuple[tuple[str, ...], ...] = tuple(
    ("agreed agree consented consent opted said signed ok okay fine want wanted wish accept allow",
     rf"(?:who |that )?{_AGREED} {_MAILS}(?: from us)?", f"who accept {word}", word)
    for word in ("newsletter", "marketing")
)  # fmt: skip

_BOUND = r"(?:at least|at most|more than|less than|over|under|up to)"
_MOVED = r"(?:grow|rise|fall|shrink|increase|decrease|decline|drop)(?:n|ed|d)?|gone (?:up|down)|go (?:up|down)"
# Rows in a currency, where the data holds its code; figures in one are of its unit.
_IN_IT = (
    r"(placed|paid|made|ordered|issued|booked|invoiced|settled|charged|many|those|ones|paying) in"
)
_CURRENCIES = tuple(
    (f"{word}s {word} {code}", rf"{_IN_IT} (?:(?:{land}) )?{word}s?", f"{{1}} in {code}", code)
    for word, code, land in (
        ("euro", "eur", "the"), ("dollar", "usd", "us|usa|american"), ("pound", "gbp", "british|uk"),
        ("franc", "chf", "swiss"),
    )
)  # fmt: skip
_YEAR = r"(?:19|20)\d\d"
_SPAN = r"(?:day|week|month|quarter|year|summer|winter|spring|autumn|fall)"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_TIME = rf"(?:(?:{_MONTH} )?(?:of )?{_YEAR}|{_MONTH}|(?:last|past|this|current|previous) (?:\S+ )?{_SPAN}s?|q[1-4](?: (?:of )?{_YEAR})?)"
_NOT_COUNTED = (
    r"(?:did|do|does|has|have|had|is|are|was|were|more|less|fewer|higher|lower|larger|smaller|longer"
    r"|bigger|percent)\b"
)
# Rows in a state, of whatever noun; a cost or a tax would be a part of the figure.
_STATED = (
    r"(?:\w+ed|\w+ ones|open|closed|active|inactive|former|unpaid|void|late|long|short|weekend)"
    r"(?: (?!\w*(?:costs?|fees?|tax(?:es)?|charges?|shipping|discounts?|amounts?|prices?)\b)\w+){0,2}"
)
# `Year of opening`: what happened then.
_GRAIN_OF = tuple(
    (noun, rf"(year|quarter|month|week|day) of {noun}(?= ?[?.,]| and | in |$)", f"{{1}} {done}")
    for noun, done in (
        ("opening", "opened"), ("closing", "closed"), ("delivery", "delivered"),
        ("hiring", "hired"), ("joining", "joined"), ("registration", "registered"),
        ("booking", "booked"), ("payment", "paid"), ("shipment", "shipped"),
    )
)  # fmt: skip
PARAPHRASES: tuple[tuple[str, ...], ...] = (
    *SPOKEN,
    *EVERYDAY,
    *_EACH,
    # What only leads up to the question, or says that all of the data is meant.
    ("in during last this on over since for", rf"^((?:in|during|on|over|since|for) (?:the )?{_TIME}|(?:last|this) {_SPAN}) , (.+?)(?= ?[?.]?$)", "{2} {1}"),
    ("year", rf"(?:in|during|for|of) (?:the )?(?:calendar )?year ({_YEAR})(?!\S)(?! -)", "in {1}"),
    ("list", r"^(?:give|show|get|send|bring)(?: me| us)? (?:a |the )?(?:full |complete )?list of(?: all| the| our)*", "list"),
    ("or", r",? ?(?:whether )?(?:they (?:are|were) |it (?:is|was) )?(?:\w+ed|open|active|paid|new|sold|sent|late|complete) or not(?= ?[?.,]|$)", ""),
    ("what", r",? ?and what (?:total )?(amount|sum|value|money|volume)(?: of money)? (?:do|does|did|is|was) (?:they|it|that|this|those|these)(?: all)?(?: together)?(?: represent| amount to| add up to| come to| make| make up| make up in total| have)?(?: in total| altogether| together)?(?= ?[?.]|$)", ", and the total {1}"),
    ("that who which", r"^(?:the |our )?(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty) (\w+) (?:that|who|which)(?= .*(?:the (?:most|least|fewest)|best|highest|lowest))", "which {1} {2}"),
    ("with having", r"^(?:(?:show|list|give)(?: me| us)? |(?:what|which|who) are )?(?:the |our )?(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty) (\w+(?: \w+)?) (?:with|having) the(?= (?:most|highest|largest|biggest|greatest|lowest|smallest|fewest|least|longest|shortest|best|worst|oldest|newest|latest)(?!\S))", "which {1} {2} have the"),
    ("money", r"by (?:the )?(?:amount of )?money (?:(?:that )?they )?(?:have )?(?:spent|spend)", "by spending"),
    ("cancellations cancelations", r"(?:did |do |have )?we (?:lose|lost) (?:to|through|due to|because of) cancell?ations", "was cancelled"),
    ("longer sell offer stock carry", r"(?:that |which )?we (?:(?:no longer|not any longer) (?:sell|offer|stock|carry)|(?:don't|do not) (?:sell|offer|stock|carry) (?:any ?more|any longer))", "that are inactive", "active inactive"),
    ("sell offer stock carry", r"(?:that |which )?we (?:still|currently) (?:sell|offer|stock|carry)", "that are active", "active"),
    ("would list", r"^(?:i|we)(?: would|'d)? (?:like|want|need)(?: to (?:see|have|get))? (?:a |the )?(?:full |complete )?list of(?: all| the| our)*", "list"),
    ("down up", r",? ?(?:sorted|ordered|listed|ranked|starting)? ?(?:from|with) the (?:most expensive|dearest|highest|biggest|largest|best)(?: one| ones)?(?: down| downwards| to the (?:cheapest|lowest|smallest|worst|least expensive))(?: one| ones)?", ", highest first"),
    ("down up", r",? ?(?:sorted|ordered|listed|ranked|starting)? ?(?:from|with) the (?:cheapest|lowest|smallest|worst|least expensive)(?: one| ones)?(?: up| upwards| to the (?:most expensive|dearest|highest|biggest|largest|best))(?: one| ones)?", ", lowest first"),
    ("unit piece item", r"(price|cost|weight) (?:of|for|per) (?:one|a|each|a single) (?:unit|piece|item)", "unit {1}"),
    ("big large high", r",? ?(?:and )?how (?:big|large|high|much) (?:was|is|were|are) the (\w+(?: \w+)?) (?:on|of|for|in) each(?: of them| one)?(?= ?[?.]|$)", ", and the {1} of each"),
    ("big large high", r",? ?and how (?:big|large|high) (?:is|are|was|were) (?:the|their|its) (\w+(?: \w+)?)(?= ?[?.]|$)", ", and the {1}"),
    *_GRAIN_OF,
    ("just only", rf",? (?:just|only)(?: for| in)? ({_YEAR}(?: (?:and|or) {_YEAR})?)(?= ?[?.]|$)", "in {1}"),
    ("up", r",? ?(?:counted )?(?:from|since) (?:the )?(?:january|start of (?:the|that) year|beginning of (?:the|that) year) (?:up )?to (?:and including )?(?:that|each|the same|the end of (?:that|each)) (?:day|week|month|quarter)", ""),
    ("which", r"by (?:the )?(day|week|month|quarter|year) in which (?:they|it|these|those) (?:was|were|are|is) \w+", "by {1}"),
    ("four", r",? ?for (?:the|all) four quarters of (\d{4})", "in {1}"),
    ("twelve months", r",? ?for (?:the|all) (?:twelve|12) months of (\d{4})", "in {1}"),
    ("terms", r"in terms of(?: the| their| its)?", "by"),
    ("ever", r"(best|worst|biggest|largest|highest|most \w+) (\w+) ever(?= ?[?.,]| by )", "{1} {2}"),
    ("kicked kick kicks", r"(kick|kicked|kicks) off", "started"),
    ("names name", r"(?<=[.?!] )(?:the |their )?(names?) and (?:the |their )?(?:amounts|figures|numbers|values|totals|sums|counts)(?= [.?!]|$)", "show the {1}"),
    ("by", rf"(?<=by )({_YEAR}) (\w+)", "{2} in {1}"),
    ("worth", r"^what(?:'s| is| was)? (?:is |was )?(?:an?|the|one|each) (?:average |typical |mean )?(\w+) worth(?: on average| to us)*", "what is the average {1} value"),
    ("is are", r"(?:is|are) there (?:currently )?(?:an?|any|some) (.+?) \? if (?:so|yes) ,? ?which(?: ones?)? \?", "which {1}"),
    ("if", r"\?? ?if (?:so|yes) ,? (?:which|what|who)(?: ones?)?(?: is it| are they)? \?", ""),
    ("if", r"^(?:has|have|had|did|do|does|is|are|was|were) (?:every|all|each)(?: of)?(?: the| our)? (\w+) .+? \? if (?:not|no) ,? ?(?:please )?(?:tell me |say |show me |give me )?(?:how many|the number)(?: of (?:them|those))?(?: that| which| who| have| has| are| did)* (.+)", "how many {1} {2}"),
    ("break split slice", r"^(?:break|split|slice)(?: down| up| out)? (?:the |our |all )*(.+?)(?: down| up| out)? by", "show {1} by"),
    ("to", r"^to how many", "how many"),
    ("allowed permitted able", r"(?:are|is|am) (?:we|they|you|it|i) (?:allowed|permitted|able) to", "can we"),
    ("do enough fine suffice", r"(?<=[.?!,;-] )(?:just |only )?(?:the |their )?(\w+(?: \w+)?) (?:will do|would do|is enough|are enough|suffice|suffices|is fine|are fine)(?= [.?!]|$)", "show the {1}"),
    ("reason reasons", r"reasons? for (?:the |our )?(\w+)", "{1} reason", "reason"),
    ("from", r"^from (?:which|what) (.+?) (?:do|did) (?:we|they) (?:source|get|buy|import|obtain|have) (?:the |our )?(.+?) , and how many(?: \w+)?(?: from| of| in)?(?: each)?(?= [?.]|$)", "number of {2} by {1}"),
    ("need i'd i'll", r"^(?:i'd|i'll|i) (?:just |only |also )?(?:need|like)(?: to (?:see|know|have|get))?", "show"),
    ("need i'd i'll", r"(?<=[.?!,] )(?:i'd|i'll|i) (?:just |only |also )?(?:need|like)(?: to (?:see|know|have|get))?", "show"),
    ("need", r"^need", "show"),
    ("mean meant", r"(?:i|we) mean(?:t)?", ""),
    ("get have see", r"^(?:can|could|may) (?:i|we) (?:please )?(?:get|have|see)", "show"),
    ("since", r"since (?:the |our )?(?:records?|data|books?|company|business|shop|site) (?:began|begin|started|starts|opened)", ""),
    ("since", r"since (?:we|they) (?:started|opened|began|launched)", ""),
    ("time times", r"(?:of |for )?all[ -]time", ""),
    ("by", r"by now(?= [?.,]|$)", ""),
    ("metres meters feet", r",? in (?:square|cubic|sq|cu) (?:metres|meters|feet|kilometres|kilometers|miles)(?= [?.,]|$)", ""),
    ("centimetres centimeters millimetres millimeters watts kilowatts degrees", r",? in (?:centimetres|centimeters|millimetres|millimeters|watts|kilowatts|degrees)(?= [?.,]|$)", ""),
    ("fleet", r"in (?:the|our)(?: whole| entire)? fleet(?= ?[?.,]|$)", ""),
    ("service", r"in active service", "active", "active"),
    ("out", r"(mark|score|rating|stars|grade|points) out of \w+", "{1}"),
    ("scale", r",? ?(?:on|at|using) (?:a|the) (?:\w+ )?scale (?:of|from) \w+ (?:to|-) \w+", ""),
    ("calendar", r"calendar(?: year)? (\d{4})", "{1}"),
    ("calendar", r"(this|the current|current|last|the last|the previous|previous|past|next|each|every) calendar (day|week|month|quarter|year)", "{1} {2}"),
    ("single", r"(a|an|one|not one) single", "{1}"),
    ("nothing", r"(?:have |has |had |did )?(?!is |are |was |were |be |do |does |with |but |and |or |for |about |to |of |costs? |paid |pays? |weighs? )([a-z]+) nothing(?: at all)?(?= (?:in|on|during|since|this|last|over|within|at|from|so|yet|until|after|before) | ?[?.,]|$)", "did not {1} anything"),
    ("every", r"every single", "every"),
    ("one", r"(each|every|all) one of (?:them|these|those)", "{1}"),
    ("one", r"(an?|the) (\w+) (\w+) (and|or) (an?|the) (\w+) one(?! \w+s\b)", "{1} {2} {3} {4} {5} {6} {3}"),
    ("physical brick bricks street offline", r"(?:physical|bricks? and mortar|high street|offline) (shops?|stores?|outlets?|branch|branches|locations?)", "{1}"),
    ("brick bricks", r"bricks? and mortar", ""),
    ("average", r"(?:in|at|by) (?:an |the )?average(?= [,.?]|$| for| per)", "on average"),
    # The first few within each.
    ("most", r"(\w+) the most ?,? ?and how much(?: (?:have|has|did|do) (?:they|each)(?: each)? \w+)?(?= ?[?.]|$)", "{1} the most"),
    ("who which what", r"(?<=, )(?:who|which|what) are the (\d+|one|two|three|four|five|ten) (\w+) (?:who|that|which) (?:have |has |had )?(\w+) the most", "which {1} {2} have {3} the most"),
    ("most", r"^(?:show |list |give me |who are |which are |what are )?the (\d+|two|three|four|five|ten) (\w+) (?:who|that|which) (?:have |has |had )?(\w+) the most (?:in|of|for|per|from|within) (?:each|every) (.+?)(?= ?[?.,]|$)" + _SHOWN, "for each {4} , which {1} {2} have {3} the most"),
    ("vs versus", r"^(?:our )?([a-z]+) ([a-z]+) (?:vs|versus)(?: \.)? ([a-z]+) \2(?= (?:this|last|in|during|since|by|per) | ?[?.]|$)", "number of {2} for {1} vs {3}"),
    ("open unresolved pending outstanding unanswered", r"(?:(?:that|which) )?(?:(?:have|has|had) been |(?:are|were|is) )?(?:still )?(open|unresolved|pending|outstanding|unanswered) (?:for )?(?:more than|over|longer than) (\d+|an?|one|two|three|four|five|six) (days?|weeks?|months?)(?= ?[?.]|$)", "{1} and opened more than {2} {3} ago", "opened"),
    ("a an", r"^(how (?:many|much) .*?(?:do|does|did|are|were|is|was) .+?(?<! in)(?<! within)(?<! of)(?<! for)(?<! over)(?<! than)(?<! least)(?<! most)(?<! after)(?<! about)(?<! last)(?<! took)(?<! by)(?<! under)(?<! only)(?<! just)(?<! as)(?<! on)(?<! half)) an? (hour|day|week|month|quarter|year)(?= on average| ?[?.]|$)", "{1} per {2}"),
    ("vs versus", rf"^(?:our )?(?!{_MONTH}|{_SPAN}|this|last|\d|q\d)([a-z]+) (?:vs|versus)(?: \.)? (?!{_MONTH}|\d|q\d)([a-z]+) (?!in|by|per|for|this|last|and)([a-z]+)(?= (?:this|last|in|during|since|by|per) | ?[?.]|$)", "number of {3} for {1} vs {2}"),
    # Degrees.
    ("fast quick", r"the most (?:fast|quick|quickly|rapid|rapidly)", "the fastest"),
    ("most", r"the most (cheap|long|old|new|big|large|slow|heavy|high)", "the {1}est"),
    # Which rows: `how many of our orders` are how many orders.
    ("of", r"(how many|most|all|some|any|none|each|\d[\d,.]*|two|three|four|five|six|ten|twenty|fifty) of (?:our|the|my|your)(?= \w)", "{1}"),
    ("of among out", rf"^(?:of|among|amongst|out of) {_OURS}(.+?) , how many (?:of (?:them|these|those) )?(.+)", "how many {1} {2}"),
    ("of among out", rf"^(?:of|among|amongst|out of) {_OURS}(.+?) , (?:what|which) ({_PART})(?: of (?:them|these|those))? (.+)", "what {2} of {1} {3}"),
    ("everyone anyone everybody", r"(?:everyone|anyone|everybody|anybody|all those|people|those) who (?:has|have) (?:ever )?bought (?:something |anything )?(?:from us)?", "customers with an order"),
    ("bought ordered purchased", r"^(.*\b(?:how many|number of|count of|share|percentage|percent|proportion|%|average)\b.*?) (?:who|that) (?:have |has )?(bought|ordered|purchased)(?: something| anything)?(?= (?:in|during|since|over|within|this|last|between|before|after) )", "{1} {2}"),
    ("we've we", rf"({_PART}) of (?:the |our |all |all the )?(\w+) (?:that |which )?(?:we've|we have) (\w+ed)(?= (?!in |on |since |during |from |over |within )\w)", "{1} of {3} {2}"),
    ("led lead leads resulted result results ended turned", rf"({_PART}) (.+?)(?: that| which)? (?:(?:led|lead|leads) to|(?:result|results|resulted|ended|ended up) (?:in|with)|turned into)(?= (?:an?|at least one|some) )", "{1} {2} have"),
    ("taking considering looking", rf"^(?:taking|considering|looking at) {_OURS}(\w+)(?: (?:including|counting|incl) (?:the |also )?\w+ (?:ones|too|as well))? , (?:what|which) ({_PART})(?: of (?:them|these|those))? (.+)", "what {2} of {1} {3}"),
    ("under", r"under (?:an?|some|any)(?= (?!(?:\d|hundred|thousand|million|dozen|quarter|third|half|year|month|week|day|minute|hour|second|kilo|metre|mile|euro|dollar|pound|tonne)s?\b)\w+)", "with a"),
    ("second", r"(?:came|come|comes|coming|went|returned|return) (?:back |on )?(?:for|to make|to place|with) (?:at least )?(?:a|their|another) second (\w+)", "with more than one {1}"),
    ("second", r"(have|has|had|with|placed|place|made|make|booked|bought|took) (?:at least )?(?:a|their|another) second (?!of\b|or\b)(\w+)", "with more than one {2}"),
    ("ended ends end", r"(?:ended|ends|end) as(?: an?)?(?= \w)", "was"),
    ("percent % percentage percentages", rf"^how (?:many|much)(?: of)?(?: the| our| all)? (?!{_NOT_COUNTED})((?:(?! (?:{_MOVED}|change|changed|differ) )[^.?!])+?) ?[,(]? in (?:percent|%|percentages?)(?: \))?(?: ,)?(?= by | per | for each | ?[?.]|$)", "what percentage of {1}"),
    ("percent % percentage percentages", rf"^in (?:percent|%|percentages?) ,? ?how (?:many|much)(?: of)?(?: the| our| all)? (?!{_NOT_COUNTED})([^.?!]+?)(?= ?[?.]|$)", "what percentage of {1}"),
    ("compare", r"^compare (?:the |our )?(.+?) (of|for|in|on|among) (.+?) (?:with|to|and|against|versus|vs) (?:that |those |the one )?(?:of |for |in |on |among )(.+?)(?= ?[?.]|$)", "{1} {2} {3} versus {4}"),
    ("compare", r"^how (?:does|do|did) (?:the |our )?(.+?) (of|for|in|on|among) (.+?) compare (?:with|to|against) (?:that |those )?(?:of |for |in |on |among )?(?:the )?(.+?)(?= ?[?.]|$)", "{1} {2} {3} versus {4}"),
    ("percent percents", r"how many (?:percent|per cent) of", "what percentage of"),
    ("well", r"^how well (?:do|does|did) (?:the |our )?(.+?) convert(?:ed)?(?: (?:in|to|into) (?:an? )?\w+)?(?= on | in | by | per | for | from |[ ?.]*$)", "what is the conversion rate of {1}", "conversion convert converted"),
    ("up", r"(?:end|ends|ended|ending) up (?:being |as |getting |with being )?", "was"),
    ("represent represented given shown show", r",? ?(?:[.] )?(?:represent|represented|given|shown?)(?: (?:each|the|every))?(?: quarter| month| week)? (?:as|by|with) (?:its|the|their) (?:first|starting|start) (?:day|date)(?: (?:of|in) (?:the|each|that) \w+)?(?= ?[,.?]|$)", " as a date"),
    ("turned turn", r"turn(?:ed)? out (?:to be |to have been )?", ""),
    ("got get gets getting being", r"(?:got|gets|getting|being)(?= \w+ed\b)", "was"),
    ("including incl", rf" ?, (?:and )?(?:including|incl) (?:the |all |any )?{_STATED}(?= ?[,.?]|$)", ""),
    ("including counting", r"(?<!not ),? ?(?:taking (?:all )?\w+ )?(?:including|counting|incl) (?:the |also )?\w+ (?:ones|too|as well)(?= ?,|$| \?| \.)", ""),
    ("too also well", rf"(?<=[.?!] )(?:please )?(?:count|include|keep)(?: in)? (?:the |any |also )?{_STATED} (?:too|as well|also)(?= [.?!]|$)", ""),
    ("second", r"(at least|more than) (?:a|one) (?:second|once)", "{1} 2"),
    ("period time history", r",? ?(?:over|in|across|for|during) (?:the |our |its )?(?:whole|entire|full|complete) (?:period|time|history|data)(?: on record| of the data)?", ""),
    ("overall altogether told all total", r"^(how (?:much|many) .+?),? (?:overall|altogether|all told|in all|in total)(?= [?.]|$)", "{1}"),
    ("contain have include hold make place get", r"how many (\w+) (?:does|do|did) (?:an|the|our) average (\w+) (?:contain|have|include|hold|make|place|get|come with)", "average number of {1} per {2}"),
    ("live come sit work", r"(?:in|from) (?:which|what) (\w+) (?:do|did|does) (more than|less than|fewer than|at least|over|at most|under) (\S+) (?:of )?(?:our )?(\w+) (?:live|come from|come|sit|work|reside)", "which {1} have {2} {3} {4}"),
    ("covers cover has have contains includes offers runs", r"^(?:our|the) (\w+) (?:covers?|has|have|contains?|includes?|offers?|runs?) how many (.+?)(?= \?|$)", "how many {2} in the {1}"),
    ("make made earn earned", r"^((?:and |so )?how much) (did|do|have|has|does) (we|the company|it|they) (make|made|earn|earned)(?= ?[,?.]|$| (?:in|last|this|per|from|between|since|on|each|every|during|by|so|today|yesterday)\b)", "{1} money {2} {3} make"),
    ("earn make bring take generate gross", r"how much (?:did|does|do|has|have) (each|every) (\w+) (?:earn|make|bring in|generate|take in|gross)(?= ?[,?.]|$| (?:in|last|this|per|from|between|since|during|so)\b)", "what was the revenue of {1} {2}", "revenue sale turnover"),
    ("more fewer", r"^(?:are there|were there|do we have|did we have|have we got) (?:more|fewer|less) (\w+) (?:or|than) (\w+) (\w+)(?= ?[?.]|$)", "how many {1} {3} and how many {2} {3} are there"),
    ("more less", r"^which (?:\w+) (?:brings? in|makes?|earns?|generates?|takes? in|brought in|made|earned|generated)(?: us)? (?:more|less)(?: money| revenue)? ?, (?:the )?(\w+) or (?:the )?(\w+)(?= ?[?.]|$)", "revenue {1} versus {2}", "revenue sale turnover"),
    ("higher lower larger bigger smaller longer shorter", r"^(?:do|did|does) (\w+(?: \w+)?) or (\w+(?: \w+)?) have (?:a |an |the )?(?:higher|lower|larger|bigger|smaller|longer|shorter) (average|total|median) (\w+(?: \w+)?)(?= ?[?.]|$)", "{3} {4} of {1} versus {2}"),
    ("old", r"^how old (?:is|was) (?:our|the) average (\w+)(?= ?[?.]|$)", "what is the average age of our {1}"),
    ("age", r"^what age (?:are|were|is) (?:our|the) (\w+)(?: on average)?(?= ?[?.]|$)", "what is the average age of our {1}"),
    ("age", r"(average|mean|median) (?!the\b)(\w+) age(?= |$)", "{1} age of {2}"),
    ("share", r"^(?:(?:show|what is|give)(?: me)? )?(?:the |our )?(?!market|time|voice)(\w+) share (by|per|of each|for each|in each)(?= \w)", "share of {1} {2}"),
    ("up down growing falling rising declining increasing dropping", r"^(?:is|are) (?:our |the )?(\w+(?: \w+)?) (?:up|down|growing|falling|rising|declining|increasing|dropping)(?: or (?:up|down|growing|falling|rising|declining|increasing|dropping|not))? (?:this|for this) (month|quarter|year|week)(?: so far)?(?= ?[?.]|$)", "did {1} grow this {2}"),
    ("compare", r"^compare (?:our |the )?(\w+(?: \w+)?) (?:for |in |of )?this (week|month|quarter|year) (?:to|with|and|against) (?:that of |the )?last \2(?= ?[?.]|$)", "{1} this {2} vs last {2}"),
    ("logged", r"(?:that |who )?(?:have |has |had )?never logged (?:in|on)", "with no last login", "login"),
    ("day week month quarter weekday hour", r"which (day|week|month|quarter|weekday|hour) ((?:in |of |during )?(?:last|this) (?:week|month|quarter|year)|(?:in|of|during) (?:\w+ )?\d{4}|(?:in|of|during) \w+) (had|has|saw|got|brought) the (most|fewest|highest|lowest|least) ([^?.]+?)(?= ?[?.]|$)", "which {1} had the {4} {5} {2}"),
    ("ratings scores marks", r"(?:get|gets|got|have|has|had|receive|receives|received) the (lowest|highest|best|worst) (ratings|scores|marks)(?= ?[?.,]|$| (?:in|from|last|this|on)\b)", "have the {1} average {2}"),
    ("lost", r"which (\w+(?: \w+)?) lost (\w+(?: \w+)?) (?:compared (?:with|to)|versus|vs|against|over|on|relative to) last (year|month|quarter|week)", "which {1} had lower {2} this {3} than last {3}"),
    ("gained", r"which (\w+(?: \w+)?) gained (\w+(?: \w+)?) (?:compared (?:with|to)|versus|vs|against|over|on|relative to) last (year|month|quarter|week)", "which {1} had higher {2} this {3} than last {3}"),
    ("less more fewer lower higher", r"^(?!.*\b(?:this|current)\b)(.+ (?:less|more|fewer|lower|higher)(?: \w+){0,2}) than last (year|month|quarter|week)(?= ?[?.]|$)", "{1} this {2} than last {2}"),
    ("money", r"(?:took|made|earned|brought in|generated|grossed|bring in|make|earn|take) (?:the )?(most|least) money", "had the {1} revenue", "revenue sale turnover"),
    ("give gave given pay paid take took spend spent lose lost", r"how much (?:money )?(?:did|do|does|have|has) (?:we|they|it|the company) \w+(?: away| out| back)? (?:in|on) (discounts?|refunds?|fees|taxes|revenue|sales|commissions?|rebates|penalties|interest|dividends|bonuses|tips|fines|premiums?|salaries|rent)", "what is the total {1}"),
    ("divide divided split spread distributed break broken", r"^how (?:did|do|does|are|were|is|was|have|has) (?:the |our |all )*(.+?) (?:divide|divided|split|split up|spread|spread out|distributed|broken down|break down) (?:up )?(?:across|by) (?:the |their )?(?:current |present )?(.+)", "number of {1} by {2}"),
    ("number", r"(?:tell me |show |give me |what is )?the number (?:of those )?(?:that|who|which)(?= \w+ed)", "how many"),
    ("older", r"older than ((?:\S+ ){1,2}?(?:hours?|days?|weeks?|months?))(?= ?[?.,]|$| (?!ago|old)\w)", "from more than {1} ago"),
    ("bought purchased sold ordered", r"^(which|what) (?:(\d+|two|three|five|ten) )?(\w+(?: \w+)?) (?:(?:has|have|had|was|were|is|are|been) )+(bought|purchased|sold) (?:the )?most(?: often)?", "{1} {2} most {4} {3}"),
    ("best worst strongest weakest top", r"(best|worst|strongest|weakest|top) (hour|day|week|month|quarter|year|weekday|day of the week|hour of the day)((?: (?:in|of) \S+)?) for(?= (?!the |our |us |each |every |all |any )\w)", "{1} {2} {3} by"),
    ("made took earned generated grossed brought turned", rf"(?:made|took|earned|generated|grossed|turned over|brought in)(?= (?:{_OVER}) [$€£]?[\d.,]+k?(?![\d.,k])(?: (?:(?:dollars|euros|usd|eur)(?! of)|in|during|on|last|this|since|so|over all)\b| ?[?.,]|$))", "had revenue", "revenue turnover"),
    ("trend trends", r"^(?:(?:what is|what's|what|show|show me|give me|plot) )?(?:the |our )?(daily|weekly|monthly|quarterly|yearly) (.+?) trends?(?= (?:in|over|for|during|since|this|last|between)\b| ?[?.]|$)", "{1} {2}"),
    ("trend trends", r"^(?:(?:what is|what's|what|show|show me|give me|plot) )?(?:the |our )?(.+?) trends?(?= (?:in|over|for|during|since|this|last|between)\b| ?[?.]|$)", "{1} by month"),
    ("fall falls fell falling land lands landed", r"(?:fall|falls|fell|falling|land|lands|landed) on", "on"),
    ("don't do", r"(?<=[.,;?!-] )(?:please )?(?:don't|do not) (?:count|include|consider)(?: in)?(?: the| any)?(?= \w)", "excluding"),
    *(
        ("rated scored", rf"(?:(?:that|which|who) )?(?:(?:are|is|was|were|got|been|has|have) )*(?:rated|scored)(?= (?:{_OVER} )?(?:\d|one|two|three|four|five|six|seven|eight|nine|ten)\S*(?= |$))", f"with a {word} of", known)
        for word, known in (("rating", "rating rated"), ("score", "score"))
    ),
    ("end", r"(?:at|by|as of) the end of each (hour|day|week|month|quarter|year)", "by {1}"),
    ("ended end ends ending", r"(?:ended|end|ends|ending) (?:in|with)(?= (?:an?|which) )", "with"),
    ("out leave exclude ignore skip omit", r"(?<=[.,?!] )(?:leave out|leaving out|exclude|excluding|ignore|ignoring|skip|omit) (?:the |those |any )?\w+(?: \w+)? (?:without any|with none|that have none|without one)", ""),
    ("stand stands", r"(?:that |who |which )?stands? behind", "with"),
    ("within", r"(\w+ed) within (\S+) (minutes|hours|days|weeks|months) (?:of|after|from) (?:being |the |its |their |having been )?(\w+)", "{1} not more than {2} {3} after {4}"),
    ("twice double half times", r"(more|less) than (twice|double|half|\w+ times) as (?:much|many|large|high|long|expensive|big) as (?:the |an )?average", "{1} than {2} the average"),
    ("counts count", r"^(?:show|list|give)(?: me)? (?:the |all )?(\w+) by (.+?) with (?:the |their )?counts?(?= [?.]|$)", "number of {1} by {2}"),
    ("only", r", ((?!the )[^,]+?) only(?= [.?]|$)", "for {1}"),
    ("out expired lapsed", r"whose (\w+)(?: with us)? (?:has|have|had) (?:run out|expired|lapsed)", "whose {1} expiry before today", "expiry expire expiration exp"),
    ("out expired lapsed", r"whose (\w+)(?: with us)? (?:has|have|had) (?:run out|expired|lapsed)", "whose {1} end before today", "end"),
    ("more", r"^(?:did|do|does|have|has|had) (?:the |our )?(\w+) or (?:the |our )?(\w+)(?: \w+)? (?:have|had|get|got|make|made|bring in|sell|take|place|see) (?:the )?more (.+)", "number of {3} for {1} versus {2}"),
    *_CURRENCIES,
    ("count number headcount", rf"^{_NOUN_FIRST}([^?.,]+?) ?(?:-|:|–|,) ?(?:just |only )?(?:(?:the|a) )?(?:count|number|headcount|total number)(?: only| please| pls| plz| will do| is enough)*(?= [?.]|$)", "how many {1}"),
    ("how", rf"^{_NOUN_FIRST}([^?.]+?) ?(?:-|:|–|,) ?(?:so )?how many(?: (?:are there|is that|were there|in total|of them))?(?= [?.]|$)", "how many {1}"),
    ("names name", r"^((?!.*(?:(?<!at )\b(?:most|least)|\b(?:top|best|worst|highest|lowest|fewest))\b).+?) [:?.;-] (?:show |give |list |with )?(?:me )?(?:the |their )?names? and (?:the )?(?:how many|number of \w+|count)(?: each| they have| each has| does each have| of each)?(?= ?[?.]|$)", "{1} , and how many"),
    ("names", r", (?:the |their )?names and how many(?: each| they have| each has| does each have)?(?= ?[?.]|$)", ", and how many"),
    ("apiece", r"apiece", ""),
    # What has not come to its end.
    ("road way", rf"(?:that |which )?(?:are |is |were )?(?:still |currently |now )*(?:out )?{_ON_THE_WAY}(?: right now| now| at the moment)?{_NOT_SO_LONG}", "not delivered yet", "delivered"),
    ("road way", rf"(?:that |which )?(?:are |is |were )?(?:still |currently |now )*(?:out )?{_ON_THE_WAY}(?: right now| now| at the moment)?{_NOT_SO_LONG}", "not arrived yet", "arrived arrival"),
    ("reached arrived got made", r"(?:(?:have|has|had) )?(?:left|gone out|been sent out|been sent|been dispatched)(?: us| the \w+)?,? (?:but|and|yet) (?:(?:have|has|are|is) )?(?:not|never)(?: yet)? (?:reached|arrived|got to|made it to|been delivered)(?: at| to)?(?: (?:the|our|their) \w+)?(?: yet)?", "not delivered yet", "delivered"),
    ("reached got made", r"(?:(?:have|has|had) )?(?:not|never|haven't|hasn't)(?: yet)? (?:reached|got to|made it to) (?:the|our|their) (?:customers?|clients?|recipients?|buyers?|destinations?)(?: yet)?", "not delivered yet", "delivered"),
    ("still", rf"(?:that |who |which )?(?:are |is |were |was )?still {_STILL_HERE}", "still ongoing", _ENDING),
    ("currently now presently", rf"(?:that |who |which )?(?:are |is )?(?:currently|now|presently) {_STILL_HERE}", "still ongoing", _ENDING),
    ("day date", r",? ?and (?:on|from|since|as of) (?:what|which) (?:day|date)(?= ?[?.]|$)", ", and when"),
    # What is left out.
    ("leaving putting setting leave", r"(?:leaving|leave|putting|setting) (?:any |all |the )?(.+?) aside", "excluding {1}"),
    ("times", r"(\w+) (?:\+|or more) times", "at least {1} times"),
    ("once twice", r"(?<!more than )(?:only|just) (once|twice)", "exactly {1}"),
    ("twice times", r"(twice|(?:two|three|four|five|six|ten|\d+) times) or more(?: often)?(?! than)", "at least {1}"),
    ("included", rf"(?<=[.,;?!] )(?:and |with )?(?:the |any )?(?:{_STATED}|(?:{_MONTH}|today|this \w+)(?: so far)?) (?:are |being )?included(?= ?[?.,]|$)", ""),
    ("missing", r"^for how many (.+?) (?:are|do) we (?:missing|lack|have no) (?:an?|the|any) (.+?) ,? ?and for how many (?:an?|the|any) (.+?)(?= ?[?.]|$)", "how many {1} have no {2} and how many {1} have no {3}"),
    ("missing", r"^for how many (.+?) (?:are|do) we (?:missing|lack) (?:an?|the|any) (.+?)(?= ?[?.]|$)", "how many {1} have no {2}"),
    ("moment now present", r"(enrolled|employed|registered|subscribed|admitted|stationed|living|staying|lodging) (?:(?:with|by) us |here )?(?:at the moment|right now|as of now|at present|now)", "{1} currently"),
    ("earn earns make makes paid get gets", r",? ?(?:and )?what (?:do|does) (?:they|he|she|each|it|each of them) (?:earn|make|get paid|get)(?: (?:an|a|per) (hour|day|week|month|year))?(?= ?[?.]|$)", ", and the pay", "pay"),
    ("count counts", rf"(?<=[.,;?!] )(?:the |any )?{_STATED} counts? (?:too|as well|also)(?= ?[.?!]|$)", ""),
    ("counted included count out aside considered ignored disregarded", rf"(?<=[.,;?!] )(?:the |any )?(\w+(?: \w+)?) (?:are |is |being )?(?:{_IGNORED})", "excluding {1}"),
    ("skip skipping drop dropping omit omitting", r"(?:skip|skipping|drop|dropping|omit|omitting)(?= \w)(?! (?:in|of|from|off|out|by|to|since)\b)", "excluding"),
    ("cancellations cancellation", r"(excluding|without|except|disregarding|ignoring|ex|not counting|minus) (?:the |any |all )?cancell?ations?", "excluding cancelled", "cancelled"),
    ("cancellations cancellation", r"(excluding|without|except|disregarding|ignoring|ex|not counting|minus) (?:the |any |all )?cancell?ations?", "excluding canceled", "canceled"),
    ("non", r"non (cancell?ed|active|returned|paid|closed|deleted|refunded|void|voided)", "not {1}"),
    ("uncancelled", r"uncancelled", "not cancelled", "cancelled"),
    ("nothing none", r"but (?:nothing|none|no more|not any)(?: at all)?(?= (?:in|during|this|last|over|within|after) )", "but not"),
    ("thing", r"(not|never|haven't|hasn't|didn't) (\w+) a (?:single )?thing", "{1} {2} anything"),
    # What is missing.
    ("by", rf"(not|never|haven't|hasn't|weren't|wasn't)((?: (?:yet|been|ever))*) (\w+ed|given|left|paid|taken) by (?:the|its|their|any|a) {_ITS_PERSON}(?= ?[?.,]| in | and | during |$)", "{1} {3}"),
    ("recorded known given specified filled entered available", r"(?:is|are|was|were)(?: the| its| their)? (.+?) (?:not|never) (?:recorded|known|given|specified|filled in|entered|available)", "{1} is missing"),
    ("recorded known given specified filled entered", r"(?:is |are |was |were |has |have )?(?:not|never|not been) (?:recorded|known|given|specified|filled in|entered)", "is missing"),
    ("recorded known", r"with (?:an?|the|some) (?:known|recorded) (\w+)", "whose {1} is known"),
    ("recorded known", r"with no (?:known|recorded) (\w+)", "whose {1} is missing"),
    ("blanks blank unknown", r"(?:excluding|skip|skipping|ignore|ignoring) (?:the )?(?:blanks|blank ones|unknowns|nulls|empty ones)", ""),
    # Ways to say that something failed, is on offer, was agreed to.
    ("through", r"(?:did|does|do|has|have|had) not (?:go|gone) through", "failed", "fail failed failure succeeded successful success"),
    ("through", r"(?:didn't|doesn't|don't|haven't|hasn't) (?:go|gone) through", "failed", "fail failed failure succeeded successful success"),
    ("successfully", r"successfully (\w+ed)", "successful {1}", "success successful succeeded"),
    ("sale", r"(?:have |has |been )*(?:we )?taken off (?:the )?(?:sale|shelves|shelf|market|range)", "that are inactive", "active inactive"),
    ("discontinued delisted", r"discontinued|delisted", "inactive", "active inactive"),
    ("longer", r"no longer (?:sold|on sale|offered|in (?:the|our) (?:range|assortment|catalogue))", "inactive", "active inactive"),
    ("sale sold live offered", r"(?:still |currently )(?:on sale|being sold|sold|live|offered)(?: now)?", "active", "active"),
    ("range assortment catalogue", r"(?:still |currently )in (?:the|our) (?:range|assortment|catalogue|catalog)", "active", "active"),
    ("live", r"live (?:right )?now", "active", "active"),
    ("running", r"(?:(?:that|which) )?(?:(?:are|is) )?(?:(?:currently|now|presently) running|running (?:right now|now|at the moment|currently|at present))", "ongoing", "!running"),
    *_CONSENT,
    ("agreed consented opted said signed ok okay happy fine willing glad", r"(?:have |has |are |is |who )*(?:agreed|consented|opted in|opted|said yes|signed up|ok|okay|happy|fine|willing|glad) (?:to|for|into|with) (?:get|getting|receive|receiving|be sent)(?: our| the)?", "who accept", "accept"),
    ("agreed consented opted said signed ok okay happy fine willing glad", r"(?:have |has |are |is |who )*(?:agreed|consented|opted in|opted|said yes|signed up|ok|okay|happy|fine|willing|glad) (?:to|for|into|with) (?:get|getting|receive|receiving|be sent)(?: our| the)?", "with"),
    ("left joined quit leave leaving join", r"(left|joined|quit|leave|leaving|join) (?:the |our )?(?:firm|company|business|organisation|organization|us)(?= [?.,]| and | in | during | since |$)", "{1}"),
    ("past", r"(?:that |which |who )?(?:are |is |were |was )?(?:already |now |well )?past (?:their|its|the|his|her) (\w+) (date|day|time)(?: today| by now| now)?", "whose {1} {2} is before today"),
    ("person people one colleague colleagues employee", r"of (?:the |those |each )?(?:person|people|one|ones|colleagues?|employees?) (?:who|that) (?:did|does|do|handled|handles|took|made|carried out|performed) (?:the (?:work|job|task)|it|them|that)", ""),
    ("expired lapsed out", r"which (\w+) (\w+) (?:has|have) (?:already |now |since )?(?:expired|lapsed|run out)(?= [?.]|$)", "which {1} have a {2} until before today", "until"),
    ("expired lapsed out", r"which (\w+) (\w+) (?:has|have) (?:already |now |since )?(?:expired|lapsed|run out)(?= [?.]|$)", "which {1} have a {2} expiry before today", "expiry expire expiration exp"),
    ("big large", r"^how (?:big|large) is (?!the |our |an? )(\S+(?: \S+){0,2})(?: ,? in (?:square|sq) \w+)?(?= \?|$)", "what is the area of {1}", "area"),
    ("off", rf"(?:that |which )?(?:gave|give|gives|offered|offer|offers|had|have|has|with|carried|carry|granted|took|got) (?:an? )?((?:{_BOUND} )?\d[\d.,]* ?(?:percent|%)) off", "with a discount percent of {1}", "percent pct percentage rate"),
    *(
        ("happy satisfied pleased", rf"(?:on average ,? )?how (?:happy|satisfied|pleased) {_WERE} (?:{_PERSONS}(?: been)?(?: with)? )?(.+?)(?: ,? ?(?:on|in) average)?(?= ?[?.]|$)", f"what is the average {word} for {{1}}", known)
        for word, known in (("satisfaction", "satisfaction csat"), ("rating", "rating"))
    ),
    ("mark rating score grade stars", rf"(?:what|which) (mark|rating|score|grade|stars|star rating) (?:do|did|does|have|has) {_PERSONS} (?:give|given|award|awarded|leave|left)(?: us for| to| for)? (.+?) (?:on|in) average", "what is the average {1} for {2}"),
    ("mark rating score grade stars", rf"(?:what|which) (mark|rating|score|grade|stars|star rating) (?:do|did|does|have|has) {_PERSONS} (?:give|given|award|awarded|leave|left)(?: us for| to| for)? (.+)", "what is the {1} for {2}"),
    ("care service services support desk", r"(?<=for )(?:our |the )?(?:(?:customer|client|user|technical|tech) (?:care|services?|support)(?: (?:team|desk|staff|department))?|(?:help|service) desk|support (?:team|desk|staff|department))", "support", "support"),
    ("rrp msrp", r"rrp|msrp", "list price", "list"),
    ("rrps msrps", r"rrps|msrps", "list prices", "list"),
    ("rrp rrps msrp msrps", r"rrps?|msrps?", "retail prices", "retail"),
    ("begin start", r",? ?and when (?:did|does|do) (?:they|it|each|each of (?:them|these|those)) (?:begin|start) and (?:end|finish|stop)", ", the start and the end", "start"),
    ("worth", r"how much (?:is|was) (?:the |our |an? )?average (basket|cart|bill|invoice|deal|contract)(?: ((?:of|from|by) (?:an? |the |our )?\w+))? worth", "what is the average {1} {2}"),
    ("worth", r"how much (?:is|was|are|were) (?:the |our |an? )?average (\w+)(?: ((?:of|from|by) (?:an? |the |our )?\w+))? worth", "what is the average {1} value {2}"),
    ("sitting lying hanging waiting", r"(?:sitting|lying|hanging|waiting) (open|unpaid|unresolved|unanswered|idle|empty)", "{1}"),
    ("left", r"(parcels?|packages?|shipments?|deliveries|consignments?) (?:that |which )?(?:have |has |had )?left (?:us|(?:the |our )?(?:dock|docks|building|warehouse|house|premises|depot|factory))", "{1} shipped", "shipped dispatched"),
    ("sun sunday", r",? ?(?:from )?(?:mon|monday) (?:through|thru|to|until|-) (?:sun|sunday)(?: inclusive| included)?", ""),
    ("o", r"with (?:/ )?o(?= \w)", "without"),
    ("time", r"(?:order|ordered|buy|bought|purchase|purchased|placed an order)(?: from us| with us)? for the (?:very )?first time", "placed their first order"),
    ("up down grow grown rise risen fall fallen shrink shrunk decline declined drop dropped increase increased decrease decreased", rf"^(?:did|do|does|have|has) (?!any|some|all|every|each|we |you |they |i )(?:the |our )?(.+?) (?:{_MOVED}) ((?:in|last|this|over|during|since) [^?.]+)(?= [?.]|$)", "what was the change in {1} {2}"),
    ("number", rf"^(?:by )?how (?:much|many percent) (?:did|do|does|have|has) (?:the |our )?(number of .+?) (?:{_MOVED}|change|changed)(?= )", "what was the change in the {1}"),
    ("developed develop evolved evolve changed change fared fare", r"^how (?:has|have|did|do|does) (?:the |our )?(.+?) (?:develop(?:ed)?|evolved?|changed?|fared?)(?= .*(?:against|compared|versus|vs|relative to) )", "what was the change in {1}"),
    ("higher more larger greater", rf"^how much (?:higher|more|larger|greater) (?:was|were|is|are) (?:the |our )?(.+?) ((?:this|last|(?:in|during) (?:the )?(?:(?:19|20)\d\d|{_MONTH}|\w+ (?:quarter|half)|[qh]\d))\b.*?) than(?: in| during)?(?= )", "what was the change in {1} {2} compared with"),
    ("ly", r"ly", "last year"),
    ("january jan first q1", r"\( (?:for |with )?(?:the )?(?:first \w+|january|jan|q1) ?,? (?:from|against|compared? (?:to|with)|vs|versus|relative to) [^()]+ \)", ""),
    ("most least", rf"(?:cost|costs|lost|lose|loses|earned|earns|earn|brought|brings|bring|made|makes|make|gave|gives|give)(?: in)? us the (most|least)(?= in (?!{_TIME}))", "had the {1}"),
    ("best", r"^(which|what) (\w+) (?:has |have |had )?(?:sold|sells|sell) (?:the )?best", "{1} best selling {2}"),
    ("away", r"(?:gave|give|gives|given) away(?= (?:more|less|over|under|the most|the least|at least))", "had"),
    ("most least", r"the (most|least) (?:money|dollars|euros|pounds)(?: of money)? in(?= )", "the {1} in"),
    ("only limited just", rf",? ?(?:but |and )?(?:only|limited to|just)(?: show)?(?: the| those| for)? (?:\w+ )?(?:with|having|that have|which have|that had) ({_OVER}) ([\d.,]+k?)(?= [.?]|$)", ", having {1} {2}"),
    ("only limited just", rf",? ?(?:but |and )?(?:only|limited to|just)(?: show)?(?: the| those| for those| for)?(?: \w+)?(?: where| for which| in which| that| which| if)? (?:(?:it|this|that|the (?:total|figure|amount|sum|number|value|result)) )?(?:is |was |are |were )?({_OVER}) ([\d.,]+k?)(?: \w+)?(?= [.?]|$)", ", having {1} {2}"),
    ("stly sply", r"stly|sply", "the same period last year"),
    ("without", r"(and|than) (?:those |that |the ones? |(?:the )?\w+ )?without (?:one|it|any|them)(?= ?[?.,]|$)", "{1} without"),
    ("higher lower larger smaller bigger greater longer shorter", r"^by how (much|many percent|many %|many pct) (?:is|was|are|were) (.+?) (higher|lower|larger|smaller|bigger|greater|longer|shorter)(?= .+ than )", "how {1} {3} is {2}"),
    ("higher lower larger smaller bigger greater longer shorter", r"^by how (much|many percent|many %|many pct) (?:is|was|are|were) (.+?) (higher|lower|larger|smaller|bigger|greater|longer|shorter)(?= than )", "how {1} {3} is {2}"),
    ("grow rise shrink fall", r"^by how much (?:did|do|does|have|has) (.+?) (?:grow|rise)", "by how much did {1} increase"),
    ("shrink fall", r"^by how much (?:did|do|does|have|has) (.+?) (?:shrink|fall)", "by how much did {1} decrease"),
    ("each", r",? ?and how (many|much) (?:(\w+) )?(?:did|does|do|has|have|had|was|is) each(?: of (?:them|these|those))?(?: one)?(?: \w+)?(?= [?.]|$)", ", and how {1} {2}"),
    ("start starting begin beginning", r",? ?(?:and )?(?:start|starting|begin|beginning) (?:with|from) the (best|highest|largest|biggest|greatest|top|most \w+)(?: \w+)?(?= [?.]|$)", "highest first"),
    ("start starting begin beginning", r",? ?(?:and )?(?:start|starting|begin|beginning) (?:with|from) the (lowest|smallest|least \w+|fewest|worst)(?: \w+)?(?= [?.]|$)", "lowest first"),
    ("which what", r",? ?and in (?:which|what) (\w+) (?:is|are|do|does) (?:it|they|these|those|each)(?: \w+)?(?= [?.]|$)", ". show the {1}"),
    ("one", r"(have|has|had|with|without) (?:at least )?one of (?:our|the|these|those)", "{1} a"),
    ("where", r"^where (?:do|does|did|are|were) (?:the |our )?(\w+(?: \w+)?) (?:come from|live|located|based|situated|from|reside) \? (?:the |show the )?(?:count|counts|number|numbers) (by|per|for each)", "number of {1} {2}"),
    ("where", r"^where (?:do|does|did|are|is|was|were) (?:most of )?(?:the |our )?(.+?) (?:live|lived|located|based|situated|from|come from|reside)(?= [?.]|$)", "where are {1}"),
    # What something costs, is worth, adds up to.
    ("make made take took bring brought turn generate gross", r"^(?:how much(?: money)?|what) (?:did|do|does|have|has) (?:the |our |all )*(?!we |you |they |it |i )(\w+(?: (?!last|this|in)\w+)?(?: in [a-z]+)?) (?:makes?|made|takes?(?: in)?|took(?: in)?|taken(?: in)?|brings? in|brought in|turns? over|generated?|gross)(?= (?:in|last|this|during|since|on|over|yesterday|today) | ?[?.]|$)", "how much revenue did {1} make", "revenue"),
    ("pay paid spend spent", r"^how much(?: money)? (?:did|do|does|have|has) we (?:pay|paid|spend|spent) (?:for|on) (?:the |our )?(shipping|freight|delivery|postage|repairs?|maintenance|transport)", "total {1} costs", "shipping freight delivery repair maintenance"),
    ("rated", r"(?:(?:have|has|had|were|was|are|is|got|get|been|ever|yet) )*(?:not|never|haven't|hasn't|weren't|wasn't|aren't) (?:(?:yet|been|ever|get) )*rated(?: yet| at all)?(?= ?[?.,]| in | and | during |$)", "without a rating", "rating"),
    ("rated", r"(?:(?:that|which) )?(?:(?:have|has|were|was|are|is|got|get|been) )+rated(?= ?[?.,]| in | and | during |$)", "with a rating", "rating"),
    ("cost costs", r",? ?(?:and )?(?<!^)(?:what|how much) (?:does|do|did|will) (?:it|they|these|those|that) cost(?: us| in the shop| each)?", "and the price"),
    ("cost costs", r"(?:what|how much) (?:did|does|do|has|have|will) (?:the |our )?(?!each|every|it\b|they|these|those|that)(\w+) cost(?:ed)?(?: us)?", "what is the {1} cost"),
    ("large big high low great", rf"how (?:large|big|high|low|great) (?:is|was|are|were)(?: the| our)?(?= (?:average|median|total|overall|mean|{_FIGURE})\b| .+ as (?:an? )?(?:{_PART}|%) of)", "what is the"),
    ("of", rf"(value|amount|price|cost|size|weight|duration|length|total) of (?:the|our) ({_EXTREME}) (\w+)", "{2} {3} {1}"),
    ("going counted judged", r"(in|during|since|for) ((?:(?:the )?(?:last|this|current|previous) )?\S+) ,? ?(?:going|counted|judged) by (?:the |its |their )?(\w+ (?:date|day))(?= [?.,]|$)", "with {3} {1} {2}"),
    ("going", r",? ?going by (?:the |its |their |our )?", "by"),
    # What is asked beside the rest, and how it is to be shown.
    ("how", r",? ?and (?:for |in |by |to )?how many (?:is|are|were|was|did|do|does|have) (?:there|they|it|those|these)(?: \w+)?(?: in| for| at| of)?(?: each)?(?= [?.]|$)", ", and how many"),
    ("how", r",? ?and how many (?:times )?(?:in each|for each|of each|each|from each|at each)(?= [?.]|$)", ", and how many"),
    ("rate rates share percentage proportion portion ratio", r",? ?and what (?:is|was|are|were) (?:that|this|the|their|its|each|each one's) (?:rates?|shares?|percentages?|proportion|portion|ratio)(?= ?[?.]|$)", ", and what is it"),
    ("what", r",? ?and what (?:is|was|are|were) (?:it|this|that|they|these|those)(?: (?:for|in|at|of) each)?(?= ?[?.]|$)", ", and what is it"),
    ("what", rf",? ?and what (?:is|was|are|were) (?:that|this|the|their|its) ({_FIGURE})(?= [?.]|$)", ", and the {1}"),
    ("much", r",? ?and how much (?:have |has |had |did |do |does )?(?:they|it|he|she|each)(?: each)? (?:spent|spend|earned|earn|paid|pay|bought|buy|made|make)?(?= [?.]|$)", ", and how much"),
    ("how", r",? ?and (?:by )?how (?:much|many \w+) (?:was|is) (?:it|that|this)(?= [?.]|$)", ""),
    ("number count", rf"(?:the )?(?:number|count) and (?:the |their )?({_AGGREGATE} \w+(?: \w+)?) of (?:the |all |our )*(.+?)(?= (?:in|for|per|by|with|during|on|at|from|since|between|of|that|which|who|to|where|over|and|or)\b| ?[?.,]|$)", "the number of {2} and the {1} of {2}"),
    ("order", r"in (?:month|date|time|calendar|day|week|year|chronological) order", "in chronological order"),
    ("chronological", r"(?<=, )chronological(?= [?.]|$)", "in chronological order"),
    ("first top", rf"(?:the )?(?:{_BEST})(?: \w+)? (?:first|on top|at the top)", "highest first"),
    ("top", r"(?:the )?(?:highest|biggest|largest|most)(?: \w+)? (?:on top|at the top)", "highest first"),
    ("first top", rf"(?:the )?(?:{_WORST})(?: \w+)? (?:first|on top|at the top)", "lowest first"),
    ("starting", r"starting with (?:the )?(?:most|best|highest|largest)(?: \w+)?(?= [?.]|$)", "highest first"),
    # Kinds and names.
    ("kind sort type", r"(?<=, )(?:the )?(?:kind|type|sort) of (\w+)(?= (?:,|\.|\?|and)|$)", "{1} type", "type"),
    ("level levels", r"levels? of (?!the |our |an? |each |every )(\w+)", "{1}"),
    ("ways way", r"ways? of (\w+ing)", "{1} method"),
)  # fmt: skip
