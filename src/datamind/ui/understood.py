"""How a question was understood: its words and what they were taken for, and the plan."""

from __future__ import annotations

from datamind.ui.client import JSON
from datamind.ui.pieces import box, text
from datamind.ui.words import STAGES, duration, spoken


def marked_question(question: str, links: list[JSON]) -> None:
    """The question with the words that were found marked; hover or read on for what they mean."""
    with text("p", "", "marked"):
        at = 0
        for found in sorted(links, key=lambda found: (found["start"], -found["end"])):
            start, end = found["start"], found["end"]
            if start < at or end > len(question) or end <= start:
                continue
            if start > at:
                text("span", question[at:start])
            mark = text("mark", question[start:end], f"word word-{found['kind']}")
            mark.props["title"] = meaning(found)
            at = end
        if at < len(question):
            text("span", question[at:])


def meaning(link: JSON) -> str:
    """What a word was taken for."""
    kind, item = str(link["kind"]), str(link["item"])
    if kind == "metric":
        return f"the metric {spoken(item).lower()}"
    if kind in ("table", "column", "value"):
        return f"{kind} {item}"
    return f"{kind}: {item}"


def understood(answer: JSON) -> None:
    """The plan in English, what each word was taken for, what was assumed and what was not."""
    found = answer.get("interpretation") or {}
    links = found.get("links") or []
    if links:
        marked_question(answer["question"], links)
    for line in str(answer.get("explanation") or "").splitlines():
        text("p", line)
    if links:
        with box("dl", "meanings"):
            for one in links:
                with box("div"):
                    text("dt", str(one["text"]))
                    text("dd", meaning(one))
    _list("Assumed", [str(a) for a in found.get("assumptions") or []])
    _list("Not understood", [f"“{w}”" for w in found.get("unresolved") or []])


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    text("p", title, "mini-title")
    with box("ul", "plain-list"):
        for line in lines:
            text("li", line)


def stages_list(stages: list[JSON]) -> None:
    """The stages that ended, and how long each took."""
    names = dict(STAGES)
    with box("ol", "stages done"):
        for stage in stages:
            with box("li", "stage is-done"):
                text("span", names.get(str(stage["stage"]), ""), "stage-name")
                text("span", duration(stage["elapsed_ms"]), "stage-time")
