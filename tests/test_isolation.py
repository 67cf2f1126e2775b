"""A warm kernel is as a fresh one, and nothing that one notebook does reaches the next."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oda.kernels.warming import Warm
from warmed import printed, run, said, write

pytestmark = pytest.mark.xdist_group("kernels")

SPOIL = """
import atexit, builtins, decimal, gc, json, locale, logging, os, random, resource, signal, subprocess, sys, threading
import time, warnings, tqdm
import matplotlib, matplotlib.pyplot as plt, numpy as np, pandas as pd
threading.Thread(target=time.sleep, args=(300,)).start(); subprocess.Popen(["sleep", "300"])
subprocess.Popen(["sleep", "301"], start_new_session=True)
pd.set_option("display.max_rows", 3); pd.DataFrame.mean = None; np.set_printoptions(precision=1); np.seterr(all="raise")
matplotlib.use("svg"); matplotlib.rcParams["figure.dpi"] = 7; plt.figure(); plt.style.use("ggplot")
builtins.ascii = None; json.load = None; os.environ["TOLD"] = "secret"; os.environ["PATH"] = "/nowhere"
sys.path.insert(0, "/nowhere"); sys.modules["csv"] = None; sys.argv.append("spoilt"); tqdm.tqdm = None
warnings.filterwarnings("ignore", "one"); random.seed(1); np.random.seed(1); gc.disable(); sys.setswitchinterval(0.5)
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGALRM, lambda *_: None)
logging.basicConfig(level=1); logging.disable(50); atexit.register(os.system, "echo spoilt")
decimal.getcontext().prec = 3; sys.setrecursionlimit(1500); os.nice(5); os.environ["TZ"] = "Asia/Tokyo"; time.tzset()
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)); locale.setlocale(locale.LC_ALL, "C"); sys.ps1 = "spoilt"
opened = open("/dev/null"); file = os.open("/dev/null", 0); os.set_inheritable(file, True); os.dup2(file, 0)
sys.addaudithook(lambda event, _: None); sys.excepthook = None; sys.stdout.write("x"); sys.stderr = sys.__stdout__
sys.modules["__main__"].left = 1; builtins.left = 2; pd.left = np.left = os.left = 3
get_ipython().events.register("pre_run_cell", lambda *_: None)
get_ipython().run_line_magic("load_ext", "autoreload")
with open("left.csv", "w") as left: pass
os.chdir("/"); os.umask(0o777)
"""

# One line each, the same in every kernel: what a notebook can see of its surroundings.
PROBE = [
    "import os, sys, gc, json, logging, random, signal, threading, time, warnings, builtins, decimal, locale, resource",
    "import matplotlib, matplotlib.pyplot as plt, numpy as np, pandas as pd, tqdm",
    "print(ascii('é'), json.load, __name__, len(sys.argv), os.path.basename(sys.argv[0]), sys.stdin)",
    "print(sorted(name for name in globals() if name[0] != '_'), hasattr(builtins, 'left'), hasattr(pd, 'left'))",
    (
        "print(pd.DataFrame({'a': range(99)}).mean(), pd.get_option('display.max_columns'), "
        "pd.get_option('display.max_rows'))"
    ),
    "print(np.get_printoptions(), np.geterr(), np.linalg.svd(np.arange(9.0).reshape(3, 3))[1].round(3))",
    (
        "print(matplotlib.get_backend(), {k: v for k, v in matplotlib.rcParams.items() if v != "
        "matplotlib.rcParamsDefault[k]})"
    ),
    "print(plt.get_fignums(), plt.isinteractive())",
    "figure, axes = plt.subplots(); axes.plot([1, 2]); figure",
    "plt.plot([1, 2]); plt.show()",
    "plt.bar([1], [2]);",
    "pd.DataFrame({'a': [1.5, 2]})",
    "warnings.warn('one'); warnings.warn('two', DeprecationWarning); import csv; logging.warning('three')",
    "print(*sorted(os.environ), sep='\\n')",
    "print([os.environ.get(name) for name in ('PATH', 'TZ', 'HOME', 'MPLBACKEND', 'TERM', 'LANG')], time.tzname)",
    "print(sys.path)",
    "print(os.path.basename(os.getcwd()), os.listdir())",
    "mask = os.umask(0); os.umask(mask); print(oct(mask), os.nice(0), resource.getrlimit(resource.RLIMIT_NOFILE))",
    "print({s.name: str(signal.getsignal(s)) for s in signal.Signals if signal.getsignal(s)})",
    "print(sorted(thread.name for thread in threading.enumerate()), os.getpid() == os.getsid(0))",
    "print(len(os.listdir('/proc/self/fd')) if os.path.isdir('/proc/self/fd') else '')",
    (
        "print(gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.getswitchinterval(), "
        "sys.gettrace(), sys.flags)"
    ),
    (
        "print(type(sys.stdout), type(sys.stderr), sys.__stdout__.fileno(), sys.stdout.encoding, "
        "sys.displayhook.__class__)"
    ),
    "print(logging.root.handlers, logging.root.level, logging.root.manager.disable, decimal.getcontext().prec)",
    "print(locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding(), hasattr(os, 'left'), hasattr(sys, 'ps1'))",
    (
        "shell = get_ipython(); print(sorted(shell.extension_manager.loaded), {k: len(v) for k, v in "
        "shell.events.callbacks.items()})"
    ),
    (
        "print(sorted(shell.config), shell.profile, shell.ast_transformers, shell.input_transformers_post, "
        "type(shell.kernel))"
    ),
    "import asyncio; await asyncio.sleep(0.01); print(type(asyncio.get_running_loop()))",
    (
        "import subprocess; print(subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True, "
        "text=True).stdout)"
    ),
    "!echo shell",
    "%%capture kept\n%time 1 + 1",
    "%matplotlib inline",
    (
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool: "
        "print(pool.map(print, ['forked']))"
    ),
    "with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(abs, [-1, -2]))",
    "from IPython.display import HTML, display; shown = display(HTML('a'), display_id=True); shown.update(HTML('b'))",
    "from tqdm.auto import tqdm\nfor _ in tqdm(range(3), bar_format='{desc}x'): pass",
    "try: input('?')\nexcept Exception as error: print(type(error).__name__, error)",
    "import io, pyarrow.parquet; frame = pd.DataFrame({'a': range(999)}); kept = io.BytesIO(); frame.to_parquet(kept)",
    "print(pd.read_parquet(kept).a.sum(), pd.read_csv(io.StringIO(frame.to_csv()), engine='pyarrow').a.sum())",
    (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool: "
        "print(list(pool.map(abs, [-1])))"
    ),
    "%load_ext autoreload",
    "1 / 0",
]
RANDOM = (
    "import random, multiprocessing, numpy as np; print(random.random(), np.random.rand(), "
    "bytes(multiprocessing.current_process().authkey))"
)

# What a warm kernel has otherwise, each said in ARCHITECTURE.md: variables of the run and of sums with one thread,
# the folder of the notebook among those of modules, and filters that packages imported ahead have set.
OURS = re.compile(r"^(ODA_\w+|\w+_NUM_THREADS|PYTHONPATH|PYDEVD_\w+)\n", re.MULTILINE)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a look around, then a notebook that spoils all it can, then the same look, in one worker."""
    folder = tmp_path_factory.mktemp("three")
    records = run(folder, {"before": [*PROBE[:-1], RANDOM], "spoil": [SPOIL], "after": [*PROBE[:-1], RANDOM]})
    assert [record["error"] for record in records.values()] == ["", "", ""]
    return folder


def alike(text: str) -> str:
    """Return a text without what differs from process to process or is documented to differ."""
    text = re.sub(r"0x[0-9a-f]+|ipykernel_\d+|\.work-\w+|Wall time: .*|CPU times: .*", "…", text)
    return OURS.sub("", text)


def differences(ones: list[str], others: list[str]) -> list[str]:
    """Return what two looks around have seen otherwise, with the cell that saw it."""
    pairs = zip(PROBE, ones, others, strict=False)
    return [f"{cell}: {one} != {other}" for cell, one, other in pairs if one != other]


def test_nothing_that_one_notebook_does_reaches_the_next(three: Path):
    """Options, monkey-patches, variables, figures, signals, limits, handlers: the next sees the same as ever."""
    before, after = (list(map(alike, said(three, name))) for name in ("before", "after"))
    assert not [
        f"{cell}: {one} != {two}"
        for cell, one, two in zip(PROBE[:-1], before[:-1], after[:-1], strict=True)
        if one != two
    ]


def test_each_kernel_has_random_numbers_of_its_own(three: Path):
    """Two kernels of one parent draw other numbers, from Python and from numpy, and have other keys."""
    before, after = (said(three, name)[-1].split(maxsplit=3) for name in ("before", "after"))
    assert all(one != other for one, other in zip(before[1:], after[1:], strict=True))


def test_a_warm_kernel_is_as_a_fresh_one(tmp_path: Path):
    """The same notebook by papermill on the command line, in a kernel of its own, prints and shows the same."""
    path = write(tmp_path, "look", *PROBE)
    (folder := tmp_path / ".work-look").mkdir()
    command = [sys.executable, "-m", "papermill", str(path), str(tmp_path / "fresh.ipynb"), "--cwd", str(folder)]
    subprocess.run(command, capture_output=True, check=False, env=dict(os.environ))  # not what readline has put in
    folder.rmdir()
    assert run(tmp_path, {"look": PROBE})["look"]["cell"] == len(PROBE)
    ours = [alike(text).replace(f"'{path.parent}', ", "") for text in said(tmp_path, "look")]
    assert not differences(ours, list(map(alike, printed(tmp_path / "fresh.ipynb"))))


def test_what_is_not_the_same_when_imported_ahead_is_left_to_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A package that starts a thread, says something or asks where it is works in the notebook, and not before."""
    packages = {
        "starts": (
            "import threading, time\n"
            "thread = threading.Thread(target=time.sleep, args=(99,), daemon=True)\n"
            "thread.start()"
        ),
        "says": "print('said at import')",
        "asks": "from IPython import get_ipython\nfound = get_ipython() is not None",
        "quiet": "import os\nmade = os.getpid()",
    }
    for name, code in packages.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    cell = (
        "import starts, says, asks, quiet, os; print(starts.thread.is_alive(), asks.found, quiet.made == os.getpid())"
    )
    tasks = "print(len(os.listdir(f'/proc/{os.getppid()}/task')) if os.path.isdir('/proc') else 2)"
    with Warm(tuple(packages)) as warm:
        run(tmp_path, {"uses": [cell, tasks]}, warm=warm)
    assert said(tmp_path, "uses")[0].split("stdout: ")[1].split("\n")[:2] == ["said at import", "True True False"]


def test_a_module_beside_the_notebook_comes_before_an_installed_one(tmp_path: Path):
    """A file of one's own is found before a package of its name that was imported ahead, never before Python's."""
    for name in ("papermill", "json"):
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"{name}.py").write_text("mine = True", encoding="utf-8")
    run(tmp_path, {"uses": ["import papermill, json; print(papermill.mine, hasattr(json, 'mine'))"]})
    assert said(tmp_path, "uses") == ["stdout: True False\n"]
