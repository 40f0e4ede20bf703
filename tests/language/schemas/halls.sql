-- Halls for hire, a small mart: facts refer to the days of a calendar by their keys.
CREATE TABLE dim_date (
    date_key INTEGER PRIMARY KEY,
    full_date DATE NOT NULL UNIQUE,
    year INTEGER NOT NULL,
    is_weekend BOOLEAN NOT NULL
);
CREATE TABLE dim_hall (
    hall_key INTEGER PRIMARY KEY,
    hall_name VARCHAR NOT NULL,
    town VARCHAR NOT NULL
);
CREATE TABLE fct_hire (
    hire_key INTEGER PRIMARY KEY,
    hall_key INTEGER NOT NULL REFERENCES dim_hall (hall_key),
    booked_date_key INTEGER NOT NULL REFERENCES dim_date (date_key),
    start_date_key INTEGER NOT NULL REFERENCES dim_date (date_key),
    end_date_key INTEGER REFERENCES dim_date (date_key),
    hire_status VARCHAR NOT NULL,
    fee DECIMAL(8, 2) NOT NULL
);
CREATE TABLE fct_tour (
    tour_key INTEGER PRIMARY KEY,
    hall_key INTEGER NOT NULL REFERENCES dim_hall (hall_key),
    tour_date_key INTEGER NOT NULL REFERENCES dim_date (date_key),
    visitors INTEGER NOT NULL
);
INSERT INTO dim_date
SELECT CAST(strftime(d, '%Y%m%d') AS INTEGER), d, year(d), isodow(d) > 5
FROM (SELECT CAST(unnest(generate_series(DATE '2024-12-01', DATE '2025-06-30', INTERVAL 1 DAY)) AS DATE) AS d);
INSERT INTO dim_hall VALUES (1, 'Corn Exchange', 'Arden'), (2, 'Old Brewery', 'Barrow'), (3, 'Drill Hall', 'Arden');
INSERT INTO fct_hire VALUES
    (1, 1, 20250102, 20250201, 20250203, 'held', 800),
    (2, 1, 20250102, 20250201, 20250203, 'held', 820),
    (3, 1, 20250110, 20250315, 20250316, 'cancelled', 300),
    (4, 2, 20250203, 20250404, 20250412, 'held', 1900),
    (5, 2, 20250301, 20250503, 20250504, 'held', 450),
    (6, 3, 20250320, 20250601, NULL, 'held', 700);
INSERT INTO fct_tour VALUES
    (1, 1, 20250104, 12), (2, 1, 20250106, 7), (3, 2, 20250111, 20), (4, 3, 20250212, 9),
    (5, 2, 20250315, 31);
