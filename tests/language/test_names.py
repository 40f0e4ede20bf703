"""Names: identifiers as people say them, and what may stand for what."""

from __future__ import annotations

import pytest

from datamind.language.names import GENERIC_PREFIXES, abbreviates, common_prefixes, words_of


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("tblPatient", "patient"),
        ("fct_orders", "order"),
        ("CUSTOMER_NAME", "customer name"),
        ("order_dt", "order date"),
        ("emp_no", "employee number"),
        ("qtyOnHand", "quantity on hand"),
        ("HTTPStatusCode", "http status code"),
        ("total_amt_usd", "total amount usd"),
        ("DOB", "birth date"),
        ("crtd_at", "created at"),
        ("address2", "address 2"),
        ("is_active", "is active"),
        ("x", "x"),
        ("dept_nm", "department name"),
        ("userIDs", "user id"),
        ("Größe", "größe"),
        ("PDFsTotal", "pdf total"),
        ("straßenName", "straßen name"),
        ("ÜberÖl", "über öl"),
        ("цена_товара", "цена товара"),
        ("acct_bal_amt", "account balance amount"),
        ("txnDt", "transaction date"),
        ("prod_cat_desc", "product category description"),
        ("max_wt_kg", "maximum weight kg"),
        ("cust_addr_nr", "customer address number"),
        ("avg_qty_cnt", "average quantity count"),
        ("tot_pct", "total percent"),
        ("NumOver900", "number over 900"),
        ("flights", "flight"),
        ("Unit Price (EUR-2)", "unit price eur 2"),
    ],
)
def test_an_identifier_is_read_as_words(identifier: str, words: str) -> None:
    assert " ".join(words_of(identifier, GENERIC_PREFIXES)) == words


def test_a_prefix_that_most_names_share_is_dropped() -> None:
    names = ["VisId", "VisDate", "VisFee", "VisStatus", "PatId"]
    assert "vis" in common_prefixes(names)
    assert words_of("VisDate", common_prefixes(names)) == ("date",)


def test_a_name_is_never_all_prefix() -> None:
    assert words_of("tbl", GENERIC_PREFIXES) == ("tbl",)


@pytest.mark.parametrize(
    ("short", "word"),
    [
        ("qty", "quantity"), ("pat", "patient"), ("doc", "doctor"), ("cust", "customer"),
        ("dpt", "department"), ("mgr", "manager"), ("stn", "station"), ("bldg", "building"),
    ],
)  # fmt: skip
def test_a_short_form_abbreviates_its_word(short: str, word: str) -> None:
    assert abbreviates(short, word)


@pytest.mark.parametrize(
    ("short", "word"),
    [
        ("xyz", "quantity"), ("a", "apple"), ("name", "names"), ("mgr", "department"),
        ("station", "stn"), ("", "word"), ("word", ""),
        ("age", "average"), ("end", "extended"), ("rate", "rationale"), ("art", "artist"),
        ("port", "portfolio"), ("tax", "taxi driver"),
    ],
)  # fmt: skip
def test_other_words_do_not_abbreviate(short: str, word: str) -> None:
    assert not abbreviates(short, word)
