"""Clauses: what is asked of a column by how, why or where, and the verbs that people ask it with."""

from __future__ import annotations

# The last word of a column's name, and what its values answer: a payment method says how.
WAYS: dict[str, str] = {
    "method": "how", "mode": "how", "means": "how", "medium": "how", "channel": "how",
    "source": "how", "way": "how", "reason": "why", "cause": "why", "motive": "why",
}  # fmt: skip

# What such a column is about, by the words before the last or its table's, and how that is said.
# Of what brings customers it is said with `us`, or with what they came to.
ACTS: dict[str, str] = {
    "payment": "pay settle", "pay": "pay settle", "billing": "pay bill",
    "delivery": "deliver ship send bring", "shipping": "ship deliver send bring",
    "shipment": "ship deliver send bring", "dispatch": "dispatch ship send",
    "booking": "book reserve", "reservation": "reserve book", "order": "order buy purchase place",
    "sale": "sell buy order", "purchase": "buy purchase", "contact": "contact reach write call",
    "return": "return send bring give", "refund": "refund return",
    "cancel": "cancel leave quit", "cancellation": "cancel leave quit", "churn": "leave cancel quit churn",
    "leaving": "leave quit", "exit": "leave quit exit", "termination": "leave quit terminate",
    "absence": "absent miss", "absent": "absent miss", "visit": "visit come", "admission": "admit",
    "rejection": "reject", "loss": "lose", "lost": "lose", "complaint": "complain",
    "acquisition": "find hear discover learn come get know", "referral": "find hear discover learn come know",
    "lead": "find hear discover learn come", "signup": "find hear discover learn come sign",
    "registration": "find hear discover learn come register", "traffic": "come find arrive",
    "marketing": "find hear discover learn come", "attribution": "find hear discover come",
}  # fmt: skip

# Verbs that say the same in such clauses: how the customer came to us is how they found us.
SAME: tuple[str, ...] = (
    "come find hear discover learn know",
    "pay settle",
    "buy order purchase place",
    "send ship dispatch",
    "return send bring",
    "deliver bring",
    "supply provide",
)

# Nouns that stand for the asking word: the way they paid is how they paid.
NOUNS: dict[str, str] = {
    "way": "how", "method": "how", "reason": "why", "motive": "why", "cause": "why",
}  # fmt: skip
