"""Configuration files, test cases, and the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import Configuration, ConfigurationError, UnreadableFileError, find_cases, run_case
from .__main__ import main
from .configuration import FileSource
from .test_policies import PLAN, REGIONS, write

POLICY = """
import "time"
import "tfplan/v2" as tfplan

param hours default [9]

open = rule { time.now.hour in hours }
days = rule { filter tfplan.days as d { d is "sunday" } }
unused = rule { true }
main = rule { open and days is empty }
"""
MOCKS = 'mock "time" {\n  data = {\n    now = {\n      hour = 9\n    }\n  }\n}\n'
PLAN_MOCK = 'mock "tfplan/v2" {\n  module {\n    source = "../../mocks/tfplan.sentinel"\n  }\n}\n'


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with the policy `p` and a mock."""
    write(tmp_path, p=POLICY, mocks__tfplan='days = ["monday"]\n', mocks__sunday='days = ["sunday"]\n')
    return tmp_path


def case(library: Path, text: str, name: str = "case.hcl") -> tuple[str, str]:
    """The status of a case, and why."""
    path = library / "test" / "p" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    result = run_case(library / "p.sentinel", path)
    return result.status, result.reason


def test_case_passes(library: Path) -> None:
    assert case(library, MOCKS + PLAN_MOCK) == ("passed", "")
    assert case(library, MOCKS + PLAN_MOCK + "test {\n  rules = {\n    main = true\n    open = true\n  }\n}\n") == (
        *("passed", ""),
    )


def test_case_asserts_other_values_than_booleans(library: Path) -> None:
    text = MOCKS + PLAN_MOCK.replace("mocks/tfplan", "mocks/sunday")
    assert case(library, text + 'test {\n  rules = {\n    main = false\n    days = ["sunday"]\n  }\n}\n')[0] == "passed"
    status, reason = case(library, text + "test {\n  rules = {\n    days = []\n  }\n}\n")
    assert (status, reason) == ("failed", f'{library}/p.sentinel:8:1: expected "days" to be [], got ["sunday"]')


def test_case_fails(library: Path) -> None:
    text = MOCKS + PLAN_MOCK + 'param "hours" {\n  value = [10]\n}\n'
    assert case(library, text) == ("failed", f'{library}/p.sentinel:10:1: expected "main" to be true, got false')
    assert case(library, text + "test {\n  rules = {\n    main = false\n  }\n}\n")[0] == "passed"


def test_rule_must_be_there_and_evaluated(library: Path) -> None:
    # 0.14.3.
    rules = "test {{\n  rules = {{\n    {} = true\n  }}\n}}\n"
    assert "was not evaluated" in case(library, MOCKS + PLAN_MOCK + rules.format("unused"))[1]
    assert "there is no rule" in case(library, MOCKS + PLAN_MOCK + rules.format("nothing"))[1]
    assert 'expected "hours" to be true, got [9]' in case(library, MOCKS + PLAN_MOCK + rules.format("hours"))[1]


def test_variable_and_undefined_rule_can_be_asserted(library: Path) -> None:
    # Published cases name globals and what calls gave; a rule that is undefined is no reason to pass.
    write(library, p='names = ["a"]\nnone = rule { {}.a is 1 }\nmain = rule { none or true }\n')
    text = 'test {\n  rules {\n    names = ["a"]\n    none = false\n  }\n}\n'
    assert case(library, text) == ("passed", "")
    assert case(library, text.replace("none = false", "none = true"))[0] == "failed"


def test_case_may_have_what_no_page_names(library: Path) -> None:
    write(library, p='import "tfplan"\nmain = rule { tfplan.days is ["sunday"] }\n')
    module = 'mock "tfplan" {\n  colour = "red"\n  module {\n    source = "../../mocks/sunday.sentinel"\n  }\n}\n'
    assert case(library, module + "nothing {}\ntest {\n  colour = 1\n}\n") == ("passed", "")
    new = {"mock": {"tfplan": {"module": {"source": "../../mocks/sunday.sentinel"}}}, "test": {"rules": {"main": True}}}
    old = {"mock": {"tfplan": {"days": ["sunday"]}}, "imports": {"a": {"path": "a"}}, "comment": "", "test": {}}
    assert case(library, json.dumps(new), "case.json") == ("passed", "")
    assert case(library, json.dumps(old), "case.json") == ("passed", "")


def test_static_import_is_a_value(library: Path) -> None:
    # The page "Static imports"; what is below it since 0.40.0.
    program = """
        import "s"
        import "s/deep/list" as list
        mine = s
        mine["new"] = 1
        main = rule {
          keys(s) is ["deep", "new"] and s["deep"].list is [1] and list is [1] and
          all s as key, _ { key is not "" }
        }
    """
    write(library, p=program)
    (library / "data.json").write_text('{"deep": {"list": [1]}}')
    static = 'import "static" "s" {\n  source = "../../data.json"\n  format = "json"\n}\n'
    assert case(library, static) == ("passed", "")
    write(library, p='import "s"\ns = 1\nmain = true\n')
    assert "is an import and cannot be assigned" in case(library, static)[1]
    write(library, p='import "s"\ns["a"] = 1\nmain = true\n')
    assert "only an element of a variable" in case(library, static)[1]


def test_error_fails_whatever_is_expected(library: Path) -> None:
    write(library, p="main = rule { 1 / 0 is 1 }")
    status, reason = case(library, "test {\n  rules = {\n    main = false\n  }\n}\n")
    assert status == "failed"
    assert "p.sentinel:1:17: division by zero" in reason


def test_what_is_not_on_this_machine_is_skipped(library: Path) -> None:
    assert case(library, MOCKS + PLAN_MOCK.replace("tfplan.sentinel", "absent.sentinel"))[0] == "skipped"
    assert case(library, MOCKS + PLAN_MOCK.replace("../../", "https://example.com/"))[0] == "skipped"
    write(library, p='import "http"\nmain = true')
    assert case(library, "")[0] == "skipped"
    assert case(library, 'mock "http" {\n  data = {}\n}\n')[0] == "passed"


def test_missing_policy_is_skipped(library: Path) -> None:
    path = library / "test" / "q" / "case.hcl"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert run_case(library / "q.sentinel", path).status == "skipped"


def test_mock_has_no_parameters(library: Path) -> None:
    write(library, mocks__tfplan="param days default []\n")
    assert "cannot have parameters" in case(library, MOCKS + PLAN_MOCK)[1]


def test_modules_globals_and_static_data(library: Path) -> None:
    write(
        library, p='import "m"\nimport "s"\nmain = rule { m.f() + s.two + three is 6 }', lib="f = func() { return 1 }"
    )
    (library / "data.json").write_text('{"two": 2}')
    rest = (
        'import "static" "s" {\n  source = "../../data.json"\n  format = "json"\n}\nglobal "three" {\n  value = 3\n}\n'
    )
    new = 'import "module" "m" {\n  source = "../../lib.sentinel"\n}\n'
    assert case(library, rest + new) == ("passed", "")
    old = 'module "m" {\n  source = "../../lib.sentinel"\n}\n'
    assert case(library, rest + old) == ("passed", "")
    assert case(library, rest)[0] == "failed"


def test_json_of_the_older_format(library: Path) -> None:
    old = {
        "mock": {"time": {"now": {"hour": 9}}, "tfplan/v2": "../../mocks/tfplan.sentinel"},
        "param": {"hours": [9]},
        "test": {"main": True, "open": True},
    }
    assert case(library, json.dumps(old), "case.json") == ("passed", "")
    assert case(library, json.dumps({**old, "param": {"hours": []}}), "case.json")[0] == "failed"
    write(library, p='import "m"\nmain = rule { m.x is day }', lib="x = 1")
    modules = {"modules": {"m": {"path": "../../lib.sentinel"}}, "global": {"day": 1}}
    assert case(library, json.dumps(modules), "case.json") == ("passed", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy {", "not HCL"),
        ('nothing "a" {}', "unknown nothing in the file"),
        ('policy "a" {\n  source = "a.sentinel"\n  enforcement_level = "hard"\n}', "must be one of"),
        ('module "a" {\n  enforcement_level = "advisory"\n}', "needs a source"),
        ('policy "a" {\n  source = "a"\n  colour = "red"\n}', "colour"),
        ('policy "a" {\n  source = "a"\n}\npolicy "a" {\n  source = "b"\n}', "two policies"),
        ('mock "a" {\n}', "needs data or a module"),
        ('param "a" {\n}', "needs a value"),
        ('import "other" "a" {\n  source = "a"\n}', "module, a plugin or static"),
        ('import "module" "time" {\n  source = "a"\n}', "standard import"),
        ('import "static" "a" {\n  source = "a"\n  format = "yaml"\n}', "must be json"),
        ('param "a" {\n  value = foo.bar\n}', "not a literal"),
        ('param "a" {\n  value = "${foo}"\n}', "template"),
        ("sentinel {\n  colours = {}\n}", "unknown colours in sentinel"),
        ("test {\n  rule = {}\n}", "unknown rule in test"),
    ],
)
def test_wrong_configuration(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sentinel.hcl"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        Configuration.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"policies": {}}', "unknown policies"),
        ('{"mock": {"a": {"data": {}}}}', "old or in the new format"),
        ('{"test": []}', "test must be an object"),
    ],
)
def test_wrong_json_configuration(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        Configuration.load(path)


def test_configuration_of_a_set(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.hcl"
    path.write_text(
        """
        # features of the real runtime
        sentinel {
          features = {
            terraform = true
            "apply-all" = true
          }
        }
        import "plugin" "tfplan/v2" {
          config = { "plan_path": "./plan.json" }
        }
        import "plugin" "flipper" {
          source = "/path/to/flipper"
        }
        import "module" "report" {
          source = "modules/report.sentinel"
        }
        param "text" {
          value = "a \\"b\\" $${c}\\n"
        }
        param "list" {
          value = [1, -1.5, true, null, { a = "b" }]
        }
        param lines {
          value = <<-EOT
            {"a": "\\n"}
              $${b}
          EOT
        }
        param "none" {
          value = <<EOT
EOT
        }
        mock "tfrun" {
          source = "run.sentinel"
        }
        """
    )
    configuration = Configuration.load(path)
    assert configuration.plugins == {"flipper"}
    assert configuration.modules == {"report": FileSource("modules/report.sentinel", tmp_path)}
    assert configuration.parameters == {
        "text": 'a "b" ${c}\n',
        "list": [1, -1.5, True, None, {"a": "b"}],
        "lines": '{"a": "\\n"}\n  ${b}\n',
        "none": "",
    }
    assert configuration.mocks == {"tfrun": FileSource("run.sentinel", tmp_path)}


def test_cases_are_found_in_order(library: Path) -> None:
    for name in ("b.hcl", "a.json", "notes.txt", "mocks/x.hcl"):
        path = library / "policies" / "x" / "test" / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = [(policy.name, path.name) for policy, path in find_cases(library)]
    assert found == [("p.sentinel", "a.json"), ("p.sentinel", "b.hcl")]
    with pytest.raises(UnreadableFileError):
        list(find_cases(library / "absent"))


# Commands


def test_command_test(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case(library, MOCKS + PLAN_MOCK, "good.hcl")
    assert main(["test", str(library)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    case(library, MOCKS + PLAN_MOCK + "test {\n  rules = {\n    main = false\n  }\n}\n", "bad.hcl")
    case(library, "", "without.hcl")
    case(library, 'mock "time" {\n  module {\n    source = "absent.sentinel"\n  }\n}\n', "skipped.hcl")
    assert main(["test", str(library)]) == 1
    out = capsys.readouterr().out
    assert out.endswith("1 passed, 2 failed, 1 skipped\n")
    assert f"FAILED {library}/test/p/bad.hcl\n" in out
    assert 'expected "main" to be false, got true' in out
    assert "p.sentinel:3:1: there is no import tfplan/v2" in out
    assert main(["test", "--verbose", str(library)]) == 1
    assert ": main = true" in capsys.readouterr().out


def test_command_apply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(PLAN))
    write(tmp_path, regions=REGIONS, stopped="main = rule { x }")
    config = tmp_path / "sentinel.hcl"
    text = 'policy "{0}" {{\n  source = "./{0}.sentinel"\n  enforcement_level = "{1}"\n}}\n'
    config.write_text(text.format("regions", "advisory"))
    assert main(["apply", "--plan", str(plan), "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("fail   regions (advisory)\n  google_storage_bucket.b is elsewhere\n")
    config.write_text(text.format("regions", "soft-mandatory") + text.format("stopped", "hard-mandatory"))
    assert main(["apply", "--plan", str(plan), "--config", str(config)]) == 1
    assert "error  stopped (hard-mandatory)\n" in capsys.readouterr().out


def test_command_fmt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a="main=true", b="main = true\n")
    assert main(["fmt", "--check", str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{tmp_path}/a.sentinel\n"
    assert (tmp_path / "a.sentinel").read_text() == "main=true"
    assert main(["fmt", str(tmp_path)]) == 0
    assert (tmp_path / "a.sentinel").read_text() == "main = true\n"
    assert main(["fmt", "--check", str(tmp_path / "a.sentinel")]) == 0
    write(tmp_path, c="main =")
    assert main(["fmt", str(tmp_path)]) == 1
    assert "c.sentinel:1:7" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["test", "absent"],
        ["apply", "--plan", "absent.json"],
        ["apply", "--plan", "broken.json", "--config", "good.hcl"],
        ["apply", "--plan", "other.json", "--config", "good.hcl"],
        ["apply", "--plan", "other.json", "--config", "broken.hcl"],
        ["fmt", "absent.sentinel"],
        ["fmt", "latin.sentinel"],
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "good.hcl").write_text("")
    (tmp_path / "broken.hcl").write_text("policy")
    (tmp_path / "latin.sentinel").write_bytes(b"main = \xe4")
    assert main(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("command", ["test", "apply", "fmt"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m tests.engines.sentinel" in capsys.readouterr().out
