"""Who may see what: grants and restrictions, whom they concern, and what they were before."""
