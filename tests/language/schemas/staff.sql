-- People and projects: code tables, flags as booleans and as Yes/No, bridges, years as numbers.
CREATE TABLE dept (
    dept_cd VARCHAR PRIMARY KEY,
    dept_nm VARCHAR NOT NULL,
    office VARCHAR NOT NULL
);
CREATE TABLE job_grade (
    grade_cd VARCHAR PRIMARY KEY,
    grade_title VARCHAR NOT NULL,
    min_salary INTEGER NOT NULL,
    max_salary INTEGER NOT NULL
);
CREATE TABLE employee (
    emp_no INTEGER PRIMARY KEY,
    first_name VARCHAR NOT NULL,
    last_name VARCHAR NOT NULL,
    dept_cd VARCHAR NOT NULL REFERENCES dept (dept_cd),
    grade_cd VARCHAR NOT NULL REFERENCES job_grade (grade_cd),
    manager_no INTEGER REFERENCES employee (emp_no),
    hire_year INTEGER NOT NULL,
    salary INTEGER NOT NULL,
    is_remote BOOLEAN NOT NULL,
    has_degree VARCHAR NOT NULL,
    left_year INTEGER
);
CREATE TABLE proj_status (
    status_cd VARCHAR PRIMARY KEY,
    status_label VARCHAR NOT NULL
);
CREATE TABLE project (
    proj_id INTEGER PRIMARY KEY,
    title VARCHAR NOT NULL,
    client_name VARCHAR,
    status_cd VARCHAR NOT NULL REFERENCES proj_status (status_cd),
    start_year INTEGER NOT NULL,
    end_year INTEGER,
    budget INTEGER NOT NULL,
    is_internal BOOLEAN NOT NULL,
    over_budget VARCHAR NOT NULL
);
CREATE TABLE assignment (
    emp_no INTEGER REFERENCES employee (emp_no),
    proj_id INTEGER REFERENCES project (proj_id),
    role VARCHAR NOT NULL,
    hours INTEGER NOT NULL,
    PRIMARY KEY (emp_no, proj_id)
);
CREATE TABLE skill (
    skill_id INTEGER PRIMARY KEY,
    skill_name VARCHAR NOT NULL,
    category VARCHAR NOT NULL
);
CREATE TABLE employee_skill (
    emp_no INTEGER REFERENCES employee (emp_no),
    skill_id INTEGER REFERENCES skill (skill_id),
    level INTEGER NOT NULL,
    PRIMARY KEY (emp_no, skill_id)
);
INSERT INTO dept VALUES
    ('ENG', 'Engineering', 'Porto'),
    ('FIN', 'Finance', 'Lisbon'),
    ('MKT', 'Marketing', 'Lisbon'),
    ('OPS', 'Operations', 'Braga'),
    ('LEG', 'Legal', 'Lisbon');
INSERT INTO job_grade VALUES
    ('G1', 'Junior', 24000, 36000),
    ('G2', 'Senior', 35000, 58000),
    ('G3', 'Lead', 52000, 80000),
    ('G4', 'Director', 75000, 130000);
INSERT INTO employee VALUES
    (1, 'Teresa', 'Alves', 'ENG', 'G4', NULL, 2011, 112000, FALSE, 'Yes', NULL),
    (2, 'Marta', 'Barros', 'FIN', 'G4', NULL, 2013, 104500, FALSE, 'Yes', NULL);
INSERT INTO employee VALUES
    (3, 'Marta', 'Couto', 'MKT', 'G3', 1, 2015, 66000, TRUE, 'Yes', NULL),
    (4, 'Joao', 'Dias', 'ENG', 'G3', 1, 2016, 71500, TRUE, 'Yes', NULL),
    (8, 'Luis', 'Henriques', 'FIN', 'G2', 2, 2017, 47300, FALSE, 'Yes', NULL),
    (12, 'Hugo', 'Matos', 'OPS', 'G3', 2, 2014, 59900, FALSE, 'No', NULL);
INSERT INTO employee VALUES
    (5, 'Ana', 'Esteves', 'ENG', 'G2', 4, 2018, 51200, FALSE, 'Yes', NULL),
    (6, 'Pedro', 'Faria', 'ENG', 'G2', 4, 2019, 49800, TRUE, 'No', 2023),
    (7, 'Sofia', 'Gomes', 'ENG', 'G1', 4, 2022, 31500, TRUE, 'Yes', NULL),
    (9, 'Carla', 'Ideias', 'FIN', 'G1', 8, 2023, 28900, FALSE, 'No', NULL),
    (10, 'Nuno', 'Jardim', 'MKT', 'G2', 3, 2019, 44100, TRUE, 'No', 2024),
    (11, 'Vera', 'Leite', 'MKT', 'G1', 3, 2024, 27600, TRUE, 'Yes', NULL),
    (13, 'Rita', 'Neves', 'OPS', 'G2', 12, 2018, 38700, FALSE, 'No', 2022),
    (14, 'Tiago', 'Oliveira', 'OPS', 'G1', 12, 2021, 25800, FALSE, 'No', NULL),
    (15, 'Ines', 'Pinto', 'OPS', 'G1', 12, 2024, 26400, TRUE, 'Yes', NULL),
    (16, 'Bruno', 'Queiroz', 'ENG', 'G2', 4, 2020, 72300, TRUE, 'Yes', NULL);
INSERT INTO proj_status VALUES
    ('P', 'Planned'),
    ('A', 'Active'),
    ('H', 'On hold'),
    ('C', 'Completed');
INSERT INTO project VALUES
    (1, 'Apollo Migration', 'Banco Sol', 'C', 2019, 2021, 420000, FALSE, 'Yes'),
    (2, 'Beacon Website', 'Mar Azul', 'C', 2021, 2022, 88000, FALSE, 'No'),
    (3, 'Cedar Payroll', NULL, 'A', 2023, NULL, 135000, TRUE, 'No'),
    (4, 'Delta Warehouse', 'LogiNorte', 'A', 2022, NULL, 510000, FALSE, 'Yes'),
    (5, 'Ember Campaign', 'Mar Azul', 'H', 2024, NULL, 64000, FALSE, 'No'),
    (6, 'Falcon Audit', 'Banco Sol', 'C', 2022, 2023, 99000, FALSE, 'No'),
    (7, 'Garnet Portal', 'Clinica Vida', 'A', 2024, NULL, 275000, FALSE, 'No'),
    (8, 'Harvest Intranet', NULL, 'C', 2020, 2020, 41000, TRUE, 'Yes'),
    (9, 'Indigo Rebrand', 'LogiNorte', 'P', 2025, NULL, 72000, FALSE, 'No'),
    (10, 'Juniper Archive', NULL, 'P', 2025, NULL, 30500, TRUE, 'No');
INSERT INTO assignment VALUES
    (4, 1, 'manager', 620),
    (5, 1, 'developer', 900),
    (6, 1, 'developer', 740),
    (16, 1, 'tester', 210),
    (3, 2, 'manager', 180),
    (10, 2, 'designer', 330),
    (7, 2, 'developer', 260),
    (2, 3, 'sponsor', 40),
    (8, 3, 'manager', 310),
    (9, 3, 'analyst', 280),
    (5, 3, 'developer', 150),
    (4, 4, 'manager', 540),
    (16, 4, 'developer', 815),
    (12, 4, 'analyst', 390),
    (13, 4, 'analyst', 120),
    (3, 5, 'manager', 95),
    (10, 5, 'designer', 140),
    (11, 5, 'designer', 205),
    (8, 6, 'manager', 260),
    (2, 6, 'sponsor', 35),
    (9, 6, 'analyst', 175),
    (4, 7, 'manager', 230),
    (5, 7, 'developer', 480),
    (7, 7, 'developer', 610),
    (16, 7, 'tester', 160),
    (12, 8, 'manager', 75),
    (6, 8, 'developer', 190),
    (3, 9, 'manager', 20);
INSERT INTO skill VALUES
    (1, 'Python', 'technical'),
    (2, 'SQL', 'technical'),
    (3, 'Negotiation', 'soft'),
    (4, 'Copywriting', 'creative'),
    (5, 'Accounting', 'finance'),
    (6, 'Public Speaking', 'soft');
INSERT INTO employee_skill VALUES
    (1, 1, 5),
    (1, 3, 4),
    (2, 5, 5),
    (2, 3, 3),
    (3, 4, 4),
    (3, 6, 5),
    (4, 1, 4),
    (4, 2, 4),
    (5, 1, 4),
    (5, 2, 5),
    (6, 1, 3),
    (7, 1, 2),
    (7, 2, 2),
    (8, 5, 4),
    (8, 2, 3),
    (9, 5, 2),
    (10, 4, 3),
    (11, 4, 2),
    (11, 6, 3),
    (12, 3, 4),
    (16, 1, 5),
    (16, 2, 4);
