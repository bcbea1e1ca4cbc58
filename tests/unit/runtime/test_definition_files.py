from __future__ import annotations

from pathlib import Path

import pytest

from schemas.definitions.parse import MAXIMUM_FILE_BYTES
from schemas.errors import DefinitionFaults, Misconfigured
from stream.runtime import definition_files
from stream.runtime.definition_files import load_folder, read_folder

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_files_of_a_folder_are_read_by_their_ends(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "readme.md", ".hidden.yaml"):
        (tmp_path / name).write_text("# ü", "utf-8")
    (tmp_path / "folder.yaml").mkdir()
    assert read_folder(tmp_path) == {str(tmp_path / name): "# ü" for name in ("a.yaml", "b.yml", "c.json")}


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbftags: []")
    assert list(read_folder(tmp_path).values()) == ["tags: []"]


def test_a_missing_or_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="found no folder that can be read at"):
        read_folder(tmp_path / "missing")
    with pytest.raises(Misconfigured, match=r"found no file in .*, expected files that end in \.yaml, \.yml, \.json"):
        read_folder(tmp_path)


def test_too_many_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definition_files, "MAXIMUM_FILES", 1)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).touch()
    with pytest.raises(Misconfigured, match="found 2 files"):
        read_folder(tmp_path)


def test_a_file_that_is_too_large_or_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"tags: []\n# \xff")
    with pytest.raises(Misconfigured, match=r"a\.yaml:2: found bytes that are not UTF-8"):
        read_folder(tmp_path)
    file.write_bytes(b"#" * (MAXIMUM_FILE_BYTES + 1))
    with pytest.raises(Misconfigured, match=r"a\.yaml: found more than"):
        read_folder(tmp_path)


def test_a_file_that_goes_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="found a file that cannot be read"):
        definition_files._read(tmp_path / "gone.yaml")


def test_a_fault_leads_to_the_file_as_the_folder_was_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\ntag: []", "utf-8")
    with pytest.raises(DefinitionFaults) as refused:
        load_folder(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}/a.yaml:2: tag: found 'tag'")


@pytest.mark.parametrize("name", ["shop", "demo"])
def test_the_examples_load(name: str) -> None:
    assert load_folder(EXAMPLES / name).segments
