"""dbt: reads what a project says of its tables, and builds it in a process of its own."""
