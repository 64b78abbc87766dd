"""The engine that finds Terraform and its providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import terraform as engine


def test_the_machine_has_a_terraform_that_is_new_enough() -> None:
    assert engine.terraform().version() >= engine.OLDEST


def test_packaged_terraform_stands_in(tmp_path: Path) -> None:
    """Where no terraform is on PATH, or an old one."""
    packaged = engine.library_terraform()
    assert packaged.version() >= engine.OLDEST
    (tmp_path / "main.tf").write_text('output "answer" {\nvalue   = 6*7\n}\n')
    packaged.run(tmp_path, "fmt")
    assert (tmp_path / "main.tf").read_text() == 'output "answer" {\n  value = 6 * 7\n}\n'
    packaged.run(tmp_path, "init")
    packaged.run(tmp_path, "apply", "-auto-approve")
    assert packaged.run(tmp_path, "output", "answer").stdout.strip() == "42"


def test_old_terraform_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "terraform"
    old.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert engine.terraform.__wrapped__().command[0] != str(old)


def test_mirror_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools/plugins/registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    monkeypatch.delenv("TERRAFORM_MIRROR", raising=False)
    monkeypatch.setattr(engine, "MIRROR_ROOTS", (str(tmp_path / "absent"), str(tmp_path)))
    assert engine.find_mirror() == tmp_path / "tools/plugins"
    configuration = engine.cli_configuration(engine.find_mirror())
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in configuration
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in configuration


def test_without_a_mirror_the_registry_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERRAFORM_MIRROR", raising=False)
    monkeypatch.setattr(engine, "MIRROR_ROOTS", (str(tmp_path),))
    assert engine.find_mirror() is None
    assert engine.cli_configuration(None) == ""


def test_without_mirror_and_registry_the_stand_in_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It validates against the real schema, and says so where something would have to be applied."""
    monkeypatch.setattr(engine, "find_mirror", lambda: None)
    monkeypatch.setattr(engine, "registry_answers", lambda: False)
    mirror, real = engine.provider_source.__wrapped__()
    assert mirror is not None and not real
    (tmp_path / "terraform.rc").write_text(engine.cli_configuration(mirror))
    served = engine.Terraform(engine.terraform().command, tmp_path / "terraform.rc")
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "x" {\n  bucket  = "x"\n  nonsense = true\n}\n')
    served.run(tmp_path, "init")
    result = served.run(tmp_path, "validate", "-no-color", check=False)
    assert result.returncode != 0 and 'An argument named "nonsense" is not expected here' in result.stderr


def test_named_mirror_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRAFORM_MIRROR", str(tmp_path))
    assert engine.find_mirror() == tmp_path


def test_failure_shows_what_terraform_said(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("nonsense {}\n")
    with pytest.raises(AssertionError, match="Unsupported block type"):
        engine.terraform().run(tmp_path, "validate", "-no-color")
