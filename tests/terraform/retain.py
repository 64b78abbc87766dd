"""What generated repositories keep of a domain or a region that is dropped: the program that they bring along."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from types import ModuleType

from tests.render import ROOT


@cache
def retain() -> ModuleType:
    """The functions that the commands of a generated repository call."""
    spec = importlib.util.spec_from_file_location("retain", ROOT / "template/delivery/retain.py")
    assert spec and spec.loader
    module = sys.modules["retain"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
