"""An update that is killed loses nothing: git brings back what was there, and the update can be made again."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.conftest import Figure
from tests.render import ROOT
from tests.update.small_template import SmallOrganization


def test_update_that_is_killed_anywhere(small_organization: SmallOrganization, figure: Figure) -> None:
    small_organization.write("README.md", "ours\n")
    command = [sys.executable, "-m", "tests.update.interrupted", str(small_organization.root)]
    result = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["changes"]
    # Else it was killed before and after all that it does.
    assert told["half_done"] > 5
    figure("killed_updates", told["killed"])
    figure("half_done_updates", told["half_done"])
