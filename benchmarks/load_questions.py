"""What people of a load run ask the demo: a few usual questions, and thousands of others."""

from __future__ import annotations

import calendar
import random

USUAL = (
    "What is the revenue by product category this year?",
    "Which 5 products have the highest revenue?",
    "How many orders were cancelled last month?",
    "What is the average order value by channel?",
    "Revenue by month in 2025",
    "How many customers are there in each country?",
)
MEASURES = ("revenue", "number of orders", "average order value")
GROUPS = ("channel", "product category", "store", "product", "country")
HALVES = ((1, 7), (7, 13))  # months
WORDS = ("order", "revenue", "customer", "store", "ticket", "product")
SQL = (
    "SELECT count(*) AS n FROM fct_orders WHERE order_id % 400 < {n}",
    "SELECT channel, count(*) AS n FROM fct_orders WHERE order_id > {n} GROUP BY channel",
)


def anew(chance: random.Random) -> str:
    """One of some thousands of questions."""
    measure, group = chance.choice(MEASURES), chance.choice(GROUPS)
    year = chance.choice((2024, 2025))
    first, last = (f"{year}-{chance.randrange(*m):02}-{chance.randrange(1, 29):02}" for m in HALVES)
    month, quarter = calendar.month_name[chance.randrange(1, 13)], chance.randrange(1, 5)
    when = chance.choice(
        (f"in {month} {year}", f"in Q{quarter} {year}", f"between {first} and {last}")
    )
    plain, most = f"{measure} by {group}", f"top {chance.randrange(2, 12)} {group} by {measure}"
    return f"{chance.choice((plain, most))} {when}".capitalize()
