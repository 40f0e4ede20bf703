"""Raw data of a retailer, Harbor & Pine: seeded, two years up to today, skewed as real trade is.

    python demo/generate.py --out DIR [--lines 300000] [--today 2026-03-31] [--seed 7]

Every value is a hash of the seed, the row and the purpose, so that the same call writes the same
rows. DuckDB does the work: 300,000 order lines take a second or two, five million under a minute; what
does not fit into memory goes through files beside the result.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import duckdb

DAYS = 731
MIN_LINES = 1_000
MAX_LINES = 200_000_000

SETUP = """
CREATE MACRO u(i, salt) AS (hash(i, salt, $seed) % 1000003) / 1000003.0;
CREATE MACRO pick(list, i, salt) AS list[1 + CAST(floor(u(i, salt) * len(list)) AS INT)];
CREATE TABLE settings AS SELECT
  $lines::BIGINT AS lines, CAST($today AS DATE) AS today, CAST($today AS DATE) - 730 AS first_day,
  greatest(50, $lines // 30) AS users, greatest(60, least(600, $lines // 400)) AS products,
  greatest(300, $lines::BIGINT * 100 // 280) AS orders;
CREATE TABLE countries(country, city, region, currency, weight) AS VALUES
  ('United States', 'New York', 'East', 'USD', 20), ('United States', 'Chicago', 'Midwest', 'USD', 12),
  ('United States', 'Seattle', 'West', 'USD', 10), ('United States', 'Austin', 'South', 'USD', 9),
  ('United States', 'Portland', 'West', 'USD', 6), ('Germany', 'Berlin', 'Central Europe', 'EUR', 11),
  ('Germany', 'Hamburg', 'Central Europe', 'EUR', 7), ('Germany', 'Munich', 'Central Europe', 'EUR', 8),
  ('France', 'Paris', 'Western Europe', 'EUR', 9), ('France', 'Lyon', 'Western Europe', 'EUR', 4),
  ('Netherlands', 'Amsterdam', 'Western Europe', 'EUR', 5), ('Spain', 'Madrid', 'Southern Europe', 'EUR', 5),
  ('Italy', 'Milan', 'Southern Europe', 'EUR', 4);
CREATE TABLE places AS SELECT *, sum(weight) OVER (ORDER BY country, city) / sum(weight) OVER ()
  - weight / sum(weight) OVER () AS low FROM countries;
CREATE TABLE calendar AS
  SELECT n AS day_number, first_day + n::INT AS day,
    (0.6 + 0.8 * n / 730.0)
    * (CASE isodow(first_day + n::INT) WHEN 6 THEN 1.45 WHEN 7 THEN 1.2 WHEN 1 THEN 0.8 ELSE 1 END)
    * (CASE month(first_day + n::INT) WHEN 12 THEN 1.7 WHEN 11 THEN 1.4 WHEN 2 THEN 0.75
       WHEN 7 THEN 0.9 ELSE 1 END) * (0.8 + 0.4 * u(n, 'weather')) AS weight
  FROM settings, range(731) AS r(n);
CREATE TABLE days AS SELECT *, (sum(weight) OVER (ORDER BY day_number) - weight)
  / sum(weight) OVER () AS low FROM calendar;
"""

# Table name to the query that makes it; later ones read earlier ones.
TABLES: dict[str, str] = {
    "raw_exchange_rates": """
  SELECT day AS rate_date, 'EUR' AS currency,
    round(1.08 + 0.03 * sin(day_number / 60.0) + 0.01 * (u(day_number, 'rate') - 0.5), 4) AS usd_rate
  FROM days UNION ALL SELECT day, 'USD', 1.0 FROM days""",
    "raw_suppliers": """
  SELECT i AS supplier_id,
    pick(['North', 'Blue', 'Old', 'Silver', 'Green', 'Stone', 'Bright', 'High'], i, 's1') || ' '
    || pick(['Ridge', 'Harbor', 'Meadow', 'Forge', 'Valley', 'Bridge'], i, 's2') || ' '
    || pick(['Trading', 'Works', 'Supply', 'Goods'], i, 's3') || ' ' || i AS supplier_name,
    pick(['Germany', 'Portugal', 'Poland', 'Vietnam', 'United States', 'Turkey'], i, 's4') AS country,
    2 + floor(u(i, 's5') * 28)::INT AS lead_time_days
  FROM range(1, 31) AS r(i)""",
    "raw_products": """
  SELECT i AS product_id,
    pick(['Oak', 'Linen', 'Copper', 'Wool', 'Marble', 'Cotton', 'Walnut', 'Ceramic', 'Canvas', 'Steel'],
         i, 'p1') || ' ' || kind[2] || ' ' || i AS product_name,
    kind[1] AS category, kind[2] AS subcategory,
    pick(['Harbor', 'Pine & Co', 'Lumen', 'Terra', 'Solstice', 'Fjord'], i, 'p3') AS brand,
    round(4 + 220 * pow(u(i, 'p4'), 2.6), 2) AS list_price,
    round((4 + 220 * pow(u(i, 'p4'), 2.6)) * (0.35 + 0.3 * u(i, 'p5')), 2) AS unit_cost,
    1 + floor(u(i, 'p6') * 30)::INT AS supplier_id,
    CASE WHEN u(i, 'p7') < 0.1 THEN NULL ELSE round(0.1 + 12 * u(i, 'p8'), 2) END AS weight_kg,
    u(i, 'p9') >= 0.08 AS is_active, first_day - (u(i, 'p10') * 900)::INT AS launched_on
  FROM (SELECT i, pick([['Home', 'Lamp'], ['Home', 'Rug'], ['Home', 'Chair'], ['Kitchen', 'Pan'],
    ['Kitchen', 'Bowl'], ['Kitchen', 'Knife'], ['Garden', 'Planter'], ['Garden', 'Bench'],
    ['Outdoor', 'Tent'], ['Outdoor', 'Backpack'], ['Clothing', 'Jacket'], ['Clothing', 'Scarf'],
    ['Toys', 'Puzzle'], ['Books', 'Notebook']], i, 'p2') AS kind, first_day
    FROM settings, range(1, products + 1) AS r(i))""",
    "raw_stores": """
  SELECT row_number() OVER (ORDER BY country, city, n) AS store_id,
    city || CASE n WHEN 0 THEN ' Central' ELSE ' West' END AS store_name, city, region, country, currency,
    120 + floor(u(hash(city, n), 'st1') * 900)::INT AS floor_area_sqm,
    first_day - 200 - floor(u(hash(city, n), 'st2') * 3000)::INT AS opened_on
  FROM settings, countries, range(2) AS r(n) WHERE n = 0 OR weight >= 7""",
    "raw_promotions": """
  SELECT i AS promotion_id,
    pick([['Winter', 'Spring', 'Summer', 'Autumn'][1 + month(first_day + (i * 30)::INT) % 12 // 3], 'Weekend',
          'Clearance'], i, 'pr1') || ' ' || pick(['Sale', 'Deal', 'Special'], i, 'pr2') || ' ' || i AS promotion_name,
    pick([5, 10, 15, 20, 25, 30], i, 'pr3') AS discount_percent,
    first_day + ((i - 1) * 30)::INT AS starts_on, first_day + ((i - 1) * 30 + 9 + 8 * u(i, 'pr4'))::INT AS ends_on
  FROM settings, range(1, 26) AS r(i)""",
    "raw_users": """
  SELECT i AS user_id, f AS first_name, l AS last_name,
    lower(f || '.' || l || i || '@') || pick(['example.com', 'mail.example', 'post.example'], i, 'u3') AS email,
    CASE WHEN u(i, 'u4') < 0.22 THEN NULL ELSE '+1-555-' || lpad(floor(u(i, 'u5') * 10000000)::BIGINT::VARCHAR, 7, '0') END AS phone,
    CASE WHEN u(i, 'u6') < 0.12 THEN NULL ELSE today - (6600 + u(i, 'u7') * 19000)::INT END AS birth_date,
    p.city, p.country, p.currency,
    pick(['search', 'social', 'friend', 'newsletter', 'walk-in'], i, 'u8') AS acquisition_channel,
    CASE WHEN u(i, 'u9') < 0.09 THEN 'gold' WHEN u(i, 'u9') < 0.32 THEN 'silver' ELSE 'basic' END AS loyalty_tier,
    u(i, 'u10') < 0.55 AS accepts_marketing,
    CASE WHEN i <= 0.3 * users THEN first_day - (365 * (1 - i / (0.3 * users)))::INT
         ELSE first_day + floor(730 * (i - 0.3 * users) / (0.7 * users))::INT END AS signed_up_on
  FROM (SELECT i, users, first_day, today, u(i, 'u0') AS at,
    pick(['Anna', 'Ben', 'Clara', 'David', 'Elena', 'Felix', 'Grace', 'Hugo', 'Iris', 'Jonas', 'Katya', 'Liam',
          'Maya', 'Noah', 'Olga', 'Pablo', 'Rosa', 'Samir', 'Tara', 'Viktor'], i, 'u1') AS f,
    pick(['Adler', 'Brooks', 'Castro', 'Dietrich', 'Evans', 'Fischer', 'Garcia', 'Hansen', 'Ito', 'Jensen', 'Keller',
          'Lopez', 'Moreau', 'Novak', 'Olsen', 'Petit', 'Rossi', 'Silva', 'Turner', 'Weber'], i, 'u2') AS l
    FROM settings, range(1, users + 1) AS r(i)) AS x ASOF JOIN places AS p ON x.at >= p.low""",
    "raw_orders": """
  SELECT o.i AS order_id, buyer AS user_id,
    CASE WHEN channel = 'store' THEN s.stores[CASE WHEN u(o.i, 'o4') < 0.7 THEN 1 ELSE len(s.stores) END] END AS store_id, channel,
    CASE WHEN day >= today - 3 AND u(o.i, 'o5') < 0.7 THEN 'pending' WHEN u(o.i, 'o6') < 0.065 THEN 'cancelled'
         WHEN day >= today - 9 THEN 'shipped' ELSE 'completed' END AS status,
    p.currency, CASE WHEN u(o.i, 'o7') < 0.3 THEN pr.promotion_id END AS promotion_id,
    day + INTERVAL (7 + floor(15 * u(o.i, 'o8')))  HOUR + INTERVAL (floor(60 * u(o.i, 'o9'))) MINUTE AS ordered_at,
    day + INTERVAL (CASE WHEN u(o.i, 'o10') < 0.02 THEN 48 + 200 * u(o.i, 'o11') ELSE 23 END) HOUR AS loaded_at
  FROM (SELECT i, day, day_number, today, CASE WHEN u(i, 'o2') < 0.52 THEN 'online' WHEN u(i, 'o2') < 0.72 THEN 'app' ELSE 'store' END AS channel,
      1 + floor(pow(u(i, 'o3'), 1.5) * (users * (0.3 + 0.7 * day_number / 731.0) - 1))::BIGINT AS buyer
    FROM (SELECT i, (i - u(i, 'o1')) / orders AS at, users, today FROM settings, range(1, orders + 1) AS r(i)) AS x
      ASOF JOIN days AS d ON x.at >= d.low) AS o
  JOIN raw_users AS p ON p.user_id = o.buyer
  LEFT JOIN (SELECT city, list(store_id ORDER BY store_id) AS stores FROM raw_stores GROUP BY city) AS s ON s.city = p.city
  LEFT JOIN raw_promotions AS pr ON o.day BETWEEN pr.starts_on AND pr.ends_on
  WHERE loaded_at < today + 1""",
    "raw_order_lines": """
  SELECT row_number() OVER (ORDER BY order_id, n) AS order_line_id, order_id, x.product_id, quantity,
    round(p.list_price * (CASE currency WHEN 'EUR' THEN 0.93 ELSE 1 END), 2) AS unit_price,
    round(coalesce(pr.discount_percent, 0) / 100.0 * quantity * p.list_price
      * (CASE currency WHEN 'EUR' THEN 0.93 ELSE 1 END), 2) AS discount_amount
  FROM (SELECT order_id, n, currency, promotion_id,
      1 + floor(pow(u(order_id * 10 + n, 'l1'), 2.1) * products)::INT AS product_id,
      1 + floor(pow(u(order_id * 10 + n, 'l2'), 3) * 4)::INT AS quantity
    FROM settings, raw_orders, range(8) AS r(n) WHERE n <= floor(pow(u(order_id, 'l0'), 1.6) * 5.65)) AS x
  JOIN raw_products AS p ON p.product_id = x.product_id
  LEFT JOIN raw_promotions AS pr ON pr.promotion_id = x.promotion_id""",
    "raw_payments": """
  SELECT o.order_id AS payment_id, o.order_id,
    pick(['card', 'card', 'card', 'paypal', 'gift card', 'bank transfer'], o.order_id, 'y1') AS payment_method,
    round(amount, 2) AS amount, o.currency, o.ordered_at + INTERVAL (floor(40 * u(o.order_id, 'y2'))) MINUTE AS paid_at,
    u(o.order_id, 'y3') < 0.985 AS succeeded
  FROM raw_orders AS o JOIN (SELECT order_id, sum(CAST(quantity * unit_price - discount_amount AS DECIMAL(14, 2))) AS amount
    FROM raw_order_lines GROUP BY order_id) AS t ON t.order_id = o.order_id WHERE o.status <> 'cancelled'""",
    "raw_shipments": """
  SELECT order_id AS shipment_id, order_id, pick(['DHL', 'UPS', 'DHL', 'Post', 'Courier'], order_id, 'h1') AS carrier, shipped_on,
    CASE WHEN status = 'completed' AND arrival <= today THEN arrival END AS delivered_on,
    round(3 + 9 * u(order_id, 'h4'), 2) AS shipping_cost
  FROM (SELECT *, shipped_on + 1 + floor(4 * u(order_id, 'h2') + 3 * u(order_id, 'h3'))::INT AS arrival
    FROM (SELECT *, CAST(ordered_at AS DATE) + 1 + floor(3 * u(order_id, 'h2'))::INT AS shipped_on FROM raw_orders
      WHERE channel <> 'store' AND status IN ('shipped', 'completed'))), settings
  WHERE shipped_on <= today""",
    "raw_returns": """
  SELECT l.order_line_id AS return_id, l.order_line_id, l.order_id, l.product_id,
    1 + floor(u(l.order_line_id, 'r1') * l.quantity)::INT AS quantity,
    pick(['damaged', 'wrong size', 'changed mind', 'not as described', 'late'], l.order_line_id, 'r2') AS reason,
    CAST(o.ordered_at AS DATE) + 4 + floor(26 * u(l.order_line_id, 'r3'))::INT AS returned_on,
    round((1 + floor(u(l.order_line_id, 'r1') * l.quantity)) * (l.unit_price - l.discount_amount / l.quantity), 2) AS refund_amount
  FROM raw_order_lines AS l JOIN raw_orders AS o USING (order_id), settings
  WHERE o.status = 'completed' AND u(l.order_line_id, 'r0') < 0.045
    AND CAST(o.ordered_at AS DATE) + 4 + floor(26 * u(l.order_line_id, 'r3'))::INT <= today""",
    "raw_sessions": """
  SELECT i AS session_id, CASE WHEN u(i, 'e1') < 0.35 THEN NULL ELSE 1 + floor(u(i, 'e2') * (users * (0.3 + 0.7 * day_number / 731.0) - 1))::BIGINT END AS user_id,
    day + INTERVAL (floor(24 * u(i, 'e3'))) HOUR + INTERVAL (floor(60 * u(i, 'e4'))) MINUTE AS started_at,
    pick(['mobile', 'mobile', 'desktop', 'tablet'], i, 'e5') AS device,
    pick(['direct', 'search', 'social', 'email', 'ads'], i, 'e6') AS traffic_source,
    1 + floor(pow(u(i, 'e7'), 2) * 30)::INT AS page_views, floor(20 + pow(u(i, 'e8'), 2) * 1800)::INT AS duration_seconds,
    u(i, 'e9') < 0.034 + 0.02 * (CASE pick(['mobile', 'mobile', 'desktop', 'tablet'], i, 'e5') WHEN 'desktop' THEN 1 ELSE 0 END) AS converted
  FROM (SELECT i, users, u(i, 'e0') AS at FROM settings, range(1, orders + orders // 2) AS r(i)) AS x
    ASOF JOIN days AS d ON x.at >= d.low""",
    "raw_support_tickets": """
  SELECT order_id AS ticket_id, user_id, order_id, opened_at,
    CASE WHEN solved_at < today + 1 AND (opened_at < today - 60 OR u(order_id, 't2') < 0.6) THEN solved_at END AS resolved_at,
    pick(['delivery', 'refund', 'product question', 'payment', 'other'], order_id, 't4') AS topic,
    pick(['low', 'normal', 'normal', 'high', 'urgent'], order_id, 't5') AS priority,
    CASE WHEN solved_at < today + 1 AND u(order_id, 't6') >= 0.4 AND (opened_at < today - 60 OR u(order_id, 't2') < 0.6)
      THEN 1 + floor(5 * pow(u(order_id, 't7'), 0.6))::INT END AS satisfaction_score
  FROM (SELECT *, opened_at + INTERVAL (1 + floor(90 * pow(u(order_id, 't3'), 2))) HOUR AS solved_at
    FROM (SELECT order_id, user_id, ordered_at + INTERVAL (24 + floor(240 * u(order_id, 't1'))) HOUR AS opened_at
      FROM raw_orders WHERE u(order_id, 't0') < 0.08)), settings
  WHERE opened_at < today + 1""",
}


def generate(out: Path, *, lines: int, today: dt.date, seed: int = 7) -> dict[str, int]:
    """Write a Parquet file for each raw table into `out`; their numbers of rows by name."""
    if not MIN_LINES <= lines <= MAX_LINES:
        raise ValueError(f"between {MIN_LINES:,} and {MAX_LINES:,} order lines can be made")
    out.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with duckdb.connect(config={"temp_directory": str(out / "spilled")}) as connection:
        values = {"$seed": str(seed), "$lines": str(lines), "$today": f"'{today.isoformat()}'"}
        setup = SETUP
        for name, value in values.items():
            setup = setup.replace(name, value)
        connection.execute(setup)
        for name, query in TABLES.items():
            connection.execute(f"CREATE TABLE {name} AS {query}")
            target = str(out / f"{name}.parquet").replace("'", "''")
            connection.execute(f"COPY (FROM {name} ORDER BY 1, 2) TO '{target}' (FORMAT parquet)")
            found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
            counts[name] = int(found[0]) if found else 0
    return counts


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=None)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    today = options.today or dt.datetime.now().astimezone().date()
    for name, rows in generate(
        options.out, lines=options.lines, today=today, seed=options.seed
    ).items():
        print(f"{name}: {rows:,}")


if __name__ == "__main__":
    main()
