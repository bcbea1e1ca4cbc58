"""What official accounts and mini-programs say, in the shared vocabulary.

| the vendor's | here |
|---|---|
| a message of a person | `$message` with `kind` |
| `subscribe`, `unsubscribe` | `$follow`, `$unfollow`; a code that led to it is a `$scan` too |
| `SCAN`, `LOCATION` | `$scan`, `$location` |
| what a menu can do | `$menu_click` with `kind` |
| results of template messages, of messages to groups, choices and results of subscriptions | `wechat_…_result`, `wechat_…_choice` |
| anything else | `wechat_<event>`, whole |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from collectors.wechat.telling import Told, named, objects_in, text_of, whole

Fields = Mapping[str, Any]
Ids = dict[str, str]
_SCENE: Final = "qrscene_"
_MESSAGE: Final = {
    "Content": "text",
    "PicUrl": "picture_url",
    "MediaId": "media_id",
    "Format": "format",
    "Recognition": "text",
    "ThumbMediaId": "thumbnail_media_id",
    "Location_X": "latitude",
    "Location_Y": "longitude",
    "Scale": "scale",
    "Label": "label",
    "Title": "title",
    "Description": "description",
    "Url": "url",
    "AppId": "app_id",
    "PagePath": "page_path",
    "ThumbUrl": "thumbnail_url",
    "bizmsgmenuid": "menu_id",
    "AgentID": "agent_id",
}
_KEY: Final = {"EventKey": "key"}
_MENU: Final = {
    "view": {"EventKey": "url", "MenuId": "menu_id"},
    "view_miniprogram": {"EventKey": "page_path", "MenuId": "menu_id"},
    "click": _KEY,
    "scancode_push": _KEY,
    "scancode_waitmsg": _KEY,
    "pic_sysphoto": _KEY,
    "pic_photo_or_album": _KEY,
    "pic_weixin": _KEY,
    "location_select": _KEY,
}
_LOCATION: Final = {"Latitude": "latitude", "Longitude": "longitude", "Precision": "precision", "AgentID": "agent_id"}
_AGENT: Final = {"AgentID": "agent_id"}
_STATUS: Final = {"success": "delivered", "failed:user block": "blocked", "failed:system failed": "failed"}
_GROUP_SEND: Final = {
    "MsgID": "message_id",
    "Status": "status",
    "TotalCount": "total",
    "FilterCount": "filtered",
    "SentCount": "sent",
    "ErrorCount": "errors",
}
_CHOICE: Final = {"TemplateId": "template_id", "SubscribeStatusString": "choice", "PopupScene": "scene"}
_SENT: Final = {"TemplateId": "template_id", "MsgID": "message_id", "ErrorCode": "code", "ErrorStatus": "status"}


def told_by_app(fields: Fields, app_id: str) -> list[Told]:
    """What one message of an official account or a mini-program tells."""
    return tell(fields, _people(fields, app_id), "wechat")


def _people(fields: Fields, app_id: str) -> dict[str, str]:
    """The union id goes first: under it the person is known in all apps, and found without a detour."""
    ids = {}
    if union := text_of(fields, "UnionId", "UnionID", "unionid"):
        ids["wx_unionid"] = union
    if person := text_of(fields, "FromUserName"):
        ids[f"wx_openid:{app_id}"] = person
    return ids or {"wx_account": app_id}


def tell(fields: Fields, ids: dict[str, str], prefix: str) -> list[Told]:
    """What a message tells of the one who is named by ``ids``; ``prefix`` begins the names of events outside the shared vocabulary."""
    kind = text_of(fields, "MsgType")
    if kind != "event":
        return [Told("$message", ids, {"kind": kind, **named(fields, _MESSAGE)})]
    event = text_of(fields, "Event").lower()
    if event in _MENU:
        return [Told("$menu_click", ids, {"kind": event, **named(fields, {**_MENU[event], **_AGENT})})]
    teller = _TELLERS.get(event)
    return [Told(f"{prefix}_{event}", ids, whole(fields))] if teller is None else teller(fields, ids, prefix)


def _follow(fields: Fields, ids: Ids, _: str) -> list[Told]:
    key = text_of(fields, "EventKey")
    properties = named({name: value for name, value in fields.items() if name != "EventKey"}, {"Ticket": "ticket", **_AGENT})
    if not key.startswith(_SCENE):
        return [Told("$follow", ids, {**properties, "key": key} if key else properties)]
    properties["scene"] = key.removeprefix(_SCENE)
    # A code that makes a follower was scanned as much as one that finds one: who counts its scans need not know the difference.
    return [Told("$follow", ids, properties), Told("$scan", ids, {**properties, "new_follower": True}, "scan")]


def _unfollow(fields: Fields, ids: Ids, _: str) -> list[Told]:
    return [Told("$unfollow", ids, named(fields, _AGENT))]


def _scan(fields: Fields, ids: Ids, _: str) -> list[Told]:
    return [Told("$scan", ids, {**named(fields, {"EventKey": "scene", "Ticket": "ticket"}), "new_follower": False})]


def _location(fields: Fields, ids: Ids, _: str) -> list[Told]:
    return [Told("$location", ids, named(fields, _LOCATION))]


def _template_result(fields: Fields, ids: Ids, prefix: str) -> list[Told]:
    properties = named(fields, {"MsgID": "message_id", "Status": "status"})
    said = str(properties.get("status")).replace(": ", ":")
    return [Told(f"{prefix}_template_result", ids, {**properties, "status": _STATUS.get(said, said)})]


def _group_send_result(fields: Fields, ids: Ids, prefix: str) -> list[Told]:
    return [Told(f"{prefix}_group_send_result", ids, named(fields, _GROUP_SEND))]


def _subscriptions(place: str, name: str, names: Mapping[str, str], fields: Fields, ids: Ids, prefix: str) -> list[Told]:
    """One for each template that was chosen or sent."""
    inner = fields.get(place, fields)
    items = objects_in(inner.get("List") if isinstance(inner, Mapping) else inner)
    if not items:
        return [Told(f"{prefix}_{text_of(fields, 'Event').lower()}", ids, whole(fields))]
    return [Told(f"{prefix}_{name}", ids, named(item, names), str(index)) for index, item in enumerate(items)]


_TELLERS: Final[dict[str, Callable[[Fields, Ids, str], list[Told]]]] = {
    "subscribe": _follow,
    "unsubscribe": _unfollow,
    "scan": _scan,
    "location": _location,
    "templatesendjobfinish": _template_result,
    "masssendjobfinish": _group_send_result,
    "subscribe_msg_popup_event": partial(_subscriptions, "SubscribeMsgPopupEvent", "subscription_choice", _CHOICE),
    "subscribe_msg_change_event": partial(_subscriptions, "SubscribeMsgChangeEvent", "subscription_choice", _CHOICE),
    "subscribe_msg_sent_event": partial(_subscriptions, "SubscribeMsgSentEvent", "subscription_result", _SENT),
}
EVENTS_KNOWN: Final = frozenset({*_MENU, *_TELLERS})
"""The vendor's events that have a name of their own here, in small letters."""
