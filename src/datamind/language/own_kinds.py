"""Groups of what is counted go by a kind of its own: `how many customers joined per channel` by
their acquisition channel, where what they did later has a channel, too."""

from __future__ import annotations

from datamind.language import names
from datamind.language.context import Context, Unbuildable
from datamind.language.tokens import lemma
from datamind.semantics import plan as P


def heed_own_kinds(plan: P.Query, ctx: Context) -> None:
    """Unbuildable, where rows are grouped by a column of what refers to them, of which nothing is
    said, though the word is what a column of their own ends with; or by another's than that of
    whom it was said to be: by city `of the depot`."""
    keys = [k.expr for s in plan.steps if isinstance(s, P.Group) for k in s.keys]
    keyed = {k.name for k in keys if isinstance(k, P.Column)}
    for mention, found in ctx.chosen.items():
        before = ctx.words[mention.first - 1].lower() if mention.first else ""
        idle = ctx.idle and mention.role == "relation" and found.kind == "column"
        if idle and before in ("by", "per") and found.name not in keyed:
            raise Unbuildable("what it is by was said")
        whose = ctx.chosen.get(mention.owner) if mention.owner is not None else None
        if mention.role == "group" and whose is not None and whose.kind == "table":
            others = found.kind == "column" and found.table != whose.table
            if others and any(c.table == whose.table for c in mention.candidates):
                raise Unbuildable("of whom the group is was said")
    source = plan.source
    if not isinstance(source, P.Source) or not any(isinstance(s, P.Group) for s in plan.steps):
        return
    many = {j.table for j in source.joins if j.reverse}
    columns = ctx.scope.view.table(source.table).columns
    kinds = [names.words_of(c.name) for c in columns if c.type == "text"]
    own = {lemma(words[-1]) for words in kinds if len(words) > 1}
    for mention, found in ctx.chosen.items():
        if found.kind != "column" or found.table not in many or mention.role != "group":
            continue
        spoken = any(c.table == found.table for m, c in ctx.chosen.items() if m != mention)
        word = ctx.lemmas[mention.first : mention.last]
        if not spoken and len(word) == 1 and word[0] in own:
            raise Unbuildable("a kind of their own")
