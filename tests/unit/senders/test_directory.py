from __future__ import annotations

from schemas.definitions.bundle import bundle_to_json
from schemas.definitions.model import Bundle, Sender
from stream.senders.directory import DefinedSender, History

SHOP = Sender("shop", "https://shop.example/", "SHOP_SECRET")
CRM = Sender("crm", "https://crm.example/", "CRM_SECRET")


def bundle(version: int, *senders: Sender) -> bytes:
    return bundle_to_json(Bundle(version=version, senders=senders))


def test_the_newest_definitions_count_and_a_sender_s_age_is_that_of_the_first_that_held_it() -> None:
    history = History()
    history.add(bundle(1, SHOP), 100)
    changed = Sender("shop", "https://other.example/", "SHOP_SECRET")
    history.add(bundle(2, changed, CRM), 200)

    assert history.directory == {"shop": DefinedSender(changed, 100), "crm": DefinedSender(CRM, 200)}


def test_a_sender_that_was_left_out_is_new_when_it_comes_back() -> None:
    history = History()
    for version, senders in ((1, [SHOP]), (2, []), (3, [SHOP])):
        history.add(bundle(version, *senders), version * 100)

    assert history.directory == {"shop": DefinedSender(SHOP, 300)}


def test_an_older_version_and_what_cannot_be_read_change_nothing() -> None:
    history = History()
    history.add(bundle(5, SHOP), 100)
    for value in (bundle(4, CRM), bundle(5, CRM), b"", b"nonsense", b'{"format":99}'):
        history.add(value, 200)

    assert history.directory == {"shop": DefinedSender(SHOP, 100)}
