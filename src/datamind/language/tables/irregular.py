"""Irregular words: their singulars, and their plain verbs."""

from __future__ import annotations

IRREGULAR: dict[str, str] = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "criteria": "criterion",
    "analyses": "analysis", "indices": "index", "data": "data", "media": "media", "news": "news",
    "series": "series", "species": "species", "status": "status", "address": "address",
    "addresses": "address", "business": "business", "bus": "bus", "gas": "gas", "class": "class",
    "feet": "foot", "mice": "mouse", "staff": "staff", "sales": "sale", "is": "is", "was": "was",
    "has": "has", "this": "this", "its": "its", "us": "us", "movies": "movie", "cookies": "cookie",
    "statuses": "status", "vertices": "vertex", "lives": "life", "wives": "wife", "buses": "bus",
    "leaves": "leaf", "bonus": "bonus", "bonuses": "bonus", "campus": "campus", "virus": "virus",
    "as": "as", "yes": "yes", "less": "less", "plus": "plus", "always": "always", "ties": "tie",
    "sent": "send", "sold": "sell", "bought": "buy", "made": "make", "paid": "pay", "won": "win",
    "written": "write", "wrote": "write", "taken": "take", "took": "take", "given": "give",
    "gave": "give", "spent": "spend", "taught": "teach", "held": "hold", "left": "leave",
    "born": "birth", "died": "death", "flew": "fly", "flown": "fly", "ran": "run", "went": "go",
    "got": "get", "gotten": "get", "began": "begin", "chosen": "choose", "shown": "show",
    "ids": "id", "urls": "url", "lent": "lend", "lost": "lose", "met": "meet", "built": "build", "done": "do", "did": "do",
}  # fmt: skip
