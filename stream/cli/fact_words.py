"""The facts behind one node of a condition, for people: what is so, beside what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stream.cli.output import distance, number, plain, when

if TYPE_CHECKING:
    from segments.explain import Explanation

_TIMES_SHOWN = 5


def fact_words(explanation: Explanation, now_ms: int) -> str:
    """One line without control characters; empty for a group, which has no facts of its own."""
    words = _words(explanation, now_ms)
    bound = explanation.facts.get("exact_over_newest") if explanation.kind != "trait" else None
    if bound is not None:
        words += (
            f" (a bound is reached: only the newest {bound} count)" if explanation.kind != "tag" else f" (at most {bound} values are kept)"
        )
    return plain(words)


def _words(explanation: Explanation, now_ms: int) -> str:
    facts = explanation.facts
    match explanation.kind:
        case "all" | "any" | "not":
            return ""
        case "trait":
            return ", ".join(f"{path} is {value!r}" for path, value in facts.items())
        case "tag":
            return _tag_words(explanation, facts, now_ms)
        case "event":
            return _event_words(explanation, now_ms)
        case "sequence":
            times = facts["times"]
            return "no such run" if times is None else f"steps at {', '.join(map(when, times))}"
        case "absence":
            return _absence_words(facts, now_ms)
        case "stays":
            since = facts["since"]
            return "not true inside now" if since is None else f"true inside since {when(since, now_ms)}"
        case _:
            return _plain_words(facts)


def _event_words(explanation: Explanation, now_ms: int) -> str:
    facts, said = explanation.facts, []
    if "count" in facts:
        or_more = " or more" if facts.get("or_more") else ""
        said.append(f"{facts['count']}{or_more} counted{_asked(explanation, 'count')}{_times(facts, now_ms)}")
    for name in explanation.asked:
        if name != "count":
            value = facts[name]
            said.append(f"{name} is {'nothing' if value is None else number(value)}{_asked(explanation, name)}")
    said += [f"{count} from {when(start)} on" for start, count in facts.get("periods", {}).items()]
    return "; ".join(said)


def _times(facts: dict[str, Any], now_ms: int) -> str:
    times = [distance(time - now_ms) for time in reversed(facts.get("times", ()))]
    more = f" and {len(times) - _TIMES_SHOWN} more" if len(times) > _TIMES_SHOWN else ""
    return f": {', '.join(times[:_TIMES_SHOWN])}{more}" if times else ""


def _asked(explanation: Explanation, name: str) -> str:
    asked = explanation.asked.get(name)
    return f" (asked {' and '.join(asked)})" if asked else ""


def _tag_words(explanation: Explanation, facts: dict[str, Any], now_ms: int) -> str:
    if "values" in facts:
        values = "; ".join(f"{value}: {_tag_words(explanation, inner, now_ms)}" for value, inner in facts["values"].items())
        left_out = facts["values_in_all"] - len(facts["values"])
        return values + (f"; and {left_out} values more" if left_out else "")
    if not facts["count"]:
        return "no such tag"
    named = (("score", "score now"), ("count", "count"), ("weight", "weight"))
    figures = [f"{words} {number(facts[name])}{_asked(explanation, name)}" for name, words in named]
    first, last = (distance(facts[name] - now_ms) for name in ("first_at", "last_at"))
    return f"{', '.join(figures)}, first {first}, last {last}{_asked(explanation, 'last_at')}"


def _absence_words(facts: dict[str, Any], now_ms: int) -> str:
    if not facts["waiting"]:
        return "nothing is waited for"
    waits = [("" if one["key"] == 0 else f"{one['key']} ") + distance(one["after_at"] - now_ms) for one in facts["waiting"]]
    left_out = facts["waiting_in_all"] - len(waits)
    return f"waiting since: {', '.join(waits)}" + (f" and {left_out} more" if left_out else "")


def _plain_words(facts: dict[str, Any]) -> str:
    """Of the nodes about the person: one fact each."""
    ((name, value),) = facts.items()
    match name:
        case "place":
            return f"drawn at {value:.3%}"
        case "inside" | "named":
            return f"{'' if value else 'not '}{name}"
        case _:
            return f"{name} is {value!r}"
