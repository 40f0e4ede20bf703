-- A driving school: what somebody did by a date of their own, and cars known by their plates.
CREATE TABLE instructors (
    instructor_id INTEGER PRIMARY KEY,
    full_name VARCHAR NOT NULL,
    town VARCHAR NOT NULL,
    hired_on DATE NOT NULL,
    retired_on DATE,
    recommended_by_instructor_id INTEGER REFERENCES instructors (instructor_id)
);
CREATE TABLE cars (
    car_id INTEGER PRIMARY KEY,
    plate VARCHAR UNIQUE NOT NULL,
    gearbox VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    daily_cost DECIMAL(6, 2) NOT NULL,
    bought_on DATE NOT NULL
);
CREATE TABLE lessons (
    lesson_id INTEGER PRIMARY KEY,
    instructor_id INTEGER NOT NULL REFERENCES instructors (instructor_id),
    car_id INTEGER NOT NULL REFERENCES cars (car_id),
    booked_on DATE NOT NULL,
    begun_at TIMESTAMP,
    finished_at TIMESTAMP,
    invoiced_on DATE,
    price DECIMAL(6, 2) NOT NULL
);
INSERT INTO instructors VALUES (1, 'Ina Falk', 'Bergen', '2015-03-01', NULL, NULL);
INSERT INTO instructors VALUES (2, 'Odd Lie', 'Bergen', '2016-05-01', '2024-02-10', 1);
INSERT INTO instructors VALUES (3, 'Siv Ruud', 'Voss', '2019-08-15', NULL, 1);
INSERT INTO instructors VALUES (4, 'Per Moe', 'Voss', '2021-01-11', '2025-03-31', 3);
INSERT INTO instructors VALUES (5, 'Eli Dahl', 'Odda', '2023-06-01', NULL, 1);
INSERT INTO cars VALUES
    (1, 'BT10001', 'manual', 'good', 20.00, '2020-01-05'),
    (2, 'BT10002', 'automatic', 'retired', 32.50, '2021-04-09'),
    (3, 'BT10003', 'manual', 'good', 24.00, '2023-09-20'),
    (4, 'BT10004', 'automatic', 'good', 41.00, '2024-11-02');
INSERT INTO lessons VALUES
    (1, 1, 1, '2024-01-02', '2024-01-08 09:00', '2024-01-08 10:30', '2024-02-01', 60),
    (2, 1, 2, '2024-01-15', '2024-01-16 09:00', '2024-01-16 10:00', '2024-02-01', 45),
    (3, 2, 2, '2024-01-20', '2024-02-01 15:00', '2024-02-01 16:30', '2024-03-01', 60),
    (4, 3, 3, '2024-02-05', '2024-02-19 11:00', '2024-02-19 12:00', '2024-03-01', 45),
    (5, 3, 1, '2024-03-03', NULL, NULL, NULL, 45),
    (6, 4, 3, '2025-01-10', '2025-02-03 08:00', '2025-02-03 09:30', '2025-03-01', 60),
    (7, 5, 4, '2025-01-30', '2025-02-11 13:00', '2025-02-11 14:00', NULL, 50),
    (8, 5, 4, '2025-02-12', '2025-02-12 18:00', '2025-02-12 19:00', NULL, 50);
