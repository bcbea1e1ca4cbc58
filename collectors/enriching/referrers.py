"""Sites that people come from, by host."""

from __future__ import annotations

import re
from typing import Final

_FAMILIES: Final = re.compile(
    r"(?:(?:[a-z]{2}\.)?(?:www|m|search|images)\.)?(google|yahoo|yandex|bing|qwant)\.(?:[a-z]{2,3}|com?\.[a-z]{2})"
)
_FRONT: Final = re.compile(r"(?:www|m|wap|search)\.")
_FAMILY_NAMES: Final = {"google": "Google", "yahoo": "Yahoo", "yandex": "Yandex", "bing": "Bing", "qwant": "Qwant"}
_KINDS: Final[dict[str, str]] = {
    "search": """
        baidu.com Baidu | sogou.com Sogou | so.com 360 | haosou.com 360 | sm.cn Shenma | so.toutiao.com Toutiao | chinaso.com ChinaSo
        quark.cn Quark | duckduckgo.com DuckDuckGo | ecosia.org Ecosia | startpage.com Startpage | brave.com Brave
        naver.com Naver | daum.net Daum | seznam.cz Seznam | aol.com AOL | ask.com Ask | kagi.com Kagi
        petalsearch.com Petal | com.google.android.googlequicksearchbox Google | ya.ru Yandex | mojeek.com Mojeek
    """,
    "social": """
        facebook.com Facebook | fb.com Facebook | instagram.com Instagram | threads.net Threads | threads.com Threads
        twitter.com X | x.com X | t.co X | linkedin.com LinkedIn | lnkd.in LinkedIn | pinterest.com Pinterest | reddit.com Reddit
        youtube.com YouTube | youtu.be YouTube | tiktok.com TikTok | snapchat.com Snapchat | tumblr.com Tumblr | quora.com Quora
        discord.com Discord | t.me Telegram | telegram.org Telegram | whatsapp.com WhatsApp | wa.me WhatsApp | line.me LINE
        vk.com VK | ok.ru Odnoklassniki | bsky.app Bluesky | mastodon.social Mastodon | news.ycombinator.com HackerNews
        weibo.com Weibo | weibo.cn Weibo | t.cn Weibo | weixin.qq.com WeChat | mp.weixin.qq.com WeChat | servicewechat.com WeChat
        qzone.qq.com Qzone | tieba.baidu.com Tieba | zhihu.com Zhihu | douban.com Douban | xiaohongshu.com Xiaohongshu
        xhslink.com Xiaohongshu | douyin.com Douyin | kuaishou.com Kuaishou | bilibili.com Bilibili | b23.tv Bilibili
        toutiao.com Toutiao | kakao.com Kakao
    """,
    "mail": """
        mail.google.com Gmail | com.google.android.gm Gmail | outlook.live.com Outlook | outlook.office.com Outlook
        mail.yahoo.com Yahoo | mail.qq.com QQ | exmail.qq.com QQ | mail.163.com NetEase | mail.126.com NetEase | mail.aliyun.com Aliyun
        mail.proton.me Proton
    """,
    "assistant": """
        chatgpt.com ChatGPT | chat.openai.com ChatGPT | perplexity.ai Perplexity | gemini.google.com Gemini | claude.ai Claude
        copilot.microsoft.com Copilot | doubao.com Doubao | kimi.com Kimi | kimi.moonshot.cn Kimi | chat.deepseek.com DeepSeek
        yuanbao.tencent.com Yuanbao | tongyi.com Tongyi
    """,
}


def _table() -> dict[str, tuple[str, str]]:
    lines = ((kind, entry.split()) for kind, text in _KINDS.items() for line in text.splitlines() for entry in line.split("|"))
    return {words[0]: (kind, words[1]) for kind, words in lines if words}


_SITES: Final = _table()


def known_site(host: str) -> tuple[str, str] | None:
    """``search``, ``social``, ``mail`` or ``assistant``, and the name, of a host in small letters or of the site it belongs to."""
    found = _SITES.get(_FRONT.sub("", host, count=1) if _FRONT.match(host) else host)
    if found is not None and found[0] == "search":
        return found
    rest = host
    while rest:
        found = _SITES.get(rest)
        # Other hosts of a search engine are no searches: its mail, its maps, its forums.
        if found is not None and found[0] != "search":
            return found
        _, _, rest = rest.partition(".")
    family = _FAMILIES.fullmatch(host)
    return ("search", _FAMILY_NAMES[family[1]]) if family else None
