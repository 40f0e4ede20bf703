"""Words that say which moment a date is of: a start, an end, when a thing was made."""

STARTS = frozenset({"start", "started", "begin", "began", "open", "opened", "hire", "hired",
                     "from", "admit", "admission", "admitted", "onset", "pickup", "departure",
                     "created", "issued", "sent", "join", "joined", "entry", "placed",
                     "ordered", "reported", "registered", "booked", "requested",
                     "submitted"})  # fmt: skip
ENDS = frozenset(
    """end ended finish finished close closed left leave to completed completion term termination
    terminated expiry resolved discharged discharge returned stop stopped cancelled exit arrival
    dropoff delivered settled until retired disposed sold scrapped decommissioned out
    resigned deactivated fixed repaired solved""".split()
)

# Verbs of an end, which is not when something started.
PARTING = frozenset(
    "left quit resigned retired departed ended finished stopped expired closed".split()
)

# When a thing was made, not when it came to us.
MAKING = frozenset("made make built build model birth founded found release published".split())
