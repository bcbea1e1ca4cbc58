"""`ebbtide link` makes what the collector takes, and a picture that a phone reads."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import zxingcpp
from click.testing import CliRunner

from stream.cli.app import app
from tests.unit.collectors.links.asking import SECRET, get

BASE = "https://go.shop.example/"
TARGET = "https://shop.example/sale?poster=7"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINK_SECRET", SECRET)
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    text = """
sources:
  - {id: posters, kind: links, link_secret_env: LINK_SECRET, targets: ["https://shop.example"]}
  - {id: web, kind: web}
"""
    (definitions / "a.yaml").write_text(text, encoding="utf-8")
    return definitions


def link(folder: Path, *arguments: str, code: int = 0) -> str:
    told = CliRunner().invoke(app, ["link", *arguments, "--base", BASE, "--definitions", str(folder)])
    assert told.exit_code == code, told.output
    return told.output.strip()


def followed(url: str) -> str:
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}/" == BASE
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_a_link_leads_where_it_was_made_to_lead(folder: Path) -> None:
    heard = get(followed(link(folder, "posters", TARGET, "--user", "u1", "--event", "poster", "--property", "hall=b=2")))
    assert heard.location == TARGET
    (event,) = heard.events
    assert (event["userId"], event["event"], event["properties"]) == ("u1", "poster", {"hall": "b=2", "url": TARGET})


def test_without_an_address_it_is_a_pixel(folder: Path) -> None:
    (event,) = get(followed(link(folder, "posters", "--user", "u1", "--property", "mail=spring sale"))).events
    assert (event["userId"], event["event"], event["properties"]) == ("u1", "opened", {"mail": "spring sale"})


def pixels(file: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """A PNG of one bit a pixel, whose rows stand as they are or as differences to the row above, as brightness."""
    chunks, at, png = {}, 8, file.read_bytes()
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += length + 12
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    whole = np.zeros_like(rows[:, 1:])
    for number, (kind, *row) in enumerate(rows):
        assert kind in {0, 2}
        whole[number] = row if kind == 0 else np.add(whole[number - 1], row, dtype=np.uint8)
    return np.unpackbits(whole, axis=1)[:, :width] * np.uint8(255)


def test_a_qr_picture_is_read_back_as_the_link(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "poster.png"
    said = json.loads(link(folder, "posters", TARGET, "--user", "u1", "--qr", str(file), "--json"))
    assert said["qr"] == str(file)
    (read,) = zxingcpp.read_barcodes(pixels(file))
    assert read.text == said["url"]
    assert get(followed(read.text)).location == TARGET


def test_a_qr_picture_may_be_svg(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "poster.svg"
    link(folder, "posters", TARGET, "--qr", str(file))
    assert re.match(r"<\?xml.*<svg ", file.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["posters", "https://evil.example/"], 1, "is on no origin of posters's targets (https://shop.example)"),
        (["posters", "https://shop.example/ü"], 1, "in ASCII"),
        (["web", TARGET], 1, "web is no source with link_secret_env; these are: posters"),
        (["posters", TARGET, "--property", "hall"], 2, "is not NAME=TEXT"),
        (["posters", TARGET, "--qr", "poster.gif"], 2, "a QR picture is .svg or .png"),
    ],
)
def test_what_cannot_be_made_says_why(folder: Path, arguments: list[str], code: int, told: str) -> None:
    assert told in link(folder, *arguments, code=code)


def test_without_the_secret_nothing_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINK_SECRET")
    assert "neither LINK_SECRET nor LINK_SECRET_FILE is set" in link(folder, "posters", TARGET, code=2)
