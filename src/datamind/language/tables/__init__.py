"""Tables of words: the language engine's own vocabulary of English business questions."""
