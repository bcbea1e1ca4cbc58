"""Each message of official accounts and mini-programs that is known by name, and those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collectors.wechat.asking import SENT_MS, told
from tests.unit.collectors.wechat.vendor import xml

TICKET = "gQH47joAAAAAAAAAASxodHRw"


def of(message: str | dict[str, Any], account: str = "wx123") -> list[tuple[str, dict[str, Any]]]:
    return [(event["event"], event["properties"]) for event in told(message, account)]


def test_an_event_says_who_when_by_which_source_and_what_the_vendor_calls_it() -> None:
    (event,) = told(xml("subscribe"))
    assert event["type"] == "track"
    assert event["ids"] == {"wx_openid:wx123": "oP"}
    assert event["timestamp"] == SENT_MS
    assert (event["source"], event["protocol"]) == ("brand", "wechat")
    assert event["context"] == {"vendorEvent": "subscribe", "wechat": {"account": "wx123"}}


def test_a_union_id_goes_first_since_it_names_the_person_in_all_apps() -> None:
    (event,) = told(xml("subscribe", UnionId="oU"))
    assert list(event["ids"].items()) == [("wx_unionid", "oU"), ("wx_openid:wx123", "oP")]


MESSAGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"MsgType": "text", "Content": " 你好 <b>&", "MsgId": 23}, {"kind": "text", "text": " 你好 <b>&"}),
    ({"MsgType": "image", "PicUrl": "http://p", "MediaId": "m"}, {"kind": "image", "picture_url": "http://p", "media_id": "m"}),
    (
        {"MsgType": "voice", "MediaId": "m", "Format": "amr", "Recognition": "hello"},
        {"kind": "voice", "media_id": "m", "format": "amr", "text": "hello"},
    ),
    ({"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t"}, {"kind": "video", "media_id": "m", "thumbnail_media_id": "t"}),
    ({"MsgType": "shortvideo", "MediaId": "m", "ThumbMediaId": "t"}, {"kind": "shortvideo", "media_id": "m", "thumbnail_media_id": "t"}),
    (
        {"MsgType": "location", "Location_X": "23.134521", "Location_Y": "113.358803", "Scale": "20", "Label": "here"},
        {"kind": "location", "latitude": 23.134521, "longitude": 113.358803, "scale": 20, "label": "here"},
    ),
    (
        {"MsgType": "link", "Title": "t", "Description": "d", "Url": "http://u"},
        {"kind": "link", "title": "t", "description": "d", "url": "http://u"},
    ),
]


@pytest.mark.parametrize(("said", "properties"), MESSAGES, ids=[said["MsgType"] for said, _ in MESSAGES])
def test_what_a_person_sends_is_a_message_of_a_kind(said: dict[str, Any], properties: dict[str, Any]) -> None:
    assert of(xml(**said)) == [("$message", properties)]


EVENTS = [
    (xml("subscribe", EventKey=""), "$follow", {}),
    (xml("subscribe", EventKey="last_trade_no_400375"), "$follow", {"key": "last_trade_no_400375"}),
    (xml("unsubscribe", EventKey=""), "$unfollow", {}),
    (xml("SCAN", EventKey="shop-7", Ticket=TICKET), "$scan", {"scene": "shop-7", "ticket": TICKET, "new_follower": False}),
    (
        xml("LOCATION", Latitude="23.137466", Longitude="113.352425", Precision="119.385040"),
        "$location",
        {"latitude": 23.137466, "longitude": 113.352425, "precision": 119.38504},
    ),
    (xml("CLICK", EventKey="sale"), "$menu_click", {"kind": "click", "key": "sale"}),
    (xml("VIEW", EventKey="https://s", MenuId="4"), "$menu_click", {"kind": "view", "url": "https://s", "menu_id": "4"}),
    (
        xml("view_miniprogram", EventKey="pages/index", MenuId="4"),
        "$menu_click",
        {"kind": "view_miniprogram", "page_path": "pages/index", "menu_id": "4"},
    ),
    (
        xml("scancode_push", EventKey="6", ScanCodeInfo={"ScanType": "qrcode", "ScanResult": "1"}),
        "$menu_click",
        {"kind": "scancode_push", "key": "6", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}},
    ),
    (
        xml("pic_weixin", EventKey="6", SendPicsInfo={"Count": 2, "PicList": {"item": [{"PicMd5Sum": "a"}, {"PicMd5Sum": "b"}]}}),
        "$menu_click",
        {
            "kind": "pic_weixin",
            "key": "6",
            "SendPicsInfo": {"Count": "2", "PicList": {"item": [{"PicMd5Sum": "a"}, {"PicMd5Sum": "b"}]}},
        },
    ),
    (
        xml("TEMPLATESENDJOBFINISH", MsgID=200163836, Status="success"),
        "wechat_template_result",
        {"message_id": "200163836", "status": "delivered"},
    ),
    (
        xml("TEMPLATESENDJOBFINISH", MsgID=1, Status="failed:user block"),
        "wechat_template_result",
        {"message_id": "1", "status": "blocked"},
    ),
    (
        xml("TEMPLATESENDJOBFINISH", MsgID=1, Status="failed: system failed"),
        "wechat_template_result",
        {"message_id": "1", "status": "failed"},
    ),
    (xml("TEMPLATESENDJOBFINISH", MsgID=1, Status="odd"), "wechat_template_result", {"message_id": "1", "status": "odd"}),
    (
        xml("MASSSENDJOBFINISH", MsgID=1000001625, Status="send success", TotalCount=100, FilterCount=80, SentCount=75, ErrorCount=5),
        "wechat_group_send_result",
        {"message_id": "1000001625", "status": "send success", "total": 100, "filtered": 80, "sent": 75, "errors": 5},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "name", "properties"), EVENTS)
def test_an_event_is_named_by_the_shared_vocabulary(message: str, name: str, properties: dict[str, Any]) -> None:
    assert of(message) == [(name, properties)]


def test_who_follows_by_a_code_has_scanned_it_too() -> None:
    follow, scan = told(xml("subscribe", EventKey="qrscene_shop_7", Ticket=TICKET))
    assert (follow["event"], follow["properties"]) == ("$follow", {"scene": "shop_7", "ticket": TICKET})
    assert (scan["event"], scan["properties"]) == ("$scan", {"scene": "shop_7", "ticket": TICKET, "new_follower": True})
    assert follow["id"] != scan["id"]


CHOICES = [
    {"TemplateId": "tA", "SubscribeStatusString": "accept", "PopupScene": "2"},
    {"TemplateId": "tB", "SubscribeStatusString": "reject"},
]
CHOSEN = [
    ("wechat_subscription_choice", {"template_id": "tA", "choice": "accept", "scene": "2"}),
    ("wechat_subscription_choice", {"template_id": "tB", "choice": "reject"}),
]
POPUP = {"ToUserName": "gh_1", "FromUserName": "oP", "CreateTime": 1_763_999_999, "MsgType": "event", "Event": "subscribe_msg_popup_event"}


@pytest.mark.parametrize(
    "message",
    [
        xml("subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": CHOICES}),
        xml("subscribe_msg_change_event", SubscribeMsgChangeEvent={"List": CHOICES}),
        {**POPUP, "List": CHOICES},
        {**POPUP, "SubscribeMsgPopupEvent": CHOICES},
    ],
    ids=["xml", "change", "json", "json, one level less"],
)
def test_each_template_that_is_chosen_or_refused_is_told_by_itself(message: str | dict[str, Any]) -> None:
    assert of(message) == CHOSEN
    assert len({event["id"] for event in told(message)}) == 2


def test_one_choice_need_not_be_a_list() -> None:
    assert of({**POPUP, "List": CHOICES[0]}) == CHOSEN[:1]
    assert of({**POPUP, "List": "odd"}) == [("wechat_subscribe_msg_popup_event", {"List": "odd"})]


def test_the_result_of_a_subscription_message_has_its_template() -> None:
    sent = {"TemplateId": "tA", "MsgID": "1700827132819554304", "ErrorCode": "0", "ErrorStatus": "success"}
    expected = {"template_id": "tA", "message_id": "1700827132819554304", "code": "0", "status": "success"}
    assert of(xml("subscribe_msg_sent_event", SubscribeMsgSentEvent={"List": sent})) == [("wechat_subscription_result", expected)]


def test_an_event_that_nobody_knows_is_kept_whole_as_the_vendor_wrote_it() -> None:
    message = xml("user_authorize_invite", OrderId="1202933957956", Empty="", Deep={"Er": [1, 2]})
    expected = {"OrderId": "1202933957956", "Empty": "", "Deep": {"Er": ["1", "2"]}}
    assert of(message) == [("wechat_user_authorize_invite", expected)]


def test_what_nobody_said_is_told_of_the_account() -> None:
    (event,) = told(xml("card_sku_remind", FromUserName=None))
    assert event["ids"] == {"wx_account": "wx123"}


CUSTOMER = {"ToUserName": "gh_2", "FromUserName": "oM", "CreateTime": 1_763_999_999}
MINI: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"MsgType": "text", "Content": "hi", "MsgId": 1234567890123456}, "$message", {"kind": "text", "text": "hi"}),
    ({"MsgType": "image", "PicUrl": "p", "MediaId": "m"}, "$message", {"kind": "image", "picture_url": "p", "media_id": "m"}),
    (
        {"MsgType": "miniprogrampage", "Title": "t", "AppId": "wx9", "PagePath": "p", "ThumbUrl": "u", "ThumbMediaId": "m"},
        "$message",
        {"kind": "miniprogrampage", "title": "t", "app_id": "wx9", "page_path": "p", "thumbnail_url": "u", "thumbnail_media_id": "m"},
    ),
    (
        {"MsgType": "event", "Event": "user_enter_tempsession", "SessionFrom": "order"},
        "wechat_user_enter_tempsession",
        {"SessionFrom": "order"},
    ),
]


@pytest.mark.parametrize(("said", "name", "properties"), MINI, ids=[said["MsgType"] for said, _, _ in MINI])
def test_a_mini_program_says_the_same_in_json_and_in_xml(said: dict[str, Any], name: str, properties: dict[str, Any]) -> None:
    by_json = told({**CUSTOMER, **said}, "wx456")
    by_xml = told(xml(**{**CUSTOMER, **said}), "wx456")
    for (event,) in (by_json, by_xml):
        assert (event["event"], event["properties"], event["ids"]) == (name, properties, {"wx_openid:wx456": "oM"})
        assert event["source"] == "shop"
