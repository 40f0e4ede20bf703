"""Units that figures are told per, and the words of the columns that keep so many of them."""

_METRES = frozenset("sqm m2 sqmt area".split())
_FEET = frozenset("sqft ft2 area".split())
_PEOPLE = frozenset("population inhabitants residents pop".split())

MEASURED_IN: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"square metre", "square meter", "sq metre", "sq meter", "sq m", "sqm", "m2"}),
     _METRES),
    (frozenset({"square foot", "square feet", "sq foot", "sq ft", "sqft"}), _FEET),
    (frozenset({"hectare", "ha"}), frozenset({"ha", "hectares"})),
    (frozenset({"inhabitant", "resident", "capita", "head of population", "citizen"}), _PEOPLE),
    (frozenset({"kilometre", "kilometer", "km"}), frozenset({"km", "kilometres", "kilometers"})),
    (frozenset({"kilo", "kilogram", "kg"}), frozenset({"kg", "kilograms"})),
    (frozenset({"tonne", "ton"}), frozenset({"tonnes", "tons", "tonnage"})),
    (frozenset({"unit", "unit sell", "unit sold", "piece", "piece sell", "piece sold"}),
     frozenset("quantity qty units pieces".split())),
    (frozenset({"litre", "liter"}), frozenset({"litres", "liters"})),
)  # fmt: skip
