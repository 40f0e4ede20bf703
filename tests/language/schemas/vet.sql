-- A vet's practice: births, places by their codes, dates of what happened one after another.
CREATE TABLE owner (
    owner_id INTEGER PRIMARY KEY,
    full_name VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    date_of_birth DATE NOT NULL
);
CREATE TABLE pet (
    pet_id INTEGER PRIMARY KEY,
    owner_id INTEGER NOT NULL REFERENCES owner (owner_id),
    pet_name VARCHAR NOT NULL,
    species VARCHAR NOT NULL
);
CREATE TABLE visit (
    visit_id INTEGER PRIMARY KEY,
    pet_id INTEGER NOT NULL REFERENCES pet (pet_id),
    booked_on DATE NOT NULL,
    visit_date DATE NOT NULL,
    discharged_on DATE,
    outcome VARCHAR NOT NULL,
    fee INTEGER NOT NULL
);
INSERT INTO owner VALUES
    (1, 'Nora Field', 'TX', '1950-02-01'), (2, 'Omar Gray', 'TX', '1985-07-09'),
    (3, 'Pia Holt', 'CA', '2008-01-30'), (4, 'Quinn Ivers', 'CA', '1999-12-24'),
    (5, 'Rosa Jade', 'NY', '1960-06-18');
INSERT INTO pet VALUES
    (1, 1, 'Ash', 'cat'), (2, 1, 'Bo', 'dog'), (3, 2, 'Cleo', 'cat'), (4, 3, 'Dot', 'dog'),
    (5, 4, 'Elm', 'rabbit'), (6, 5, 'Fig', 'cat');
INSERT INTO visit VALUES
    (1, 1, '2025-01-02', '2025-01-05', '2025-01-06', 'healed', 80),
    (2, 1, '2025-02-01', '2025-02-02', '2025-02-05', 'referred', 120),
    (3, 1, '2025-03-01', '2025-03-08', '2025-03-08', 'healed', 60),
    (4, 2, '2025-03-02', '2025-03-03', '2025-03-04', 'void', 0),
    (5, 3, '2025-04-01', '2025-04-11', '2025-04-12', 'healed', 200),
    (6, 3, '2025-05-01', '2025-05-02', NULL, 'referred', 95),
    (7, 4, '2025-06-01', '2025-06-04', NULL, 'healed', 45);
