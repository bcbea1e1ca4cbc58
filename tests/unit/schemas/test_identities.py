"""Which ids an event states, in which order, and what kind each of them is."""

from __future__ import annotations

import hashlib
import hmac
import sys
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions.identity_model import DEFAULT_NAMESPACES, IdentityRules, Namespace
from schemas.errors import Misconfigured
from schemas.event import WireEvent
from schemas.identities import _BLANKS, IdentityPolicy
from schemas.routing import routing_id

SECRET = b"a key of at least sixteen bytes"
ZERO_IDFA = "00000000-0000-0000-0000-000000000000"
COOKIE = "8a6f1c1e-7c3b-4a55-9f53-0f2f3ddc9f11"
DEFAULT = IdentityPolicy(IdentityRules())


@pytest.fixture(autouse=True)
def nothing_refused_yet() -> None:
    DEFAULT.take_refusals()


def wire(**fields: Any) -> WireEvent:
    return WireEvent(**{"type": "track", **fields})


def ids(*, policy: IdentityPolicy = DEFAULT, **fields: Any) -> tuple[str, ...]:
    return policy.ids_of(wire(**fields))


def policy_with(*namespaces: Namespace, blocked: tuple[str, ...] = (), ids_max: int = 200, secret: bytes | None = None) -> IdentityPolicy:
    named = {namespace.id for namespace in namespaces}
    rest = tuple(namespace for namespace in DEFAULT_NAMESPACES if namespace.id not in named)
    return IdentityPolicy(IdentityRules((*namespaces, *rest), (*IdentityRules().blocked, *blocked), ids_max), secret)


class TestOrder:
    def test_the_user_comes_first_then_the_anonymous_id_then_the_others_as_they_stand(self) -> None:
        others = {"wx_openid:wx123": "oP", "wx_unionid": "oU"}
        assert ids(userId="u1", anonymousId="a-9", ids=others) == ("user:u1", "anon:a-9", "wx_openid:wx123:oP", "wx_unionid:oU")
        assert ids(anonymousId="a-9", ids=others)[0] == "anon:a-9"
        assert ids(ids=others)[0] == "wx_openid:wx123:oP"

    def test_the_usual_event_has_no_other_ids(self) -> None:
        assert ids(userId="u1", anonymousId=COOKIE) == ("user:u1", f"anon:{COOKIE}")
        assert ids(userId="u1", anonymousId="a-9") == ("user:u1", "anon:a-9")
        assert ids(userId=COOKIE) == (f"user:{COOKIE}",)
        assert ids(anonymousId=COOKIE) == (f"anon:{COOKIE}",)

    def test_an_id_that_stands_twice_is_one(self) -> None:
        assert ids(userId="u1", ids={"user": "u1", "anon": "a"}) == ("user:u1", "anon:a")

    def test_a_device_leads_to_a_person_only_where_nothing_else_does(self) -> None:
        assert ids(ids={"device": "d1", "phone": "+8613800001234"}) == ("phone:+8613800001234", "device:d1")
        assert ids(ids={"device": "d1"}) == ("device:d1",)
        shared = policy_with(Namespace("user", joins="never"))
        assert ids(policy=shared, userId="kiosk", anonymousId="a") == ("anon:a", "user:kiosk")

    @pytest.mark.parametrize("wrong", [None, "", 7, 1.5, True, [], ["a"], {}, {"a": 1}, msgspec.UNSET])
    def test_an_id_that_is_empty_or_no_text_is_missing(self, wrong: object) -> None:
        assert ids(userId=wrong, anonymousId=wrong, ids={"phone": wrong, "email": "x"}) == ("email:x",)
        assert ids(userId=wrong, anonymousId=wrong) == ids(userId=wrong, ids=[wrong]) == ids(ids=wrong and {"": wrong}) == ()
        assert DEFAULT.take_refusals() == {}

    @given(
        st.text(max_size=70),
        st.text(max_size=70),
        st.none() | st.dictionaries(st.text("abc:", max_size=4), st.text(max_size=5), max_size=3),
    )
    def test_the_routing_id_is_the_collectors_but_for_values_that_name_nobody(self, user: str, anonymous: str, others: Any) -> None:
        stated = ids(userId=user, anonymousId=anonymous, ids=others)
        refused = DEFAULT.take_refusals()
        if stated and not refused:
            assert stated[0] == routing_id(user, anonymous, others)

    @given(st.text(max_size=70), st.text(max_size=70))
    def test_the_short_way_of_the_usual_event_finds_what_the_long_way_finds(self, user: str, anonymous: str) -> None:
        assert ids(userId=user, anonymousId=anonymous) == ids(userId=user, anonymousId=anonymous, ids={})


class TestBlocked:
    @pytest.mark.parametrize(
        "value",
        [
            "null",
            " NULL ",
            "Undefined",
            "NaN",
            "[object Object]",
            "-1",
            "0",
            "0000",
            "-",
            " ",
            ZERO_IDFA,
            "00:00:00:00:00:00",
            "0" * 65,
            "\u3000null" + " " * 40,
        ],
    )
    def test_a_blocked_value_names_nobody_and_the_rest_of_the_event_stands(self, value: str) -> None:
        assert ids(userId=value, anonymousId=COOKIE) == (f"anon:{COOKIE}",)
        assert ids(userId="u1", anonymousId=value) == ("user:u1",)
        assert ids(userId=value, anonymousId=value, ids={"device": value, "phone": value}) == ()
        assert DEFAULT.take_refusals() == {"blocked": 6}

    @pytest.mark.parametrize(
        "value", ["test", "007", "10", "nullable", "-12", "guest-17", "None of us", "0x0", "a0000000-0000-0000-0000-000000000000"]
    )
    def test_what_may_be_a_real_id_is_none_of_them(self, value: str) -> None:
        assert ids(userId=value) == (f"user:{value}",)
        assert ids(anonymousId=value) == (f"anon:{value}",)

    def test_a_shared_tills_phone_names_nobody_however_it_is_written(self) -> None:
        policy = policy_with(Namespace("phone", normalise="phone", region="CN"), blocked=("13800000000",))
        for till in ("13800000000", "+86 138 0000 0000", " 13800000000"):
            assert ids(policy=policy, userId="u1", ids={"phone": till}) == ("user:u1",)
        assert ids(policy=policy, ids={"phone": "13800000001"}) == ("phone:+8613800000001",)
        assert policy.take_refusals() == {"blocked": 3}

    def test_rules_without_blocked_values_still_know_zeroed_ids(self) -> None:
        policy = IdentityPolicy(IdentityRules(blocked=()))
        assert ids(policy=policy, userId="null", anonymousId=ZERO_IDFA) == ("user:null",)

    def test_the_blanks_are_those_that_strip_takes_away(self) -> None:
        assert set(_BLANKS) == {chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()}


class TestBounds:
    def test_a_value_has_at_most_256_bytes(self) -> None:
        assert ids(userId="x" * 256, anonymousId="é" * 128) == (f"user:{'x' * 256}", f"anon:{'é' * 128}")
        assert ids(userId="x" * 257, anonymousId="é" * 129) == ids(userId="x" * 2_000) == ()
        assert DEFAULT.take_refusals() == {"too_long": 3}

    def test_the_bytes_are_counted_after_normalising(self) -> None:
        policy = policy_with(Namespace("card", normalise="lower"))
        assert ids(policy=policy, ids={"card": " " * 300 + "X"}) == ("card:x",)

    def test_no_normaliser_looks_at_more_than_1024_characters(self) -> None:
        policy = policy_with(Namespace("card", normalise="lower"))
        assert ids(policy=policy, ids={"card": " " * 1_024 + "X"}) == ()
        assert policy.take_refusals() == {"too_long": 1}

    def test_a_namespace_has_at_most_128_characters(self) -> None:
        assert ids(ids={"n" * 128: "1"}) == (f"{'n' * 128}:1",)
        assert ids(ids={"n" * 129: "1"}) == ()
        assert DEFAULT.take_refusals() == {"too_long": 1}

    def test_of_many_ids_the_first_are_read(self) -> None:
        policy = policy_with(ids_max=2)
        assert ids(policy=policy, userId="u1", ids={"a": "x", "b": "x", "c": "x"}) == ("user:u1", "a:x", "b:x")
        assert policy.take_refusals() == {"too_many": 1}

    def test_of_any_event_eight_are_read_and_each_of_the_others_is_counted(self) -> None:
        policy = policy_with()
        many = {f"kind{number}": "x" for number in range(190)}
        assert ids(policy=policy, userId="u1", ids=many) == ("user:u1", *(f"kind{number}:x" for number in range(8)))
        assert policy.take_refusals() == {"too_many": 182}
        assert policy.take_refusals() == {}

    def test_names_that_clients_make_up_fill_no_memory(self) -> None:
        policy = policy_with()
        for at in range(3_000):
            assert ids(policy=policy, ids={f"n{at}": "x", f"wx_openid:wx{at}": "x"}) == (f"n{at}:x", f"wx_openid:wx{at}:x")
        assert len(policy._namespaces._by_key) <= 1_024
        assert len(policy._namespaces._by_name) <= 1_024
        assert policy.is_strong("wx_openid:wx0:x")


class TestNamespaces:
    @pytest.mark.parametrize(
        ("typed_id", "name", "strong", "joins", "limit"),
        [
            ("user:u1", "user", True, "always", 50),
            ("user:a:b", "user", True, "always", 50),
            ("wx_openid:wx123:oP", "wx_openid:wx123", True, "always", 50),
            ("wx_openid:wx123:o:P", "wx_openid:wx123", True, "always", 50),
            ("wx_openid:oP", "wx_openid", False, "always", 50),
            ("wx_openid::oP", "wx_openid", False, "always", 50),
            ("wx_openid:wx123:", "wx_openid", False, "always", 50),
            ("loyalty:card:7", "loyalty", False, "always", 50),
            ("anon:a", "anon", False, "first_login", 100),
            ("device:d", "device", False, "never", 20),
            ("no colon", "no colon", False, "always", 50),
        ],
    )
    def test_a_typed_id_belongs_to_the_longest_namespace_that_is_listed(
        self, typed_id: str, name: str, strong: bool, joins: str, limit: int
    ) -> None:
        found = DEFAULT.namespace(typed_id)
        assert (found.id, found.strong, found.joins, found.limit) == (name, strong, joins, limit)
        assert (DEFAULT.is_strong(typed_id), DEFAULT.joins(typed_id)) == (strong, joins)
        assert DEFAULT.namespace(typed_id) is found

    def test_two_wx_apps_are_two_namespaces(self) -> None:
        one, two = DEFAULT.namespace("wx_openid:wx1:o"), DEFAULT.namespace("wx_openid:wx2:o")
        assert one != two
        assert ids(ids={"wx_openid:wx1": "o", "wx_openid:wx2": "o"}) == ("wx_openid:wx1:o", "wx_openid:wx2:o")

    def test_an_app_that_is_listed_itself_is_not_the_patterns(self) -> None:
        policy = policy_with(Namespace("wx_openid:wx1", limit=7), Namespace("wx_openid", limit=8))
        assert [policy.namespace(typed_id).limit for typed_id in ("wx_openid:wx1:o", "wx_openid:wx2:o", "wx_openid:o")] == [7, 50, 8]

    def test_one_app_may_be_listed_without_a_pattern(self) -> None:
        policy = IdentityPolicy(IdentityRules((Namespace("crm:eu", strong=True),)))
        assert [policy.namespace(typed_id).id for typed_id in ("crm:eu:7", "crm:us:7")] == ["crm:eu", "crm"]

    def test_a_key_may_hold_colons(self) -> None:
        assert ids(ids={"alipay:app:1": "x", "wx_openid:wx1": "a:b"}) == ("alipay:app:1:x", "wx_openid:wx1:a:b")

    @pytest.mark.parametrize(
        ("key", "value"), [("user:x", "y"), ("phone:", "1x"), (":x", "y"), ("wx_openid", "wx1:o"), ("wx_openid:wx1:", "o")]
    )
    def test_a_key_that_would_be_read_back_as_another_namespace_names_nobody(self, key: str, value: str) -> None:
        assert ids(ids={key: value, "email": "e"}) == ("email:e",)
        assert DEFAULT.take_refusals() == {"ambiguous": 1}

    def test_that_may_depend_on_the_value(self) -> None:
        for value, stated in (("o", ("wx_openid:o",)), ("wx1:o", ()), ("p", ("wx_openid:p",))):
            assert ids(ids={"wx_openid": value}) == stated

    @given(
        st.dictionaries(
            st.text("ab:", max_size=4) | st.sampled_from(["user", "wx_openid", "wx_openid:a", "wecom:b"]), st.text("ab:", max_size=4)
        )
    )
    def test_what_an_event_states_is_read_back_as_what_it_was(self, stated: dict[str, str]) -> None:
        for key, value in stated.items():
            for typed_id in ids(ids={key: value}):
                found = DEFAULT.namespace(typed_id).id
                assert found == key or (found not in {"user", "phone"} and key.startswith(f"{found}:"))


class TestRank:
    def test_the_priority_of_the_namespace_decides_then_the_value(self) -> None:
        order = [
            "user:a",
            "user:b",
            "wx_unionid:a",
            "wecom:w:a",
            "wx_openid:w1:b",
            "wx_openid:w2:a",
            "phone:a",
            "email:a",
            "zzz:a",
            "anon:a",
            "device:a",
        ]
        assert all(DEFAULT.rank(one) < DEFAULT.rank(other) for one, other in pairwise(order))

    def test_the_order_of_the_rules_is_that_of_priority(self) -> None:
        policy = policy_with(Namespace("email"), Namespace("user", strong=True))
        assert policy.rank("email:z") < policy.rank("user:a") < policy.rank("phone:a")

    def test_what_many_may_share_names_a_person_last_wherever_it_stands(self) -> None:
        policy = policy_with(Namespace("device", joins="never"), Namespace("anon", joins="first_login"))
        order = ["user:a", "other:a", "anon:a", "device:a"]
        assert all(policy.rank(one) < policy.rank(other) for one, other in pairwise(order))


class TestAlias:
    def test_both_directions_state_the_same_ids_for_both_sides_may_be_a_user_or_an_anonymous_id(self) -> None:
        there, back = (ids(type="alias", userId=one, previousId=two) for one, two in (("u1", "u2"), ("u2", "u1")))
        assert there == ("user:u1", "anon:u1", "user:u2", "anon:u2")
        assert back == ("user:u2", "anon:u2", "user:u1", "anon:u1")

    def test_the_events_own_anonymous_id_is_no_user_in_either_direction(self) -> None:
        there, back = (ids(type="alias", userId=one, previousId=two, anonymousId=COOKIE) for one, two in (("u1", COOKIE), (COOKIE, "u1")))
        assert there == ("user:u1", "anon:u1", f"anon:{COOKIE}")
        assert sorted(back) == sorted(there)

    def test_it_joins_nothing_else_that_the_event_carries(self) -> None:
        carried: dict[str, Any] = {"anonymousId": COOKIE, "ids": {"device": "d", "phone": "1x"}}
        assert ids(type="alias", userId="u1", previousId="u2", **carried) == ("user:u1", "anon:u1", "user:u2", "anon:u2")

    @pytest.mark.parametrize("user", [msgspec.UNSET, "null"])
    def test_without_a_user_the_anonymous_id_is_the_one_side(self, user: object) -> None:
        event = wire(type="alias", userId=user, anonymousId=COOKIE, previousId="u2")
        assert DEFAULT.ids_of(event) == (f"anon:{COOKIE}", "user:u2", "anon:u2")
        assert DEFAULT.is_explicit(event)

    def test_the_previous_id_may_stand_among_the_properties(self) -> None:
        assert ids(type="alias", userId="u1", properties={"previousId": "u2"})[2] == "user:u2"
        assert ids(type="alias", userId="u1", previousId="u3", properties={"previousId": "u2"})[2] == "user:u3"

    @pytest.mark.parametrize("previous", [msgspec.UNSET, None, "", 7, "undefined", "u1"])
    def test_one_that_names_one_side_only_is_an_event_like_others(self, previous: object) -> None:
        event = wire(type="alias", userId="u1", anonymousId=COOKIE, previousId=previous, ids={"phone": "1x"})
        assert DEFAULT.ids_of(event) == ("user:u1", f"anon:{COOKIE}", "phone:1x")
        assert not DEFAULT.is_explicit(event)
        assert DEFAULT.take_refusals() == ({"blocked": 1} if previous == "undefined" else {})

    def test_one_without_anybody_names_nobody(self) -> None:
        event = wire(type="alias", previousId="u2")
        assert (DEFAULT.ids_of(event), DEFAULT.is_explicit(event)) == ((), False)

    def test_only_an_alias_is_explicit(self) -> None:
        assert DEFAULT.is_explicit(wire(type="alias", userId="u1", previousId="u2"))
        assert not DEFAULT.is_explicit(wire(type="identify", userId="u1", previousId="u2"))


class TestNormalisedAndHashed:
    def test_values_are_normalised_by_their_namespace(self) -> None:
        policy = policy_with(
            Namespace("email", normalise="email"), Namespace("user", normalise="lower"), Namespace("phone", normalise="phone")
        )
        stated = ids(policy=policy, userId=" U1", ids={"email": "A@Shop.Example", "phone": "13800001234", "other": " X"})
        assert stated == ("user:u1", "email:a@shop.example", "other: X")
        assert policy.take_refusals() == {"unreadable": 1}

    def test_an_anonymous_id_may_be_normalised_too(self) -> None:
        assert ids(policy=policy_with(Namespace("anon", normalise="lower")), userId="U", anonymousId="A") == ("user:U", "anon:a")

    def test_a_hashed_value_is_a_keyed_hash_of_what_is_normalised(self) -> None:
        policy = policy_with(
            Namespace("phone", normalise="phone", region="CN", hashed=True), Namespace("wx_openid:*", hashed=True), secret=SECRET
        )
        digest = hmac.new(SECRET, b"phone:+8613800001234", hashlib.sha256).hexdigest()[:32]
        for written in ("13800001234", "+86 138 0000 1234"):
            assert ids(policy=policy, ids={"phone": written}) == (f"phone:h{digest}",)
        one, two = ids(policy=policy, ids={"wx_openid:a": "o", "wx_openid:b": "o"})
        assert one.rpartition(":")[2] != two.rpartition(":")[2]

    def test_another_secret_gives_other_hashes(self) -> None:
        one, two = (policy_with(Namespace("user", hashed=True), secret=secret) for secret in (SECRET, SECRET + b"!"))
        assert ids(policy=one, userId="u1") != ids(policy=two, userId="u1")

    @pytest.mark.parametrize("secret", [None, b""])
    def test_hashes_without_a_secret_are_refused_and_the_setting_is_named(self, secret: bytes | None) -> None:
        with pytest.raises(Misconfigured, match=r"ids of phone are to be hashed.*EBBTIDE_IDENTITY_SECRET"):
            policy_with(Namespace("phone", hashed=True), secret=secret)

    def test_one_value_is_typed_as_an_event_that_states_it_would_have_it(self) -> None:
        policy = policy_with(Namespace("phone", normalise="phone", region="CN"))
        assert policy.typed_id("phone", "138 0000 1234") == "phone:+8613800001234"
        assert policy.typed_id("phone", "none") is None
        assert policy.take_refusals() == {}
