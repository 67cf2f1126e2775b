"""S04: code that reaches behind the gate, or alters what it rests on, is found without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oda.governance.probes.bypass import find_bypass

TAMPERS = [
    "import oda.reading",
    "from oda import checking",
    "from oda.reading import find_files as f",
    "from oda.loading import check_files",
    "from oda.loading import _audit",
    "import oda\noda.reading.find_files(1, 2)",
    "import oda.governance.gates\noda.governance.gates.require = print",
    "import oda.governance.gates as g\ng.require = print",
    "from oda.governance import gates\ngates.require = lambda *a: None",
    "from oda.governance import probes\nprobes.PROBES['S04'] = print",
    "import oda\ng = oda.governance.gates\ng.require = print",
    "import oda\ndel oda.governance.gates.require",
    "import oda\nsetattr(oda.governance.gates, 'require', print)",
    "import oda, importlib\nimportlib.reload(oda.governance.gates)",
    "import importlib\nimportlib.import_module('oda.reading')",
    "import sys\nsys.modules['oda.governance.gates'] = 1",
    "import sys\nsys.modules.pop('oda.governance')",
    "from unittest.mock import patch\npatch('oda.loading.require').start()",
    "import oda\nvars(oda.governance.gates)['require'] = print",
    "import oda\noda.governance.gates.__dict__['require'] = print",
    "import oda\ngetattr(oda, 'reading')",
    "import os\nos.environ['ODA_IG_TRUST_SHA256'] = 'a'",
    "%env ODA_IG_TRUST_SHA256=a",
    "from oda import load\nload.__globals__.update(_pass_gates=print)",
    "import oda\nf = oda.load\nf.__globals__['_pass_gates'] = print",
    "import oda\noda.load.__code__ = print.__code__",
    "import oda\nPath(oda.__file__).with_name('loading.py')",
    "import oda\nfor m in [oda.governance]:\n    m.gates.require = print",
    "import oda\n(g,) = (oda.governance.gates,)\ng.require = print",
    "import oda\n(g := oda.governance.gates).require = print",
    "import oda\ng: object = oda.governance.gates\ng.require = print",
    "import oda\nwith contextlib.nullcontext(oda.governance.gates) as g:\n    g.require = print",
    "import oda\ndef f(m):\n    m.require = print\nf(oda.governance.gates)",
    "import oda\ng = [m for m in (oda.governance.gates,)][0]\ng.require = print"
    if False
    else "import oda\n[setattr(m, 'require', print) for m in (oda.governance.gates,)]",
    "import oda\ngetattr(getattr(oda, 'governance'), 'gates').require = print",
    "import oda, operator\noperator.attrgetter('governance.gates')(oda).require = print",
    "import oda, inspect\ninspect.getmodule(oda.load)._pass_gates = print",
    "import importlib\nimportlib.import_module('od' + 'a.reading')",
    "import pkgutil\npkgutil.resolve_name('oda.reading:read_pieces')",
    "import runpy\nrunpy.run_module('oda.reading')",
    "import sys\nm = [v for k, v in sys.modules.items() if k.endswith('.gates')][0]",
    "import sys\nsys.modules['od' + 'a.loading']",
    "import sys\nsys.modules[name]",
    "from sys import modules\nmodules.values()",
    "import sys\nsys.meta_path.insert(0, finder)",
    "import gc\ngc.get_objects()",
    "import os\nos.environ['ODA_IG_TRUST_' + 'SHA256'] = 'a'",
    "import os\nos.environ[name] = 'a'",
    "import os\nos.environ.update(dict(ODA_IG_TRUST_SHA256='a'))",
    "import os\nos.environ.update(values)",
    "import os\nos.environ['PATH'] = '../bin'",
    "import os\nos.putenv(name, 'a')",
    "name = 'oda_ig_trust_sha256'.upper()",
    "import subprocess\nsubprocess.run = print",
    "import shutil as s\ns.which = print",
    "from pathlib import Path\nPath.is_symlink = print",
    "import subprocess\nsetattr(subprocess, 'run', print)",
    "from unittest import mock\nmock.patch('subprocess.run').start()",
    "object.__setattr__(card, 'custody', None)",
]
FINE = [
    "import sys\nsys.modules['pandas']\n'oda' in sys.modules",
    "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ.setdefault('TZ', 'UTC')\nos.environ['HOME']",
    "import pandas as pd\npd.options.display.max_rows = 5",
    "import oda\nfor name, part in zip(names, oda.load('x').frame):\n    part['x'] = 1",
    "import oda, sys\nsys.argv = ['x']\nprint(oda.__version__)",
    "import oda\ndef f(frame):\n    frame['x'] = 1\nf(oda.load('x').frame)",
    "x.run = 1\nself.time = 2",
]


def look(folder: Path, *cells: str) -> str:
    """Return what is found wrong with a notebook of some cells."""
    blocks = [f"```{{python}}\n{cell}\n```\n" for cell in cells]
    (folder / "a.qmd").write_text("".join(blocks), encoding="utf-8")
    return "; ".join(check.finding for check in find_bypass(folder) if check.passed is False)


@pytest.mark.parametrize("code", TAMPERS)
def test_code_that_reaches_behind_the_gate_fails(tmp_path: Path, code: str) -> None:
    """A notebook neither alters what decides, nor imports what reads past it."""
    assert "code goes behind the gate or alters it: a.qmd, line 1" in look(tmp_path, code)


@pytest.mark.parametrize("code", FINE)
def test_ordinary_code_alters_nothing(tmp_path: Path, code: str) -> None:
    """Settings of an analysis, and frames that were loaded, are the analyst's own."""
    assert look(tmp_path, code) == ""


def test_what_one_cell_imports_another_does_not_alter(tmp_path: Path) -> None:
    """Names are followed through the notebook, in whatever order its cells stand."""
    assert "line 1 alters oda.governance.gates" in look(
        tmp_path, "g.require = print", "import oda.governance.gates as g"
    )
