"""The combinators: a table of patterns over unit codes, applied in order until none fits.

Each unit of a question has a one-letter code (tables/keywords.py lists the keywords' codes; c is a
concept, v a value, n a number, p a comparison with its number, d a period, m a per-period word,
u an unknown word). A pattern is a regular expression over the codes; its function turns the units
that it matched into fewer. Codes that come out: M a measure, P a condition, G a group, L a rank
with a limit, O an order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from datamind.language import combine_beyond as beyond
from datamind.language import combine_conditions as conditions
from datamind.language import combine_dates as dates
from datamind.language import combine_flags as flags
from datamind.language import combine_groups as groups
from datamind.language import combine_measures as measures
from datamind.language import combine_ranks as ranks
from datamind.language import combine_ratios as ratios
from datamind.language import combine_sets as sets
from datamind.language import combine_texts as texts
from datamind.language import combine_windows as windows
from datamind.language.nodes import Action, Node


@dataclass(frozen=True, slots=True)
class Pattern:
    """A combinator: the codes it fits, what it does with them, and an example."""

    codes: str
    action: Action
    example: str


PATTERNS: tuple[Pattern, ...] = (
    Pattern(r"TS(?=c)", conditions.keep_first, "top 5 best selling models"),
    Pattern(
        r"&[ifr]?[cv]c?(?:[,&]+[ifr]?[cv](?:n(?!c)|c?))+", sets.both_values,
        "both Ford models and a Texas one",
    ),
    Pattern(r"[cv]t[cv]", conditions.sides, "Rome versus Oslo"),
    Pattern(r"(?:A[f]?)?c-A?c", ratios.minus, "average amount minus cost"),
    Pattern(r"[cM]gc/", ratios.divided_each, "revenue for each region per inhabitant"),
    Pattern(r"[cM]/", ratios.divided, "revenue per inhabitant"),
    Pattern(r"cfc", measures.grain_of, "month of the sale date"),
    Pattern(r"[cv]z", conditions.apposed, "Rome (FCO)"),
    Pattern(r"z", conditions.bracketed, "(FCO)"),
    Pattern(r">[iA]?n", conditions.comparison, "more than 5"),
    Pattern(r"(?<![,&])Nc", conditions.numbered, "fifth model"),
    Pattern(r"(?<=q)n(?=[cP]?c)|(?<=^r)n(?=[cP]?c)", ranks.so_many, "which 3 models"),
    Pattern(r"(?<=f)n(?=[vc]?c[rif]*S)", ranks.so_many, "names of the 3 models with the most"),
    Pattern(r"yf?c|cy", measures.lasting, "duration of a model"),
    Pattern(r"A#?f?y|yA(?!c)", measures.average_lasting, "how long on average"),
    Pattern(
        r"^qc(?:[rif]*[Pcv])+[if]*A$", measures.how_usually, "what rating are Ford cars on average"
    ),
    Pattern(r"[cv]p>[c]", dates.apart, "sale date more than 7 days after sale date"),
    Pattern(r"[cv]>r?[cv]", dates.two_dates, "sale date after the sale date"),
    Pattern(r"A[f#]*c[rb]*[p](?!c)", groups.of_groups, "an average salary above 45000"),
    Pattern(r"Bn[&t]n", conditions.between, "between 3 and 5"),
    Pattern(beyond.BEYOND, beyond.beyond, "price above the average price"),
    Pattern(r"(?:c[rf]*|(?<![crf]))p[fi]c", groups.of_amount, "more than 5 of the price"),
    Pattern(r"(?<=r)wc", conditions.count_range, "customers with between 3 and 5 models"),
    Pattern(r"c[rf]*w", conditions.compare_range, "price between 3 and 5"),
    Pattern(r"c[irf]*pfc", conditions.part_of, "price below 60% of the cost"),
    Pattern(r"c[rfb]*p(?![vD]*c)", conditions.compare, "rating of at least 4"),
    Pattern(r"(?<![rb~])c[f]?p(?=c)", conditions.compare_own, "cars with price over 9000 sorted"),
    Pattern(r"pAc|pDc|pc", conditions.count_compare, "more than 2 papers"),
    Pattern(r"c>r?k?c", conditions.columns, "amount greater than cost"),
    Pattern(r"cf?n(?:[,|&]+n)+|cn(?!c)|cr?=n", conditions.among, "semesters 1 or 2"),
    Pattern(r"(?<=[qf#])cn(?=c)", conditions.numbered_before, "which year 1 models"),
    Pattern(r"cn(?=c)", conditions.identified, "customer 27606 cars"),
    Pattern(r"(?<=.[rt])nc", conditions.count_compare, "papers that have 1 keyphrase"),
    Pattern(r"cfnc?", conditions.of_size, "rating of 5"),
    Pattern(r"cr?Xv|cr?Xn", texts.text_test, "name starts with J"),
    Pattern(r"Xv", texts.text_test, "named 'nature'"),
    Pattern(r"vic(?!v)", texts.text_in, "'Ford' in their make"),
    Pattern(r"&?v(?:[,|&]+v)+", conditions.some_values, "Texas or Ohio"),
    Pattern(r"c>v", conditions.assigned, "status = 'open'"),
    Pattern(r"~[rif]*v+c", conditions.without_some, "customers without Ford models"),
    Pattern(r"~[rif]*c[f=]?v", conditions.denied_hinted, "excluding the status open"),
    Pattern(r"c[f=]?v", conditions.hinted, "the city of Rome"),
    Pattern(r"vc", conditions.hinted_after, "Italian cuisine"),
    Pattern(r"~[rif]*cc", sets.without_flagged, "without region customers"),
    Pattern(r"(?<![S])c[cP]", flags.flagged, "region customers"),
    Pattern(r"(?<=g)v(?!c)", conditions.each_value, "for each Ford"),
    Pattern(r"v", conditions.one_value, "buy orders"),
    Pattern(r"pP+c", conditions.count_some, "more than 2 buy orders"),
    Pattern(r"(?<=[r])pP(?!c)", conditions.count_of_some, "cars with more than 2 Ford"),
    Pattern(r"(?<=[ri])c\|c|(?<=b)c\|c", conditions.either_related, "with a project or exam"),
    Pattern(r"~[rihfbt]*c(?:\|c)+(?![v0>pn])", conditions.without_either, "without phone or city"),
    Pattern(r"r[&t,]+~c(?![vcn>p0])", flags.with_and_without, "with and without phone"),
    Pattern(r"rc[&t]+r?~(?=[,.bgid]|$)", flags.with_and_without, "with a phone vs without"),
    Pattern(r"c&#r?~(?=$)", flags.split_flag, "have an exam and how many do not"),
    Pattern(r"&?d(?:[,&t]+d|rd)+", windows.periods, "2023 vs 2024"),
    Pattern(r"c0(?!c)|0c", conditions.null_test, "phone is missing"),
    Pattern(r"(?<=[Sq])c[ib]?d", dates.best_in, "the best month in 2020"),
    Pattern(r"(?<![gbm])(?<![gb]c&)(?<![gb]cc&)c[ib]?d", dates.period_after, "sale date in 2020"),
    Pattern(r"d", dates.period, "in 2020"),
    Pattern(r"Dc", measures.distinct, "distinct customers"),
    Pattern(r"l[cv]", measures.length, "length of the name"),
    Pattern(r"c#(?![fDA]*c)", measures.count_noun, "restaurant count"),
    Pattern(r"#c&c(?![fcM])", measures.counts, "numbers of papers and journals"),
    Pattern(r"(?<=.)P,?&#[irf]*P(?!c)", windows.versus, "in Rome and how many in Oslo"),
    Pattern(r"#f?D?P+(?![Pc])", measures.count_values, "how many Ford"),
    Pattern(
        r"A[fri]*P*c[fri]*(?:P[fri]*)*c(?!c)", measures.spent_by, "how much Rome customers spent"
    ),
    Pattern(r"Ar?P+(?![Pc])", measures.sum_values, "how much was Ford"),
    Pattern(r"A?#f?D?P+c", measures.conditional, "number of buy transactions"),
    Pattern(r"A[fD]?P+c", measures.conditional, "total domestic revenue"),
    Pattern(r"[A]?#f?D?[A]?c", measures.count, "number of distinct customers"),
    Pattern(r"A(?:[,&]+A)+f?D?c", measures.aggregates, "minimum and maximum rating"),
    Pattern(r"A[fD]?#?c", measures.aggregate, "average rating"),
    Pattern(r"U[cM](?:[&t,]+)[cM]", measures.difference, "days between order date and ship date"),
    Pattern(r"-[cM](?:[&t]+)[cM]", measures.difference, "difference between high and low"),
    Pattern(r"A#?[f,]?M", measures.aggregate_of, "average difference between high and low"),
    Pattern(r"Am[cM]", windows.per_day, "average monthly sales"),
    Pattern(r"Pc?t(?:c[if])?[if]*Pc?", windows.versus, "Rome versus Oslo"),
    Pattern(r"K[fg]*cb[cM](?:[gi]+c)?", windows.rank_of, "rank the models by price"),
    Pattern(
        r"K[fg]*(?:P+c|(?=c[ir]*P)c)(?:[ir]*P[ir]*c?)*b[cM](?![,&])", windows.rank_near,
        "rank the models in Texas by price",
    ),
    Pattern(
        r"Tc(?:[ir]*P[ir]*c?)+b[cM](?![,&])", ranks.top_near,
        "top 5 models in Texas by number of cars",
    ),
    Pattern(r"Tcbc|[TS]cg+[cm][iP,]*bc", windows.top_within, "top 3 models in each city by price"),
    Pattern(r"^oc+b[cM](?![,&])", ranks.sort_by, "sort the models by price"),
    Pattern(r"Scb[cM](?![,&]+[cM])", ranks.superlative_by, "the biggest order by amount"),
    Pattern(r"Sci[cM](?![,&]+[cM])", ranks.superlative_for, "the best month for sales"),
    Pattern(
        r"Sc[iP]+b[cM]",
        ranks.superlative_by_within,
        "the oldest models in Texas by price",
    ),
    Pattern(r"Scc?", ranks.commonest, "the most common city"),
    Pattern(r"^q?Sm?c(?=[firPdG]|$)", measures.superlative_measure, "what is the highest price of"),
    Pattern(r"i?StS", ranks.from_to, "from the best to the lowest"),
    Pattern(r"Sc[ti]S|(?<=i)Lct[SL]", ranks.both_ends, "from the best rating to the lowest"),
    Pattern(r"SM", ranks.rank, "highest average rating"),
    Pattern(r"(?<=q)Sc|^Sc", ranks.adjective, "which are the oldest employees"),
    Pattern(r"Sc", ranks.rank, "most orders"),
    Pattern(r"(?<=[crv])cSic|Sic", ranks.most_in, "the most in the price"),
    Pattern(r"(?<=[crv])ci?S(?=[iAfdP]*$)", ranks.done_most, "models whose rating the most"),
    Pattern(r"(?<=q)cS(?=[iAfdP]*$)", ranks.used_most, "which city is used the most"),
    Pattern(r"SP(?!c)", ranks.most_with, "the most Ford"),
    Pattern(r"SP+c", ranks.most_some, "the most Ford models"),
    Pattern(r"S", ranks.alone, "the oldest"),
    Pattern(r"nL", ranks.so_many_of, "the 3 oldest"),
    Pattern(r"LA(?![#c])", ranks.on_average, "the most expensive on average"),
    Pattern(r"LcA(?![#c])", ranks.usual, "the most expensive model on average"),
    Pattern(
        r"MA(?![#c])", measures.average_after, "days between sale date and sale date on average"
    ),
    Pattern(r"PA(?=[,.]|$)", groups.on_average, "rating over 4 on average"),
    Pattern(r"Mr?[p](?!c)", groups.of_measure, "whose number of orders is over 5"),
    Pattern(r"Pc?Y", conditions.excluded, "Ford excluded"),
    Pattern(r"~[rihfbt]*P", conditions.negate, "not in Texas"),
    Pattern(r"~[rihfbtAD#]*c", conditions.without, "without orders"),
    Pattern(r"H[rif]*P+c?", windows.of_them, "how many of them were in Rome"),
    Pattern(r"(?<=[,&])[#A][rgq]*$", measures.how_many, "customers of each region, and how many"),
    Pattern(r"P(?:c?\|+[rif]*P)+", conditions.any_of, "in Texas or over 65"),
    Pattern(
        r"Mr?P,?&Mr?P(?![cMPG&,])", measures.counts_apart,
        "how many customers without Ford and how many customers without Fiat",
    ),
    Pattern(r"g[if]*P+c(?![Pp])", measures.group_of_some, "for each Ford model"),
    Pattern(r"[gb]+[cm](?:[,&]+[cm](?![fMr]))*", measures.group, "for each region and month"),
    Pattern(r"Mgn[c]", measures.per_so_many, "number of customers per 100 models"),
    Pattern(r"MG(?!A)", windows.per_each, "average number of orders per customer"),
    Pattern(r"M[Gc]A(?![c#fM])", windows.on_average, "number of orders per day on average"),
    Pattern(r"mc", measures.per_period, "monthly revenue"),
    Pattern(r"m", measures.group, "monthly"),
    Pattern(r"o[bgf]*[cML]?x?(?:[,&]+[cM]x?)*|xc?", ranks.order, "ordered by name descending"),
    Pattern(r"Tc?b[cM]", ranks.top_by, "top 5 cities by population"),
    Pattern(r"^Tc[cM](?=P*$)", ranks.top_figure, "top 3 models revenue"),
    Pattern(r"T", ranks.top, "top 5"),
)  # fmt: skip


Told = Callable[[Pattern, list[Node], list[Node]], None]


def combine(nodes: list[Node], told: Told | None = None) -> list[Node]:
    """The nodes after every pattern was applied wherever it fits, in the table's order; `told`
    hears of each that did, with the nodes before and after."""
    codes = "".join(n.code for n in nodes)
    for pattern in PATTERNS:
        at = 0
        compiled = _compiled(pattern.codes)
        while True:
            found = compiled.search(codes, at)
            if found is None or found.end() == found.start():
                break
            made = pattern.action(nodes[found.start() : found.end()])
            if made is None:
                at = found.start() + 1
                continue
            before, nodes = nodes, [*nodes[: found.start()], *made, *nodes[found.end() :]]
            codes = "".join(n.code for n in nodes)
            if told is not None:
                told(pattern, before, nodes)
            at = found.start() + len(made) if made else found.start()
    return nodes


_CACHE: dict[str, re.Pattern[str]] = {}


def _compiled(codes: str) -> re.Pattern[str]:
    if codes not in _CACHE:
        _CACHE[codes] = re.compile(codes)
    return _CACHE[codes]
