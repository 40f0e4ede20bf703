"""Warehouses: DuckDB in killable worker processes, PostgreSQL by psycopg."""
