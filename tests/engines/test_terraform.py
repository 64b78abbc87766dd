"""The engine that finds Terraform and its providers."""

from __future__ import annotations

import re
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
    configuration = engine.cli_configuration([tmp_path / "tools/plugins"])
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in configuration
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in configuration


def test_without_a_mirror_the_registry_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERRAFORM_MIRROR", raising=False)
    monkeypatch.setattr(engine, "MIRROR_ROOTS", (str(tmp_path),))
    assert engine.find_mirror() is None
    assert engine.cli_configuration([]) == ""


def test_later_mirror_comes_before_an_earlier_one(tmp_path: Path) -> None:
    for provider in ("real/registry.terraform.io/hashicorp/aws", "real/registry.terraform.io/hashicorp/google"):
        (tmp_path / provider).mkdir(parents=True)
    (tmp_path / "served/registry.terraform.io/hashicorp/google").mkdir(parents=True)
    configuration = engine.cli_configuration([tmp_path / "real", tmp_path / "served"])
    places = re.findall(r'path    = "(.*)"\n    include = (.*)\n', configuration)
    assert places == [
        (str(tmp_path / "served"), '["registry.terraform.io/hashicorp/google"]'),
        (str(tmp_path / "real"), '["registry.terraform.io/hashicorp/aws"]'),
    ]


def test_google_is_applied_by_the_stand_in_though_the_registry_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "real_providers", lambda: (None, None))
    assert engine.provider_mirrors.__wrapped__(applied=False) == ()
    [served] = engine.provider_mirrors.__wrapped__(applied=True)
    assert engine.mirrored_providers(served) == ["registry.terraform.io/hashicorp/google"]


def test_without_mirror_and_registry_the_stand_in_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It validates against the real schema, and says so where something would have to be applied."""
    monkeypatch.setattr(engine, "find_mirror", lambda: None)
    monkeypatch.setattr(engine, "registry_answers", lambda: False)
    monkeypatch.setattr(engine, "real_providers", engine.real_providers.__wrapped__)
    mirrors = engine.provider_mirrors.__wrapped__(applied=False)
    configuration = engine.written(tmp_path / "terraform.rc", mirrors)
    served = engine.Terraform(engine.terraform().command, configuration)
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
