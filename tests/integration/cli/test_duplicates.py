"""What does this test do? An operator finds people who are there twice, tells a pair apart and merges another, by commands alone.

How? People come over HTTP into a real deployment; `ebbtide duplicates` runs as a subprocess, on its store and on a list.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DEFINITIONS = f"""
sources:
  - {{id: web, kind: web, write_keys: [{{sha256: "{sha256(b"key").hexdigest()}"}}]}}
quality:
  checks:
    - {{id: city, path: traits.city, canonical: {{map: {{Peking: Beijing}}}}}}
  duplicates: {{phone: mobile, region: CN}}
"""
ANN = {"name": "Anna Schmidt", "mobile": "13812345678", "email": "anna@example.com", "city": "Peking"}
BEN = {"name": "Ben Okoye", "mobile": "13987654321", "email": "ben@example.com", "city": "Beijing"}
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": ANN,
    "ann2": {**ANN, "name": "Schmidt Anna", "mobile": "+86 138 1234 5678", "city": "Beijing"},
    "ben": BEN,
    "ben2": {**BEN, "email": "ben.okoye@example.com"},
    "cai": {"name": "蔡欣怡", "mobile": "13700000001", "city": "Beijing"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "definitions"
    found.mkdir()
    (found / "a.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return found


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str, tmp_path: Path, folder: Path) -> Iterator[dict[str, str]]:
    """A deployment that knows the people above."""
    found = environment(stack.kafka, redis_url, prefix)
    options = ("--kafka", stack.kafka, "--redis", redis_url, "--data", str(tmp_path / "data"), "--port", "0", "--json")
    with running(found, "up", *options) as process:
        url = line_with(process, "ready")["collector"]["url"]
        ebbtide(found, "apply", str(folder))
        batch = [{"type": "identify", "userId": name, "messageId": name, "traits": traits} for name, traits in PEOPLE.items()]
        body = json.dumps({"batch": batch, "writeKey": "key"}).encode()

        def taken() -> bool:
            with urlopen(Request(f"{url}/v1/batch", body, {"content-type": "application/json"}), timeout=20) as answer:
                return bool(answer.status == 200)

        eventually(taken)
        eventually(lambda: as_json(found, "duplicates")[-1]["people"] == len(PEOPLE))
        yield found


def test_a_pair_is_merged_by_an_event_and_another_is_told_apart_for_good(env: dict[str, str], tmp_path: Path) -> None:
    *pairs, figures = as_json(env, "duplicates")
    assert [(pair["person"], pair["other"]) for pair in pairs] == [("user:ann", "user:ann2"), ("user:ben", "user:ben2")]
    assert pairs[0]["why"] == ["same name", "same phone", "same e-mail", "same city"]
    assert figures == {"people": 5, "pairs": 2, "refused": 0, "left_out": {}}

    assert as_json(env, "duplicates", "--refuse", "user:ben2", "user:ben") == [{"refused": ["user:ben2", "user:ben"], "new": True}]
    file = tmp_path / "pairs.csv"
    told = ebbtide(env, "duplicates", "--csv", str(file))
    assert "5 people compared, 1 probable pairs; 1 told apart before." in told
    with file.open(encoding="utf-8", newline="") as rows:
        assert [row["other"] for row in csv.DictReader(rows)] == ["user:ann2"]

    (merged,) = as_json(env, "duplicates", "--merge", "user:ann2", "user:ann")
    event = next(each for each in as_json(env, "events", "--all") if merged["event"] in json.dumps(each))
    assert '"previousId":"ann2"' in json.dumps(event, separators=(",", ":")).replace('\\"', '"')
    assert "nobody is known as user:nobody" in _refused(env, "duplicates", "--merge", "user:ann", "user:nobody")


def _refused(env: dict[str, str], *arguments: str) -> str:
    with pytest.raises(AssertionError) as error:
        ebbtide(env, *arguments)
    return str(error.value)


def test_a_list_is_looked_through_before_anybody_is_imported(tmp_path: Path, folder: Path) -> None:
    lines = [json.dumps({"person": f"user:{name}", "traits": traits}) for name, traits in PEOPLE.items()]
    listed = tmp_path / "people.jsonl"
    listed.write_text("\n".join(lines), encoding="utf-8")
    nowhere = environment("127.0.0.1:9", "redis://127.0.0.1:9/0", "x.")

    *pairs, figures = as_json(nowhere, "duplicates", "--from", str(listed), "--definitions", str(folder))
    assert [pair["person"] for pair in pairs] == ["user:ann", "user:ben"]
    assert figures["people"] == 5

    listed.write_text("nonsense", encoding="utf-8")
    assert "people.jsonl:1: found another line" in _refused(nowhere, "duplicates", "--from", str(listed))
    assert "did you mean 'email'?" in _refused(nowhere, "duplicates", "--from", str(listed), "--by", "e-mail")
