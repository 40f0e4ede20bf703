select * from (values
  (1, 'Ada', 'ada@example.org', 'A', null), (2, 'Bo', 'bo@example.org', 'B', 1),
  (3, 'Cy', 'cy@example.org', 'B', 1)
) as t (id, name, email, code, referrer_id)
