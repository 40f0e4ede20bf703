-- A courier: parcels, the depots they go through, complaints about them.
CREATE TABLE depots (
    depot_id INTEGER PRIMARY KEY,
    depot_name VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    floor_area_sqm INTEGER NOT NULL
);
CREATE TABLE parcels (
    parcel_id INTEGER PRIMARY KEY,
    depot_id INTEGER NOT NULL REFERENCES depots (depot_id),
    size VARCHAR NOT NULL,
    weight_kg DECIMAL(6, 1) NOT NULL,
    fee DECIMAL(8, 2) NOT NULL,
    insured BOOLEAN NOT NULL,
    status VARCHAR NOT NULL,
    collected_on DATE NOT NULL,
    delivered_on DATE,
    transit_days INTEGER
);
CREATE TABLE complaints (
    complaint_id INTEGER PRIMARY KEY,
    parcel_id INTEGER NOT NULL REFERENCES parcels (parcel_id),
    topic VARCHAR NOT NULL,
    upheld BOOLEAN NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP,
    resolution_hours INTEGER
);
CREATE TABLE refunds (
    refund_id INTEGER PRIMARY KEY,
    parcel_id INTEGER NOT NULL REFERENCES parcels (parcel_id),
    amount DECIMAL(8, 2) NOT NULL,
    approved BOOLEAN NOT NULL
);
CREATE TABLE routes (
    route_id INTEGER PRIMARY KEY,
    route_name VARCHAR NOT NULL,
    length_km INTEGER NOT NULL,
    branch_of_route_id INTEGER REFERENCES routes (route_id)
);
COMMENT ON COLUMN parcels.transit_days IS 'Days until it was delivered.';
COMMENT ON COLUMN parcels.size IS 'How large it is.';
COMMENT ON COLUMN parcels.insured IS 'Whether it is insured.';
INSERT INTO depots VALUES
    (1, 'Canal Yard', 'Ghent', 900), (2, 'Ring Road', 'Bruges', 1400), (3, 'Dockside', 'Ghent', 650);
INSERT INTO parcels VALUES
    (1, 1, 'small', 1.2, 4.5, TRUE, 'delivered', '2025-01-07', '2025-01-08', 1),
    (2, 1, 'large', 14.0, 12.0, FALSE, 'delivered', '2025-01-09', '2025-01-15', 6),
    (3, 2, 'small', 0.8, 4.5, FALSE, 'cancelled', '2025-02-03', NULL, NULL),
    (4, 2, 'medium', 6.5, 8.0, TRUE, 'delivered', '2025-02-11', '2025-02-14', 3),
    (5, 3, 'large', 22.5, 15.5, TRUE, 'delivered', '2025-03-01', '2025-03-11', 10),
    (6, 3, 'small', 2.0, 5.0, FALSE, 'lost', '2025-03-18', NULL, NULL),
    (7, 1, 'medium', 5.1, 7.5, FALSE, 'cancelled', '2025-05-20', NULL, NULL),
    (8, 2, 'large', 11.3, 13.0, TRUE, 'delivered', '2025-05-27', '2025-05-30', 3),
    (9, 1, 'small', 1.0, 4.5, FALSE, 'in transit', '2025-06-16', NULL, NULL);
INSERT INTO complaints VALUES
    (1, 2, 'delay', TRUE, '2025-01-14 09:00', '2025-01-14 20:00', 11),
    (2, 5, 'delay', TRUE, '2025-03-08 10:00', '2025-03-11 10:00', 72),
    (3, 5, 'damage', FALSE, '2025-03-12 08:30', '2025-03-14 12:30', 52),
    (4, 6, 'loss', TRUE, '2025-04-02 15:00', '2025-04-03 06:00', 15),
    (5, 8, 'damage', FALSE, '2025-06-02 11:00', NULL, NULL);
INSERT INTO refunds VALUES (1, 2, 6.0, TRUE), (2, 5, 15.5, TRUE), (3, 6, 5.0, FALSE);
INSERT INTO routes VALUES (1, 'Coast Loop', 80, NULL);
INSERT INTO routes VALUES (2, 'Polder Spur', 25, 1), (3, 'Harbour Spur', 10, 1);
