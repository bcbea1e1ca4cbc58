"""What WeCom says: messages and menus of its apps as everywhere, and what happens between staff and customers, their tags and groups.

| the vendor's | here |
|---|---|
| `change_external_contact`: `add_external_contact`, `del_follow_user` | `$follow` with `state`, `$unfollow`, of the customer |
| `change_external_contact` and `change_contact`: any other | `wecom_<ChangeType>`, of the customer or the member |
| `change_external_chat` | `wecom_chat_<ChangeType>` of the group; who joined or left, `wecom_chat_join` and `wecom_chat_leave` of each |
| `change_external_tag` | `wecom_tag_<ChangeType>` |
| anything else | `wecom_<event>`, or `wecom_<event>_<ChangeType>`, whole |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from collectors.wechat.app_messages import tell
from collectors.wechat.telling import Told, named, text_of, texts_in, whole

_SYSTEM: Final = "sys"
_NAMED_BY_CHANGE: Final = frozenset({"change_external_contact", "change_contact"})
_CONTACT: Final = {
    "UserID": "user_id",
    "State": "state",
    "WelcomeCode": "welcome_code",
    "Source": "source",
    "FailReason": "fail_reason",
    "ExternalUserID": "external_user_id",
    "ChangeType": "change",
}
_CHAT: Final = {
    "ChatId": "chat_id",
    "ChangeType": "change",
    "UpdateDetail": "detail",
    "JoinScene": "join_scene",
    "QuitScene": "quit_scene",
    "MemChangeCnt": "member_count_change",
}
_TAG: Final = {"Id": "tag_id", "TagType": "tag_kind", "StrategyId": "strategy_id", "ChangeType": "change"}
_FOLLOWS: Final = {"add_external_contact": "$follow", "del_follow_user": "$unfollow"}
_MEMBERS: Final = {"add_member": "wecom_chat_join", "del_member": "wecom_chat_leave"}


def told_by_work(fields: Mapping[str, Any], corp_id: str) -> list[Told]:
    """What one message of WeCom tells."""
    event = text_of(fields, "Event")
    change = text_of(fields, "ChangeType")
    ids = _person(fields, corp_id)
    if event == "change_external_contact" and change:
        return [Told(_FOLLOWS.get(change, f"wecom_{change}"), ids, named(fields, _CONTACT))]
    if event == "change_external_chat" and change:
        return _chat(fields, corp_id, change)
    if event == "change_external_tag" and change:
        return [Told(f"wecom_tag_{change}", ids, named(fields, _TAG))]
    if change:
        return [Told(f"wecom_{change}" if event in _NAMED_BY_CHANGE else f"wecom_{event}_{change}", ids, whole(fields))]
    return tell(fields, ids, "wecom")


def _person(fields: Mapping[str, Any], corp_id: str) -> dict[str, str]:
    """A customer, else a member; of what is about neither, the corp itself."""
    sender = text_of(fields, "FromUserName")
    who = text_of(fields, "ExternalUserID", "ExternalUserId") or (sender if sender != _SYSTEM else text_of(fields, "UserID"))
    return {f"wecom:{corp_id}": who} if who else {"wecom_account": corp_id}


def _chat(fields: Mapping[str, Any], corp_id: str, change: str) -> list[Told]:
    chat_id = text_of(fields, "ChatId")
    members = texts_in(fields.get("MemChangeList"))
    properties = named(fields, _CHAT)
    group = Told(f"wecom_chat_{change}", {"wecom_chat": f"{corp_id}.{chat_id}"} if chat_id else {"wecom_account": corp_id}, properties)
    name = _MEMBERS.get(text_of(fields, "UpdateDetail"))
    if name is None:
        return [group]
    own = {key: value for key, value in properties.items() if key in {"chat_id", "join_scene", "quit_scene"}}
    return [group, *(Told(name, {f"wecom:{corp_id}": member}, own, member) for member in members)]
