select id, reader, pages from raw.loans
