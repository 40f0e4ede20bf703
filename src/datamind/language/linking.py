"""Linking: which catalog items and values a span of the question may mean, with scores."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names, places
from datamind.language.candidates import (
    LINKING_WORDS,
    MAX_CANDIDATES,
    PEOPLE,
    Candidate,
    best_of,
    function_words,
    in_order,
    keyword_words,
)
from datamind.language.index import Index, Posting, normal, synonyms
from datamind.language.kinds import is_calendar
from datamind.language.scope import duration_column, money_column, number_of_rows
from datamind.language.scoring import Matches, Scorer
from datamind.language.spending import SPENT, spending
from datamind.language.stored import partial, quoted, value_of
from datamind.language.tables.keywords import SOFT, STOP
from datamind.language.telling import (
    WORTH,
    grains,
    is_adjective,
    is_asked,
    is_done_to,
    is_kind_of,
    is_light,
    rows_of,
    telling_of,
)
from datamind.language.tokens import Token, stem

MAX_WINDOW = 6
_GLUE = frozenset({"of", "the", "a", "an", "to", "per"})


Best = dict[tuple[str, str], Candidate]  # what was found, by its kind and id


SURE = 0.99  # all words of a name were said

_SHORT = 3


class Linker:
    """Looks spans up in the index; remembers what each token matched.

    Without `metrics` nothing is taken for one: `cancelled orders` are orders.
    """

    def __init__(self, index: Index, tokens: Sequence[Token], *, metrics: bool = True) -> None:
        self.index = index
        self.tokens = tokens
        self.metrics = metrics
        self.matches = [
            self._match(t, light=is_light(tokens, at)) if t.kind == "word" else {}
            for at, t in enumerate(tokens)
        ]
        self._scorer = Scorer(index, tokens, self.matches)

    def is_stop(self, token: Token) -> bool:
        """Whether the word says nothing here: a function word, or one that names nothing."""
        if token.lower in STOP:
            return True
        soft = token.lower in SOFT or token.lemma in SOFT
        if token.lower == "ordered" and stem("ordered") in self.index.stems:
            return False  # what was bought, where the data knows orders
        return soft and token.lemma not in self.index.postings

    def _match(self, token: Token, *, light: bool = False) -> Matches:
        """Items that this word occurs in: item number to (core word, quality, source)."""
        found: Matches = {}
        if light:
            if token.lower == "made":  # `bookings made in May`, where that is kept
                self._take(found, self.index.postings.get("made", ()), 1.0, "name")
            return found
        self._take(found, self.index.postings.get(token.lemma, ()), 1.0, "name")
        if token.lower != token.lemma:
            self._take(found, self.index.postings.get(token.lower, ()), 0.98, "name")
        if self.is_stop(token) or len(token.lower) < 2 or token.lower in function_words():
            return found
        verb = token.lower.endswith(("ed", "ing")) and token.lemma not in self.index.postings
        self._take(
            found, self.index.stems.get(stem(token.lower), ()), 0.75 if verb else 1.0, "name"
        )
        spelt = names.ABBREVIATIONS.get(token.lower)
        for word in spelt.split() if spelt else ():
            self._take(found, self.index.postings.get(word, ()), 0.95, "name")
        for short in names.shorts_of().get(token.lemma, ()):
            self._take(found, self.index.postings.get(short, ()), 0.92, "name")
        for word in sorted(synonyms().get(token.lemma, ())):
            self._take(found, self.index.postings.get(word, ()), 0.68, "synonym")
        if token.lemma not in self.index.postings:
            said = token.lower in keyword_words()  # the `longest` is no `lst_nm`
            for short in self.index.short_words:
                if names.abbreviates(short, token.lemma) and not (said and len(short) <= _SHORT):
                    self._take(found, self.index.postings[short], 0.72, "abbreviation")
        sure = any(kind == "name" for places in found.values() for _, _, kind in places)
        if not sure and token.lower not in self.index.value_words:
            for word, likeness in self.index.near_words(token.lemma):
                self._take(found, self.index.postings[word], 0.8 * likeness, "fuzzy")
        return found

    def _take(
        self, found: Matches, postings: Sequence[Posting], factor: float, source: str
    ) -> None:
        for posting in postings:
            quality = posting.quality * factor
            kind = "description" if posting.word == -2 else source
            found.setdefault(posting.item, []).append((posting.word, quality, kind))

    def concepts(self, first: int, last: int) -> list[Candidate]:
        """Tables, columns and metrics that the words of the window may name, best first."""
        if self.tokens[last - 1].lower == "per":
            return []  # the cost per parcel is told by what follows, the cost `per` anything is not
        if last - first == 1 and self.tokens[first].lower in self.index.identifiers:
            return self.index.identifiers[self.tokens[first].lower]
        if last - first == 1 and self._is_number(first):
            return self.index.naming["id"]
        content = self._content(first, last)
        if not content:
            return []
        best = self._matching(first, last, content)
        if len(content) > 1:
            self._add_referred(best, content)
        lone = self.tokens[content[0]].lemma if len(content) == 1 else ""
        naming = [] if _names_a_table(best) else self.index.naming.get(lone, [])
        for candidate in (*naming, *self._implied(content)):
            known = best.get((candidate.kind, candidate.id))
            if known is None or known.score < candidate.score:
                best[(candidate.kind, candidate.id)] = candidate
        if last - first == 1:
            best = self._with_grammar(first, best)
        if len(content) > 1 and any(
            c.kind == "metric" and c.score >= SURE for c in best.values()
        ):  # `cancelled orders` is that metric, not the orders
            best = {key: c for key, c in best.items() if c.score >= SURE}
        most = 3 * MAX_CANDIDATES if naming else MAX_CANDIDATES
        return sorted(best.values(), key=in_order)[:most]

    def _content(self, first: int, last: int) -> list[int]:
        """The places of the words that may name something; none where another stands at an end of
        the window, or a word within it that does not join them."""
        content = [
            at
            for at in range(first, last)
            if not self.is_stop(self.tokens[at])
            or (is_kind_of(self.tokens, at) and last - first > 2)
            or (self.tokens[at].lemma == "number" and first < at == last - 1)
            or (
                self.matches[at]
                and last - first == 1
                and self.tokens[at].lower not in LINKING_WORDS
            )
        ]
        if len(content) < last - first and self._spelt_out(first, last):
            content = list(range(first, last))
        if not content or content[0] != first or content[-1] != last - 1:
            return []
        others = (at for at in range(first, last) if at not in content)
        return content if all(self.tokens[at].lower in _GLUE for at in others) else []

    def _matching(self, first: int, last: int, content: Sequence[int]) -> Best:
        """What all words of the window that tell are found in, each with its best score."""
        telling = telling_of(content, self.tokens)
        common = set(self.matches[telling[0]])
        for at in telling[1:]:
            common &= self.matches[at].keys()
        best: Best = {}
        done = is_done_to(self.tokens[first:last]) or not self.metrics
        opened = any(t.lower == "opened" for t in self.tokens[first:last])  # perhaps closed by now
        for number in sorted(common):
            item = self.index.items[number]
            still = opened and "open" in item.core and "opened" not in item.core
            if (done or still) and item.kind == "metric":
                continue
            candidate = self._scorer.score(number, content, core_only=len(content) < last - first)
            if candidate is not None:
                candidate = rows_of(candidate, self.tokens, content, self.index)
                key = (candidate.kind, candidate.id + candidate.within)
                known = best.get(key)
                if known is None or (candidate.score, candidate.source == "name") > (
                    known.score, known.source == "name"
                ):  # fmt: skip
                    best[key] = candidate
        return best

    def _add_referred(self, best: Best, content: Sequence[int]) -> None:
        """`booking channel`, where no table is called so: the channel that a booking refers to."""
        noun = self.tokens[content[-1]].lemma
        for candidate in [] if _names_a_table(best) else list(best.values()):
            referred = self.index.referred.get(candidate.id)
            if referred is not None and noun in self.index.table_words[referred]:
                made = Candidate("table", referred, referred, 0.97 * candidate.score, "name")
                best.setdefault(("table", referred), made)

    def _with_grammar(self, at: int, best: Best) -> Best:
        """With what one word means whatever things are called: people, money spent, days."""
        token = self.tokens[at]
        if token.lower in PEOPLE:
            for candidate in self.people():
                best.setdefault(("table", candidate.id), candidate)
        if token.lower in SPENT:
            for candidate in spending(self.index, self.tokens):
                best[(candidate.kind, candidate.id)] = candidate
        days = grains(token)
        if any(c.kind == "weekday" for c in days):  # the day itself tells whether it is one
            best = {k: c for k, c in best.items() if not self._of_calendar(c)}
        return best | {(c.kind, c.id): c for c in days}

    def _of_calendar(self, candidate: Candidate) -> bool:
        view = self.index.view
        return candidate.kind == "column" and is_calendar(view.table(candidate.table))

    def people(self) -> list[Candidate]:
        """The tables whose rows are people."""
        return [Candidate("table", t, t, 0.8, "grammar") for t in self.index.persons]

    def _spelt_out(self, first: int, last: int) -> bool:
        """Whether one name has all words of the window, function words too: `over budget`."""
        if all(t.lower in LINKING_WORDS for t in self.tokens[first:last]):
            return False
        noun = self.tokens[last - 1]
        if self.tokens[first].lower in function_words() and noun.lower != noun.lemma:
            return False  # `on sales` is not `on sale`
        common = set.intersection(*(set(self.matches[at]) for at in range(first, last)))
        return any(
            len(self.index.items[n].core) == last - first
            and all(
                any(o[0] == at for o in self.matches[first + at][n]) for at in range(last - first)
            )
            for n in common
        )

    def _implied(self, content: Sequence[int]) -> list[Candidate]:
        """`sales amount`, `ticket number`: what rows are worth, last, or are known by."""
        last = self.tokens[content[-1]].lemma
        timed = last in ("time", "duration", "length") and len(content) > 1
        numbered = last == "number" and len(content) > 1
        if last not in WORTH and not timed and not numbered:
            return []
        named = content[:-1] if len(content) > 1 else content
        common = set(self.matches[named[0]])
        for at in named[1:]:
            common &= set(self.matches[at])
        score = 0.9 if len(content) > 1 else 0.82
        tables = [
            self.index.items[n].table
            for n in sorted(common)
            if self.index.items[n].kind == "table"
            and (not numbered or len(self.index.items[n].core) == len(named))
            and any(o[0] >= 0 for o in self.matches[named[0]][n])
        ]
        find = number_of_rows if numbered else duration_column if timed else money_column
        found = (find(self.index.view.table(table)) for table in tables)
        return [
            Candidate("column", c.id, c.table, score, "synonym", type=c.type) for c in found if c
        ]

    def _is_number(self, at: int) -> bool:
        """`show the number, topic and date`: that by which each is known, where none is called
        so."""
        words = [t.lower for t in self.tokens[at - 1 : at + 2]] if at else []
        listed = words[:2] == ["the", "number"] and words[2:] in ([","], ["and"])
        return listed and not self.matches[at]

    def values(self, first: int, last: int) -> list[Candidate]:
        """Values of columns that the window spells, exactly or (proper names, quotes) in part."""
        tokens = self.tokens[first:last]
        if tokens[0].kind == "quoted":
            return quoted(self.index, tokens[0]) if len(tokens) == 1 else []
        if any(t.kind not in ("word", "number") and t.text not in (".", "-", "&") for t in tokens):
            return []
        text = " ".join(t.lower for t in tokens)
        lower = len(tokens) == 1 and not tokens[0].is_proper
        adjective = lower and is_adjective(self.tokens, first)
        if lower and ((text in keyword_words() and not adjective) or is_asked(self.tokens, first)):
            return []
        letter = len(text) == 1 and tokens[0].is_proper and first > 0
        empty = text in STOP or text in SOFT or tokens[0].kind == "number"
        if len(tokens) == 1 and not letter and empty and not adjective:
            return []
        proper = any(t.is_proper for t in tokens)
        inner = [t.lower for t in tokens[1:-1] if t.lower != "the"]
        bare = " ".join([tokens[0].lower, *inner, *(t.lower for t in tokens[1:][-1:])])
        keys = {normal(text), " ".join(t.lemma for t in tokens), bare}  # `in the workshop`
        if text == "opened":  # it may be closed by now
            keys.discard("open")
        out: list[Candidate] = []
        for key in sorted(keys):
            for column, stored in self.index.values.get(key, ()):
                if not proper and column in self.index.given_names:
                    continue  # `agents` are not those whose name is Agent
                score = 1.0 if proper or len(tokens) > 1 else 0.86
                if key != normal(text):
                    score -= 0.06
                out.append(value_of(self.index, column, stored, score, "value"))
        if not out and (proper or places.is_plain(text)):
            held = places.spelt(normal(text), self.index)
            out = [value_of(self.index, column, stored, 0.95, "value") for column, stored in held]
        if not out and proper and (first > 0 or len(tokens) > 1):
            out = partial(self.index, tuple(normal(text).split()), 0.72)
        if not out and len(tokens) > 1 and not any(map(self.is_stop, tokens)):
            named = any(self.matches[at] for at in range(first, last))
            out = partial(self.index, tuple(normal(text).split()), 0.5 if named else 0.7)
        return best_of(out)


def _names_a_table(best: Best) -> bool:
    """Whether all words of a table's name were said."""
    return any(c.kind == "table" and c.score >= SURE for c in best.values())
