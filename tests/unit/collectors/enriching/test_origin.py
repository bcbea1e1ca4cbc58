# ruff: noqa: E501 - a table is read by its rows
from __future__ import annotations

import pytest

from collectors.enriching.origin import campaign_of, origin_of, referrer_of

HERE = "https://www.shop.example/p/12"


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        ("utm_source=mail&utm_medium=email&utm_campaign=spring%20sale&utm_term=a+b&utm_content=x&utm_id=7",
         {"source": "mail", "medium": "email", "name": "spring sale", "term": "a b", "content": "x", "id": "7"}),
        ("gclid=abc-1", {"gclid": "abc-1"}),
        ("a=1&bd_vid=99&utm_source=baidu", {"bd_vid": "99", "source": "baidu"}),
        ("utm_source=a&utm_source=b", {"source": "a"}),
        ("utm_source=&utm_sources=x&xutm_source=y&UTM_SOURCE=z", None),
        ("utm_source=%e6%98%a5", {"source": "春"}),
        ("", None),
    ],
)  # fmt: skip
def test_the_address_names_the_campaign(query: str, campaign: dict[str, str] | None) -> None:
    assert campaign_of(f"{HERE}?{query}") == campaign
    assert campaign_of(f"{HERE}#/sale?{query}#end") == campaign


@pytest.mark.parametrize(
    ("referrer", "found"),
    [
        ("https://www.google.com/", {"type": "search", "name": "Google", "host": "google.com"}),
        ("https://www.google.co.uk/search?q=shoes", {"type": "search", "name": "Google", "host": "google.co.uk"}),
        ("android-app://com.google.android.googlequicksearchbox/", {"type": "search", "name": "Google", "host": "com.google.android.googlequicksearchbox"}),
        ("https://m.baidu.com/s?word=x", {"type": "search", "name": "Baidu", "host": "m.baidu.com"}),
        ("https://www.so.com/s", {"type": "search", "name": "360", "host": "so.com"}),
        ("https://uk.search.yahoo.com/", {"type": "search", "name": "Yahoo", "host": "uk.search.yahoo.com"}),
        ("https://tieba.baidu.com/p/1", {"type": "social", "name": "Tieba", "host": "tieba.baidu.com"}),
        ("https://l.facebook.com/l.php", {"type": "social", "name": "Facebook", "host": "l.facebook.com"}),
        ("https://t.co/abc", {"type": "social", "name": "X", "host": "t.co"}),
        ("https://mp.weixin.qq.com/s/1", {"type": "social", "name": "WeChat", "host": "mp.weixin.qq.com"}),
        ("https://mail.google.com/", {"type": "mail", "name": "Gmail", "host": "mail.google.com"}),
        ("https://chatgpt.com/", {"type": "assistant", "name": "ChatGPT", "host": "chatgpt.com"}),
        ("https://docs.google.com/x", {"type": "link", "host": "docs.google.com"}),
        ("https://pan.baidu.com/x", {"type": "link", "host": "pan.baidu.com"}),
        ("https://google.com.evil.example/", {"type": "link", "host": "google.com.evil.example"}),
        ("https://notfacebook.com/", {"type": "link", "host": "notfacebook.com"}),
        ("HTTPS://Blog.Example:8443/a", {"type": "link", "host": "blog.example"}),
        ("https://user:pass@blog.example/", {"type": "link", "host": "blog.example"}),
        ("https://shop.example/other", {"type": "internal", "host": "shop.example"}),
        ("https://m.shop.example/", {"type": "internal", "host": "m.shop.example"}),
        ("", None),
        ("nonsense", None),
        ("/path", None),
        ("https://", None),
    ],
)  # fmt: skip
def test_the_referrers_host_says_what_kind_of_site_it_is(referrer: str, found: dict[str, str] | None) -> None:
    assert referrer_of(referrer, HERE) == found


def test_both_are_found_at_once() -> None:
    assert origin_of(f"{HERE}?utm_source=a", "https://bing.com/") == (
        {"source": "a"},
        {"type": "search", "name": "Bing", "host": "bing.com"},
    )
    assert origin_of("", "") == (None, None)
