"""Every bad answer stops the copy with an error that names the answer and the mend, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figure
from tests.render import render


def custom(**domain: Any) -> dict[str, Any]:
    """Answers with one custom domain, by default a good one."""
    return {"custom_domains": [{"name": "genomics", "columns": ["variant_id"]} | domain]}


def column(**attributes: Any) -> dict[str, Any]:
    """Answers with a custom domain whose second column has these attributes."""
    return custom(columns=["variant_id", {"name": "gene"} | attributes])


# Name of the case -> answers, and what the error must say: the answer, then the rule or the mend.
BAD_ANSWERS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "empty organization": ({"organization": "  "}, ("organization is empty",)),
    "organization with shell metacharacters": ({"organization": "A $(reboot)"}, ("organization", "leave out $:")),
    "organization with a quote": ({"organization": 'North"wind'}, ("organization", 'leave out ":')),
    "organization with an HCL interpolation": ({"organization": "${var.x}"}, ("organization", "leave out $ { }:")),
    "organization with dbt Jinja": ({"organization": "{{ target }}"}, ("organization", "leave out { }:")),
    "organization with a line break": ({"organization": "North\nwind"}, ("organization", "leave out the line break:")),
    "organization with a space at its end": ({"organization": "Northwind "}, ("organization", "leave out the space")),
    "organization too long": ({"organization": "x" * 81}, ("81 characters", "shorten")),
    "mesh_name empty": ({"mesh_name": ""}, ("mesh_name ''", "lower-case")),
    "mesh_name with upper case": ({"mesh_name": "Northwind"}, ("mesh_name 'Northwind'", "lower-case")),
    "mesh_name in unicode": ({"mesh_name": "nørthwind"}, ("mesh_name 'nørthwind'", "lower-case")),
    "mesh_name with a path": ({"mesh_name": "../etc"}, ("mesh_name '../etc'", "lower-case")),
    "mesh_name too long": ({"mesh_name": "n" * 25}, ("3 to 24",)),
    "mesh_name with a trailing line break": ({"mesh_name": "northwind\n"}, ("mesh_name",)),
    "mesh_name that S3 reserves": ({"mesh_name": "xn--wind"}, ("mesh_name 'xn--wind'",)),
    "mesh_name that Google reserves": ({"mesh_name": "my-google-mesh"}, ("mesh_name", "'google'")),
    "mesh_name that is a Windows device": ({"mesh_name": "con"}, ("mesh_name 'con'", "reserved word")),
    "identity_domain with a scheme": ({"identity_domain": "https://a.example"}, ("identity_domain", "internet domain")),
    "identity_domain with YAML": ({"identity_domain": "a.example: b"}, ("identity_domain", "internet domain")),
    "github_repository as an address": (
        {"github_repository": "https://github.com/a/b"}, ("github_repository", "owner/name"),
    ),
    "github_repository without owner": ({"github_repository": "mesh"}, ("github_repository 'mesh'", "owner/name")),
    "hcp_terraform_organization with a quote": (
        {"hcp_terraform_organization": 'north"wind'}, ("hcp_terraform_organization", "letters"),
    ),
    "no environment": ({"environments": []}, ("environments is empty",)),
    "unknown environment": ({"environments": ["qa"]}, ("environments", "qa")),
    "no region": ({"regions": []}, ("regions is empty",)),
    "region that Omni does not serve": ({"regions": ["us-east-2"]}, ("regions", "us-east-2")),
    "home region that is not chosen": ({"home_region": "eu-west-1"}, ("home_region", "eu-west-1")),
    "no domain": ({"domains": []}, ("domains is empty",)),
    "unknown domain": ({"domains": ["labs", "dentistry"]}, ("domains", "dentistry")),
    "landing_format unknown": ({"landing_format": "xml"}, ("landing_format", "xml")),
    "airflow_version unknown": ({"airflow_version": "1.10"}, ("airflow_version", "1.10")),
    "dbt_runner unknown": ({"dbt_runner": "bash"}, ("dbt_runner", "bash")),
    "retention below six years": ({"retention_days": 30}, ("retention_days is 30", "2192")),
    "retention that is no number": ({"retention_days": "six years"}, ("retention_days is six years", "whole number")),
    "platform_ids as a list": ({"platform_ids": ["dev"]}, ("platform_ids is not a mapping",)),
    "platform_ids of an unknown environment": (
        {"platform_ids": {"qa": {"gcp_project": "a-project", "aws_account": "111111111111"}}},
        ("platform_ids", "leave out 'qa'", "dev, test, staging, prod"),
    ),
    "account of 11 digits": (
        {"platform_ids": {"dev": {"gcp_project": "a-project", "aws_account": "12345678901"}}},
        ("platform_ids", "dev.aws_account: give 12 digits", "'12345678901'"),
    ),
    "account without quotes": (
        {"platform_ids": {"dev": {"gcp_project": "a-project", "aws_account": 123456789012}}},
        ("platform_ids", "dev.aws_account", "in quotes"),
    ),
    "project id with an underscore": (
        {"platform_ids": {"dev": {"gcp_project": "a_project", "aws_account": "111111111111"}}},
        ("platform_ids", "dev.gcp_project", "hyphens", "'a_project'"),
    ),
    "one project for two environments": (
        {
            "platform_ids": {
                "dev": {"gcp_project": "a-project", "aws_account": "111111111111"},
                "prod": {"gcp_project": "a-project", "aws_account": "111111111111"},
            }
        },
        ("platform_ids", "a project of its own"),
    ),
    "one account for two environments": (
        {
            "platform_ids": {
                "dev": {"gcp_project": "a-project", "aws_account": "111111111111"},
                "prod": {"gcp_project": "b-project", "aws_account": "111111111111"},
            }
        },
        ("platform_ids", "an account of its own"),
    ),
    "project id too long as combined": (
        {"mesh_name": "n" * 24, "environments": ["staging"]},
        ("platform_ids", "staging.gcp_project", "Shorten mesh_name"),
    ),
    "bucket too long as combined": (
        {
            "mesh_name": "n" * 22,
            "environments": ["staging"],
            "regions": ["ap-northeast-2"],
            "custom_domains": [{"name": "d" * 20, "columns": ["key_id"]}],
        },
        ("S3 allows 63", "shorten mesh_name"),
    ),
    "replica bucket too long as combined": (
        {
            "mesh_name": "n" * 20,
            "environments": ["staging"],
            "regions": ["ap-northeast-2"],
            "custom_domains": [{"name": "d" * 12, "columns": ["key_id"]}],
            "replication": True,
        },
        ("-replica' would have 64 characters", "shorten mesh_name"),
    ),
    "custom_domains as text": ({"custom_domains": "genomics"}, ("custom_domains is not a list",)),
    "custom_domains as a mapping": ({"custom_domains": {"name": "genomics"}}, ("custom_domains is not a list",)),
    "custom domain without a name": ({"custom_domains": [{"columns": ["a"]}]}, ("custom_domains[0] lacks name",)),
    "custom domain that shadows a built-in": (custom(name="labs"), ("custom_domains[labs]", "built-in")),
    "custom domain that shadows a built-in not chosen": (
        custom(name="labs") | {"domains": ["patients"]}, ("custom_domains[labs]", "built-in"),
    ),
    "custom domain with a reserved name": (custom(name="marts"), ("custom_domains[marts]", "reserved")),
    "custom domain with a hyphen": (custom(name="social-care"), ("custom_domains[social-care].name", "match")),
    "custom domain twice": (
        {"custom_domains": [{"name": "genomics", "columns": ["a_id"]}] * 2}, ("custom_domains[genomics]", "twice"),
    ),
    "custom domain with neither entities nor columns": (
        {"custom_domains": [{"name": "genomics"}]}, ("custom_domains[genomics]", "either entities or"),
    ),
    "custom domain with an unknown key": (custom(colour="red"), ("unknown key 'colour'", "allowed")),
    "custom domain with a description that dbt would run": (
        custom(description="{{ env_var('TOKEN') }}"), ("custom_domains[genomics].description", "match"),
    ),
    "custom domain that warns after it fails": (
        custom(freshness={"warn_after_hours": 9, "error_after_hours": 3}), ("freshness", "smaller"),
    ),
    "custom domain without columns": (custom(columns=[]), ("custom_domains[genomics].columns has 0 items",)),
    "bad column type": (column(type="text"), ("[gene].type is 'text'", "string, integer")),
    "column named as a reserved word": (column(name="select"), ("genomics.select", "reserved word")),
    "column with SQL in its name": (column(name="a; drop table b"), ("match",)),
    "technical column": (column(name="landed_date"), ("genomics.landed_date", "technical column")),
    "column twice": (custom(columns=["gene", "gene"]), ("column twice",)),
    "physical name twice": (
        custom(columns=[{"name": "a_id", "physical_name": "ID"}, {"name": "b", "physical_name": "id"}]),
        ("physical_name twice",),
    ),
    "two primary keys": (
        custom(columns=[{"name": "a", "primary_key": True}, {"name": "b", "primary_key": True}]),
        ("more than one primary_key",),
    ),
    "decimal primary key": (
        custom(columns=[{"name": "a", "primary_key": True, "type": "decimal"}]), ("primary_key of type decimal",),
    ),
    "dangling foreign key": (column(references="surgeries"), ("references 'surgeries'", "no entity of this mesh")),
    "foreign key to a domain not chosen": (
        column(references="patients") | {"domains": ["labs"]}, ("references 'patients'", "labs"),
    ),
    "foreign key of another type": (
        column(references="patients", type="integer"), ("type integer", "leave out the type"),
    ),
    "array without items": (column(type="array"), ("items goes with type array",)),
    "fields without struct": (
        column(fields=[{"name": "a", "type": "string"}]), ("fields with type struct",),
    ),
    "unknown code system": (column(code_system="icd_9"), ("code_system 'icd_9'",)),
    "typical code that the code system lacks": (
        column(code_system="observation_status", typical=["done"]),
        ("typical names 'done'", "final"),
    ),
    "typical code without a code system": (column(typical=["done"]), ("typical needs a code_system",)),
    "unknown classification": (column(classification="secret"), ("'secret'", "direct_identifier")),
    "pattern with a quote": (column(pattern="^a'b$"), ("[gene].pattern", "match")),
    "lookup of a column without codes": (column(lookup="variant_id.display"), ("lookup", "code_system")),
    "after a column that is not there": (column(type="date", after="born"), ("after names 'born'", "allowed")),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_is_refused(case: str, template: Path, tmp_path: Path, figure: Figure) -> None:
    answers, expected = BAD_ANSWERS[case]
    destination = tmp_path / "mesh"
    with pytest.raises(ValueError, match=r"\S") as error:
        render(template, destination, answers)
    message = str(error.value)
    assert "Traceback" not in message
    for part in expected:
        assert part in message
    assert not destination.exists(), "a refused copy left files behind"
    figure("refused_answers")


def test_bad_answer_leaves_an_existing_folder_as_it_was(template: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="mesh_name"):
        render(template, tmp_path, {"mesh_name": "Northwind"})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
