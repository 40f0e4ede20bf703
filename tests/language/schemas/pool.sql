-- A swimming pool: columns that their descriptions or names say how, why and where of.
CREATE TABLE members (
    member_id INTEGER PRIMARY KEY,
    full_name VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    joined_on DATE NOT NULL,
    recruited_by VARCHAR NOT NULL,
    newsletter BOOLEAN NOT NULL,
    intake_channel VARCHAR NOT NULL
);
CREATE TABLE fees (
    fee_id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    paid_on DATE NOT NULL,
    amount INTEGER NOT NULL,
    payment_method VARCHAR NOT NULL,
    status VARCHAR NOT NULL
);
CREATE TABLE farewells (
    farewell_id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    left_on DATE NOT NULL,
    leaving_reason VARCHAR NOT NULL
);
CREATE TABLE ratings (
    rating_id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    given_on DATE NOT NULL,
    satisfaction INTEGER NOT NULL,
    channel VARCHAR NOT NULL
);
CREATE TABLE offers (
    offer_id INTEGER PRIMARY KEY,
    offer_name VARCHAR NOT NULL,
    discount_percent INTEGER NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL
);
COMMENT ON COLUMN members.recruited_by IS 'How the member came to us.';
INSERT INTO members VALUES
    (1, 'Ada Bo', 'Turku', '2024-02-01', 'friend', TRUE, 'desk'),
    (2, 'Cy Dun', 'Turku', '2024-05-12', 'flyer', FALSE, 'desk'),
    (3, 'Ed Fay', 'Vaasa', '2025-01-20', 'friend', TRUE, 'phone'),
    (4, 'Gus Hale', 'Oulu', '2025-03-03', 'search', TRUE, 'web'),
    (5, 'Ida Jo', 'Oulu', '2025-04-14', 'friend', FALSE, 'web');
INSERT INTO fees VALUES
    (1, 1, '2024-02-01', 40, 'card', 'success'), (2, 1, '2025-02-01', 45, 'cash', 'success'),
    (3, 2, '2024-05-12', 40, 'card', 'failure'), (4, 3, '2025-01-20', 45, 'card', 'success'),
    (5, 4, '2025-03-03', 45, 'transfer', 'failure'), (6, 5, '2025-04-14', 30, 'card', 'success');
INSERT INTO farewells VALUES
    (1, 2, '2025-02-02', 'moved'), (2, 4, '2025-05-01', 'price'), (3, 1, '2025-06-01', 'price');
INSERT INTO ratings VALUES
    (1, 1, '2024-06-01', 4, 'web'), (2, 3, '2025-02-01', 2, 'app'), (3, 4, '2025-04-01', 5, 'app'), (4, 5, '2025-05-05', 4, 'web');
INSERT INTO offers VALUES
    (1, 'Spring Dip', 20, '2025-03-01', '2025-03-31'), (2, 'Ice Break', 35, '2025-01-05', '2025-01-19'),
    (3, 'Long Laps', 20, '2025-06-01', '2025-06-30');
CREATE TABLE towel_loans (
    towel_loan_id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    lent_on DATE NOT NULL,
    due_on DATE NOT NULL,
    returned_on DATE
);
CREATE TABLE slides (
    slide_id INTEGER PRIMARY KEY,
    slide_name VARCHAR NOT NULL,
    built_year INTEGER NOT NULL
);
INSERT INTO towel_loans VALUES
    (1, 1, '2025-02-01', '2025-02-03', '2025-02-03'), (2, 2, '2025-02-08', '2025-02-10', '2025-02-14'),
    (3, 3, '2025-05-20', '2025-05-22', NULL), (4, 1, '2025-06-17', '2025-06-19', NULL),
    (5, 4, '2025-04-01', '2025-04-03', '2025-04-05');
INSERT INTO slides VALUES (1, 'Black Hole', 2009), (2, 'Otter Run', 2021), (3, 'Wide One', 2024);
