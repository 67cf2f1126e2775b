"""A new pilot's own tests, as `start.py test` runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from finished import made_up

pytestmark = pytest.mark.xdist_group("run")


def test_the_tests_of_a_new_pilot_pass():
    """What an analyst runs first to see that all is well says that all is well."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(words, cwd=made_up().pilot.folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
