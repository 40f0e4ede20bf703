"""dbt: its runs as admins ask for them, and the models that they made."""
