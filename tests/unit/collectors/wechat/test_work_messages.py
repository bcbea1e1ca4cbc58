"""What WeCom says of staff, customers, tags and groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collectors.wechat.asking import told
from tests.unit.collectors.wechat.vendor import xml

CUSTOMER = "woAJ2GCAAAXtWyujaWJHDDGi0mACAAAA"
GROUP = "wrx7HUARsKwGRaQBVKPBTcEyzdHA4HrQ"
CONTACT = {"FromUserName": "sys", "UserID": "zhangsan", "ExternalUserID": CUSTOMER}


def contact(change: str, **more: object) -> str:
    return xml("change_external_contact", **{**CONTACT, "ChangeType": change, **more})


OF_CUSTOMERS = [
    (
        contact("add_external_contact", State="poster-7", WelcomeCode="W"),
        "$follow",
        {"change": "add_external_contact", "state": "poster-7", "welcome_code": "W"},
    ),
    (contact("del_follow_user"), "$unfollow", {"change": "del_follow_user"}),
    (contact("edit_external_contact"), "wecom_edit_external_contact", {"change": "edit_external_contact"}),
    (
        contact("add_half_external_contact", State="poster-7"),
        "wecom_add_half_external_contact",
        {"change": "add_half_external_contact", "state": "poster-7"},
    ),
    (
        contact("del_external_contact", Source="DELETE_BY_TRANSFER"),
        "wecom_del_external_contact",
        {"change": "del_external_contact", "source": "DELETE_BY_TRANSFER"},
    ),
    (
        contact("transfer_fail", FailReason="customer_refused"),
        "wecom_transfer_fail",
        {"change": "transfer_fail", "fail_reason": "customer_refused"},
    ),
    (contact("made_up_next_year", News="n"), "wecom_made_up_next_year", {"change": "made_up_next_year", "News": "n"}),
]


@pytest.mark.parametrize(("message", "name", "properties"), OF_CUSTOMERS, ids=[name for _, name, _ in OF_CUSTOMERS])
def test_a_change_of_a_contact_is_told_of_the_customer(message: str, name: str, properties: dict[str, Any]) -> None:
    (event,) = told(message, "ww1")
    assert event["event"] == name
    assert event["ids"] == {"wecom:ww1": CUSTOMER}
    assert event["properties"] == {"user_id": "zhangsan", "external_user_id": CUSTOMER, **properties}
    assert (event["source"], event["protocol"]) == ("corp", "wecom")
    assert event["context"] == {"vendorEvent": "change_external_contact", "wecom": {"account": "ww1"}}


def chat(change: str, **more: object) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    message = xml("change_external_chat", FromUserName="sys", ChatId=GROUP, ChangeType=change, **more)
    return [(event["event"], event["ids"], event["properties"]) for event in told(message, "ww1")]


THE_GROUP = {"wecom_chat": f"ww1.{GROUP}"}


def test_a_group_is_told_of_as_itself() -> None:
    assert chat("create") == [("wecom_chat_create", THE_GROUP, {"chat_id": GROUP, "change": "create"})]
    assert chat("dismiss") == [("wecom_chat_dismiss", THE_GROUP, {"chat_id": GROUP, "change": "dismiss"})]
    renamed = {"chat_id": GROUP, "change": "update", "detail": "change_name"}
    assert chat("update", UpdateDetail="change_name") == [("wecom_chat_update", THE_GROUP, renamed)]


@pytest.mark.parametrize("members", [{"Item": ["jack", "rose"]}, "jack,rose"], ids=["items", "commas"])
@pytest.mark.parametrize(("detail", "name"), [("add_member", "wecom_chat_join"), ("del_member", "wecom_chat_leave")])
def test_who_joins_or_leaves_a_group_is_told_one_by_one(members: object, detail: str, name: str) -> None:
    of_group, *of_members = chat("update", UpdateDetail=detail, JoinScene=1, MemChangeCnt=2, MemChangeList=members)
    assert of_group[:2] == ("wecom_chat_update", THE_GROUP)
    assert of_group[2]["member_count_change"] == 2
    assert of_members == [(name, {"wecom:ww1": member}, {"chat_id": GROUP, "join_scene": "1"}) for member in ("jack", "rose")]


def test_a_change_of_tags_is_told_of_the_corp() -> None:
    message = xml("change_external_tag", FromUserName="sys", Id="et1", TagType="tag_group", ChangeType="create", StrategyId=1)
    (event,) = told(message, "ww1")
    assert (event["event"], event["ids"]) == ("wecom_tag_create", {"wecom_account": "ww1"})
    assert event["properties"] == {"tag_id": "et1", "tag_kind": "tag_group", "strategy_id": "1", "change": "create"}


def of_member(event: str = "", **fields: object) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    said = told(xml(event, **{"FromUserName": "zhangsan", "AgentID": 1000002, **fields}), "ww1")
    return [(each["event"], each["ids"], each["properties"]) for each in said]


ZHANG = {"wecom:ww1": "zhangsan"}


def test_an_apps_messages_and_menus_are_told_as_everywhere() -> None:
    said = {"kind": "text", "text": "hi", "agent_id": "1000002"}
    assert of_member(MsgType="text", Content="hi", MsgId=7) == [("$message", ZHANG, said)]
    assert of_member("click", EventKey="k") == [("$menu_click", ZHANG, {"kind": "click", "key": "k", "agent_id": "1000002"})]
    assert of_member("subscribe") == [("$follow", ZHANG, {"agent_id": "1000002"})]
    assert of_member("unsubscribe") == [("$unfollow", ZHANG, {"agent_id": "1000002"})]
    place = {"latitude": 23.1, "longitude": 113, "agent_id": "1000002"}
    assert of_member("LOCATION", Latitude="23.1", Longitude="113") == [("$location", ZHANG, place)]


def test_what_is_not_known_is_kept_whole() -> None:
    assert of_member("enter_agent", EventKey="") == [("wecom_enter_agent", ZHANG, {"EventKey": "", "AgentID": "1000002"})]
    member = {"FromUserName": "sys", "AgentID": None, "UserID": "lisi", "ChangeType": "create_user"}
    assert of_member("change_contact", **member) == [
        ("wecom_create_user", {"wecom:ww1": "lisi"}, {"UserID": "lisi", "ChangeType": "create_user"})
    ]
    other = {"FromUserName": "sys", "AgentID": None, "ChangeType": "balance_low"}
    found = of_member("customer_acquisition", **other)
    assert found == [("wecom_customer_acquisition_balance_low", {"wecom_account": "ww1"}, {"ChangeType": "balance_low"})]
