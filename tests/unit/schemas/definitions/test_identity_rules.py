# ruff: noqa: E501 - the text of a fault is read whole
"""The rules of identity as they are read, written and compared."""

from __future__ import annotations

import json

import pytest

from schemas.definitions.bundle import bundle_from_json, bundle_to_json, next_bundle
from schemas.definitions.difference import Change, FieldChange, difference
from schemas.definitions.identity_model import DEFAULT_BLOCKED, DEFAULT_NAMESPACES, IdentityRules, Namespace
from schemas.definitions.model import Bundle
from tests.unit.schemas.definitions.reading import faults, faults_of, read

LATER = " (for records from now on; who has been joined stays joined)"


def rules(text: str) -> IdentityRules:
    return read(f"identity: {text}").identity


def namespace(text: str) -> Namespace:
    return rules(f"{{namespaces: [{text}]}}").namespaces[0]


def namespace_faults(text: str) -> list[str]:
    return [told.removeprefix("a.yaml:1: identity.namespaces") for told in faults(f"identity: {{namespaces: [{text}]}}")]


class TestReading:
    def test_what_is_left_out_has_its_default(self) -> None:
        assert read("").identity == rules("{}") == IdentityRules() == IdentityRules(DEFAULT_NAMESPACES, DEFAULT_BLOCKED, 200)
        assert read("").identity == Bundle().identity

    def test_the_defaults_are_right_for_websites_and_wechat(self) -> None:
        order = "user wx_unionid wecom:* wx_openid:* phone email anon device"
        assert " ".join(each.id for each in DEFAULT_NAMESPACES) == order
        assert [each.id for each in DEFAULT_NAMESPACES if each.strong] == order.split()[:4]
        assert [(each.id, each.joins, each.limit) for each in DEFAULT_NAMESPACES if each.joins != "always"] == [
            ("anon", "first_login", 100),
            ("device", "never", 20),
        ]
        assert {each.limit for each in DEFAULT_NAMESPACES[:-2]} == {50}

    def test_namespaces_that_are_named_come_first_in_the_order_written(self) -> None:
        found = rules("{namespaces: [{id: loyalty}, {id: email}, {id: user}]}")
        assert [each.id for each in found.namespaces] == [
            "loyalty",
            "email",
            "user",
            "wx_unionid",
            "wecom:*",
            "wx_openid:*",
            "phone",
            "anon",
            "device",
        ]

    def test_every_key_is_read(self) -> None:
        text = "{id: phone, strong: true, joins: always, limit: 7, normalise: phone, region: CN, hashed: true}"
        assert namespace(text) == Namespace("phone", True, "always", 7, "phone", "CN", True)

    def test_a_key_that_is_left_out_stays_as_in_the_default_of_that_id(self) -> None:
        assert namespace("{id: anon, limit: 500}") == Namespace("anon", joins="first_login", limit=500)
        assert namespace("{id: 'wx_openid:wx1', hashed: true}") == Namespace("wx_openid:wx1", strong=True, hashed=True)
        assert namespace("{id: user, strong: false}") == Namespace("user")
        assert namespace("{id: loyalty}") == namespace("{id: loyalty}") == Namespace("loyalty")
        assert namespace("{id: wx_openid}") == Namespace("wx_openid")

    def test_blocked_values_are_added_to_the_defaults_and_stand_once(self) -> None:
        assert rules('{blocked: ["13800000000", "null", "13800000000"]}').blocked == (*DEFAULT_BLOCKED, "13800000000")

    def test_the_number_of_ids_is_read(self) -> None:
        assert rules("{ids_max: 30}").ids_max == 30


class TestFaults:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{namespace: []}", ".namespace: found 'namespace', expected one of namespaces, blocked, ids_max; did you mean 'namespaces'?"),
            ("{namespaces: {}}", ".namespaces: found an empty map, expected a list of namespaces"),
            ("{blocked: x}", ".blocked: found 'x', expected a list of values"),
            ("{blocked: [13800000000]}", ".blocked[0]: found 13800000000, expected a text, in quotes if it looks like a number"),
            ("{ids_max: 0}", ".ids_max: found 0, expected a whole number from 1 to 1000"),
            ("[]", ": found an empty list, expected a map with the keys namespaces, blocked, ids_max"),
        ],
    )
    def test_each_tells_its_place(self, text: str, told: str) -> None:
        assert faults(f"identity: {text}") == [f"a.yaml:1: identity{told}"]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{strong: true}", "[0]: found no 'id', expected the key 'id': its name in events; `wx_openid:*` is that of every app"),
            ("{id: user, joins: newer}", ".user.joins: found 'newer', expected one of always, first_login, never; did you mean 'never'?"),
            ("{id: user, normalise: mail}", ".user.normalise: found 'mail', expected one of none, lower, email, phone; did you mean 'email'?"),
            ("{id: user, limit: 1001}", ".user.limit: found 1001, expected a whole number from 1 to 1000"),
            ("{id: user, strong: 1}", ".user.strong: found 1, expected true or false"),
            ("{id: phone, normalise: phone, region: cn}", ".phone.region: found 'cn', expected a country's two capital letters, such as CN; did you mean 'CN'?"),
            ("{id: phone, region: CN}", ".phone: found a region, expected normalise: phone beside it, or no region"),
            ("{id: user, joins: first_login}", ".user: found a strong namespace that joins first_login, expected joins: always, or strong: false: a strong id names one person"),
            ("{id: device, strong: true}", ".device: found a strong namespace that joins never, expected joins: always, or strong: false: a strong id names one person"),
            ("{id: a}, {id: a}", ".a.id: found 'a' again (first at a.yaml:1), expected an id of its own for each namespace"),
        ],
    )  # fmt: skip
    def test_each_tells_its_namespace(self, text: str, told: str) -> None:
        assert namespace_faults(text) == [told]

    def test_a_joins_that_is_no_word_is_told_once(self) -> None:
        assert len(namespace_faults("{id: user, joins: 3}")) == 1

    @pytest.mark.parametrize("name", ["1a", "a:b:c", "*", "a:", "a*", "a b", "ä", "x" * 65, "a:" + "x" * 64, ":a"])
    def test_an_id_is_a_name_and_perhaps_an_app(self, name: str) -> None:
        expected = "a letter and at most 63 letters, digits, _ . or -; behind a colon perhaps the id of an app, or * for all apps"
        told = namespace_faults(f"{{id: {json.dumps(name, ensure_ascii=False)}}}")
        assert [each.endswith(f", expected {expected}") for each in told] == [True]

    def test_identity_stands_in_one_file_only(self) -> None:
        files = {"a.yaml": "identity: {}", "b.yaml": "\nidentity: {}"}
        assert faults_of(files) == ["b.yaml:2: identity: found identity again (first at a.yaml:1), expected identity in one file only"]


class TestOnTheTopic:
    def test_a_bundle_carries_its_rules(self) -> None:
        bundle = next_bundle(Bundle(), read("identity: {ids_max: 30, namespaces: [{id: loyalty, normalise: lower}]}"))
        assert bundle.identity.namespaces[0] == Namespace("loyalty", normalise="lower")
        assert bundle_from_json(bundle_to_json(bundle)) == bundle

    def test_a_bundle_of_before_there_were_rules_has_the_defaults(self) -> None:
        old = json.loads(bundle_to_json(next_bundle(Bundle(), read("tags: [{id: a}]"))))
        del old["identity"]
        assert bundle_from_json(json.dumps(old).encode()).identity == IdentityRules()


class TestDifference:
    def told(self, old: str, new: str) -> list[str]:
        return [str(change) for change in difference(read(f"identity: {old}"), read(f"identity: {new}"))]

    def test_of_blocked_values_those_that_come_and_go_are_told(self) -> None:
        assert self.told('{blocked: ["1", "2"]}', '{blocked: ["2", "3"], ids_max: 30}') == [
            f'~ identity{LATER}\n    blocked: ["1"] → ["3"]\n    ids_max: 200 → 30'
        ]
        assert self.told("{}", '{blocked: ["1"]}') == [f'~ identity{LATER}\n    blocked: none → ["1"]']

    def test_a_namespace_is_told_with_what_changes_in_it(self) -> None:
        old, new = "{namespaces: [{id: user}]}", "{namespaces: [{id: user, normalise: phone, region: CN}]}"
        assert self.told(old, new) == [f'~ namespace user{LATER}\n    normalise: "none" → "phone"\n    region: none → "CN"']

    def test_an_order_that_changes_is_told_whole(self) -> None:
        found = difference(read(""), read("identity: {namespaces: [{id: loyalty}]}"))
        before = "user wx_unionid wecom:* wx_openid:* phone email anon device"
        order = FieldChange("order", before, f"loyalty {before}")
        assert found == (Change("identity", "", "changed", (order,)), Change("namespace", "loyalty", "added"))
