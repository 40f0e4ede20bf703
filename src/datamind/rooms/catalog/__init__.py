"""What there is to ask about, as the asker sees it."""
