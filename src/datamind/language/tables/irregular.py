"""Irregular words: singulars that no rule gives, plain verbs, and nouns that hide their verb."""

from __future__ import annotations

# Plurals with one ending each for many: the ending, that of the singular ("-": none), the words.
_FAMILIES = """
ves f calves halves elves shelves selves wolves loaves leaves thieves sheaves scarves hooves
dwarves wharves behalves beeves;
ves fe knives lives wives midwives housewives afterlives penknives;
ies ie movies cookies calories zombies selfies rookies brownies smoothies hoodies prairies genies
pixies collies budgies birdies cuties cabbies veggies lingeries boogies freebies newbies foodies
indies sorties;
es - buses minibuses gases viruses bonuses campuses statuses lenses atlases biases canvases
aliases censuses choruses circuses consensuses corpuses focuses geniuses irises nexuses octopuses
pluses minuses prospectuses sinuses surpluses walruses heroes potatoes tomatoes echoes torpedoes
vetoes embargoes mosquitoes volcanoes cargoes buffaloes dominoes mangoes tornadoes tuxedoes zeroes
waltzes topazes;
zes - quizzes whizzes fezzes;
es is analyses paralyses theses hypotheses syntheses parentheses crises oases axes diagnoses
prognoses synopses ellipses emphases neuroses psychoses prostheses metamorphoses metastases
catalyses dialyses nemeses geneses;
ices ex indices vertices appendices vortices apices codices cortices;
ices ix matrices;
a on criteria phenomena automata;
a um bacteria curricula memoranda strata errata spectra symposia aquaria stadia addenda millennia
ova referenda sanatoria;
i us alumni fungi cacti nuclei radii stimuli syllabi foci loci bacilli;
ae a larvae formulae antennae vertebrae nebulae alumnae;
s - aches caches headaches toothaches niches avalanches psyches mustaches creches quiches
backaches axles ids urls faqs
"""

NOUNS: dict[str, str] = {
    plural: plural.removesuffix(ending) + singular.strip("-")
    for ending, singular, *plurals in (entry.split() for entry in _FAMILIES.split(";"))
    for plural in plurals
} | {
    "people": "person", "children": "child", "grandchildren": "grandchild", "feet": "foot",
    "teeth": "tooth", "geese": "goose", "mice": "mouse", "lice": "louse", "oxen": "ox",
    "dice": "die", "men": "man", "women": "woman", "brethren": "brother", "ties": "tie",
    "pies": "pie", "dies": "die", "lies": "lie", "vies": "vie", "zeros": "zero",
    "schemata": "schema", "corpora": "corpus", "genera": "genus", "bonus": "bonus",
    "does": "do", "goes": "go", "undergoes": "undergo", "outgoes": "outgo",
} | {
    word: word
    for word in """data media news series species status address business bus gas class staff is was
    has this its us campus virus as yes less plus always lens atlas canvas bias alias means odds
    headquarters gallows chaos cosmos ethos pathos christmas pancreas pyjamas
    perhaps towards afterwards besides sometimes whereas overseas upwards downwards
    specimen regimen abdomen acumen stamen omen""".split()
}  # fmt: skip
NOUNS |= {"addresses": "address", "sales": "sale"}

# A plain verb, and its irregular past forms.
_VERBS = """
send sent; sell sold; buy bought; make made; pay paid; win won; write wrote written; take took taken;
give gave given; spend spent; teach taught; hold held; leave left; fly flew flown; run ran; go went
gone; get got gotten; begin began begun; choose chose chosen; show shown; lend lent; lose lost;
meet met; build built; do did done; drive drove driven; ride rode ridden; rise rose risen; arise
arose arisen; see saw seen; know knew known; grow grew grown; throw threw thrown; draw drew drawn;
blow blew blown; break broke broken; speak spoke spoken; steal stole stolen; freeze froze frozen;
wake woke woken; forget forgot forgotten; hide hid hidden; bite bitten; beat beaten; eat ate eaten;
fall fell fallen; drink drank drunk; sing sang sung; swim swam swum; ring rang rung; sink sank sunk;
shrink shrank shrunk; spring sprang sprung; bring brought; think thought; catch caught; fight
fought; seek sought; keep kept; sleep slept; sweep swept; weep wept; feel felt; deal dealt; mean
meant; lead led; feed fed; breed bred; flee fled; bend bent; strike struck stricken; stick stuck;
hang hung; dig dug; find found; say said; hear heard; tell told; stand stood; understand understood;
withdraw withdrew withdrawn; undertake undertook undertaken; undergo underwent undergone; overcome
overcame; become became; come came; forbid forbade forbidden; shoot shot; sit sat; spin spun; win
won; wear wore worn; tear tore torn; swear swore sworn; shake shook shaken; mistake mistook
mistaken; overtake overtook overtaken; rewrite rewrote rewritten; overwrite overwrote overwritten;
rebuild rebuilt; resell resold; repay repaid; light lit; slide slid; shine shone; sew sewn; sow sown;
prove proven; lay laid; bind bound; grind ground; lean leant; learn learnt; dream dreamt; burn burnt;
spill spilt; spell spelt
"""
VERBS: dict[str, str] = {
    past: base for base, *forms in (entry.split() for entry in _VERBS.split(";")) for past in forms
} | {"born": "birth", "died": "death", "quit": "quit"}

IRREGULAR: dict[str, str] = VERBS | NOUNS

# Plurals of compounds: salespeople, firemen, stepchildren.
COMPOUNDS: tuple[tuple[str, str], ...] = (
    ("people", "person"), ("women", "woman"), ("men", "man"), ("children", "child"),
    ("feet", "foot"), ("teeth", "tooth"), ("mice", "mouse"),
)  # fmt: skip

# Where a noun and its verb differ by more than an ending: the end of the one, that of the other.
SHIFTS: tuple[tuple[str, str], ...] = (
    ("scription", "scrib"), ("duction", "duc"), ("mission", "mit"), ("sumption", "sum"),
    ("cision", "cid"), ("clusion", "clud"), ("pansion", "pand"), ("tension", "tend"),
    ("version", "vert"), ("solution", "solv"), ("volution", "volv"), ("ceipt", "ceiv"),
    ("ception", "ceiv"), ("parture", "part"), ("posure", "pos"), ("rrival", "rriv"),
    ("growth", "grow"), ("ologist", "olog"), ("istration", "ist"),
)  # fmt: skip
