"""Schemathesis reads the OpenAPI document and tries what it allows: nothing ends in a 500."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from .conftest import Api, Run

# Which would end what the tests themselves use.
LEFT_OUT = ("/auth/logout", "/auth/password")
pytestmark = pytest.mark.slow
EXAMPLES = 6  # of each of 130 operations
TAKEN = ("method", "url", "headers", "json", "data", "params")


def operations(api: Api) -> list[Any]:
    schema = schemathesis.openapi.from_dict(api.app.openapi())
    return [
        result.ok()
        for result in schema.get_all_operations()
        if not result.ok().path.endswith(LEFT_OUT)
    ]


def test_the_document_is_whole(api: Api) -> None:
    document = api.app.openapi()
    assert document["info"]["title"] == "DataMind"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
    examples = [s for s in document["components"]["schemas"].values() if "example" in s]
    assert len(examples) >= 5


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_nothing_that_the_document_allows_or_forbids_ends_in_a_500(
    api: Api, run: Run, mode: GenerationMode
) -> None:
    headers = run(api.headers("admin"))
    found: list[str] = []

    def tried(operation: Any) -> None:
        cases: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(cases)
        def attempt(case: Any) -> None:
            sent = case.as_transport_kwargs(base_url="http://test", headers=headers)
            sent = {name: sent[name] for name in TAKEN if name in sent}
            if isinstance(body := sent.pop("data", None), bytes | str):
                sent["content"] = body
            answer = run(api.client.request(**sent))
            if answer.status_code >= 500:
                found.append(f"{case.method} {answer.url}: {answer.text[:300]}")

        with suppress(Unsatisfiable):  # an operation that takes nothing can't be asked wrongly
            attempt()

    for operation in operations(api):
        tried(operation)
    assert not found, found[:5]
