"""PostgreSQL → ClickHouse: tables are copied, kept equal, and proven to be."""
