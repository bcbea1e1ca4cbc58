"""Definitions that ask for hashed ids are refused where there is no secret, before anything is asked or written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.definitions.parse import parse_files
from schemas.errors import Misconfigured
from stream.cli.app import app
from stream.cli.applying import apply
from stream.cli.deployment import Deployment
from stream.runtime.settings import Settings

HASHED = "identity: {namespaces: [{id: phone, hashed: true}]}"
NOBODY: Any = None  # neither store nor broker may be asked


def test_plan_refuses_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EBBTIDE_IDENTITY_SECRET", raising=False)
    (tmp_path / "a.yaml").write_text(HASHED, "utf-8")

    told = CliRunner().invoke(app, ["plan", str(tmp_path)])

    assert told.exit_code == 2
    assert "the ids of phone are to be hashed" in told.output
    assert "set EBBTIDE_IDENTITY_SECRET" in told.output


async def test_apply_refuses_them() -> None:
    deployment = Deployment(Settings(), NOBODY, NOBODY, NOBODY, NOBODY)

    with pytest.raises(Misconfigured, match="set EBBTIDE_IDENTITY_SECRET"):
        await apply(deployment, parse_files({"a.yaml": HASHED}))
