"""Files of ids: what is taken, and what each line that cannot be taken is told."""

from __future__ import annotations

from io import BytesIO

import pytest

from stream.lists.reading import Fault, Format, UnreadableFile, read_ids


def read(content: bytes, *, is_csv: bool = False, column: str | None = None, namespace: str = "user") -> list[str | Fault]:
    return list(read_ids(BytesIO(content), Format(is_csv, column, namespace)))


def test_one_id_a_line_with_or_without_a_namespace() -> None:
    assert read(b"42\nuser:43\r\n\n  anon:x \nwx:app:o1") == ["user:42", "user:43", "anon:x", "wx:app:o1"]
    assert read("\ufeff42\nü".encode(), namespace="crm") == ["crm:42", "crm:ü"]
    assert read(b"") == []


def test_csv_by_the_columns_id_or_person_or_the_named_one() -> None:
    assert read(b"name,id\nAnn,1\n\nBob,2\n", is_csv=True) == ["user:1", "user:2"]
    assert read(b"person\nuser:u1\n", is_csv=True) == ["user:u1"]
    assert read(b'note,member\n"two\nlines, and a comma",7\nx,8\n', is_csv=True, column="member") == ["user:7", "user:8"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"user:", "found 'user:', expected an id on both sides of the colon, as in user:42"),
        (b":42", "found ':42', expected an id on both sides of the colon, as in user:42"),
        (b"a\tb", "found 'a\\tb', expected an id without control characters"),
        (b"x" * 513, "found 513 characters, expected an id of at most 512"),
        (b"\xff", "found bytes that are not UTF-8, expected text in UTF-8"),
    ],
)
def test_a_line_that_names_nobody_is_told_with_its_number_and_the_rest_is_read(line: bytes, told: str) -> None:
    assert read(b"1\n" + line + b"\n3\n") == ["user:1", Fault(2, told), "user:3"]


def test_faults_of_csv_have_the_line_where_the_row_begins() -> None:
    found = read(b'note,id\n"a\nb",1\nc\nd,\n', is_csv=True)

    assert found == ["user:1", Fault(4, "found 1 columns, expected 2"), Fault(5, "found nothing, expected an id")]


@pytest.mark.parametrize(
    ("content", "column", "told"),
    [
        (b"name,mail\n", None, "line 1: found 'name', 'mail', expected a column id or person; --column names another"),
        (b"", None, "line 1: found nothing, expected a column id or person; --column names another"),
        (b"user_id,mail\n", "userid", "line 1: found 'user_id', 'mail', expected a column 'userid'; did you mean 'user_id'?"),
        (b"a\n", "zzz", "line 1: found 'a', expected a column 'zzz'"),
        (b'id\n"x"y\n', None, "line 2: found no CSV"),
        (b"id\n\xff\n", None, "line 2: found bytes that are not UTF-8, expected text in UTF-8"),
    ],
)
def test_a_file_that_is_no_csv_of_ids_is_refused(content: bytes, column: str | None, told: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(content, is_csv=True, column=column)

    assert str(refused.value).startswith(told)


def test_a_line_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(UnreadableFile, match=r"^line 2: longer than 65536 bytes"):
        read(b"1\n" + b"x" * 100_000)
