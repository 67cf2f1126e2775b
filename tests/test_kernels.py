"""Kernels talk where no other user of the machine can listen, and are started ahead where they cannot be forked."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from oda import kernels
from oda.errors import RunError
from oda.kernels.provisioning import end_ahead, start_ahead
from oda.kernels.warming import Warm
from warmed import job, run, said, write

pytestmark = pytest.mark.xdist_group("kernels")

LOOK = """
import os, psutil
from pathlib import Path
from ipykernel.connect import get_connection_file
about = Path(get_connection_file())
modes = [path.stat().st_mode for path in (about.parent, about.parent.parent, about)]
print(oct(modes[0] & 0o777), oct(modes[1] & 0o777), modes[2] & 0o77)
print(sorted(path.is_socket() for path in about.parent.iterdir()))
print([one for one in psutil.Process().net_connections('inet') if one.status == 'LISTEN'])
"""
BEATS = """
import json, zmq
from ipykernel.connect import get_connection_file
about = json.load(open(get_connection_file()))
def beats(**keys):
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        for name, key in keys.items(): setattr(socket, name, key)
        socket.connect(f"tcp://{about['ip']}:{about['hb_port']}")
        socket.send(b"beat")
        return bool(socket.poll(1000 if not keys else 9000))
public, secret = zmq.curve_keypair()
key = about["curve_publickey"].encode()
print(about["transport"], beats(), beats(curve_serverkey=key, curve_publickey=public, curve_secretkey=secret))
"""
STRANGER = """
import nbclient, nbformat
ASK = "import os, psutil; ports = psutil.Process().net_connections('inet')"
for _ in range(2):
    cells = [ASK, "print(os.getppid(), ports, 'spoilt' in dir())", "spoilt = 1"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="warm").execute()
    print(notebook.cells[1].outputs[0].text.strip())
"""
ENCRYPTED = """
import json, sys
from oda import executing
from oda.jobs import Job
executing.PRIVATE_SOCKETS = False
print(executing.execute(Job(**json.loads(sys.argv[1])))["error"])
executing.end_ahead()
"""


def test_sockets_lie_in_a_folder_of_this_user_alone_and_nothing_listens_on_the_network(tmp_path: Path):
    """Six sockets and the file that describes them, in a folder that nobody else may enter; no port is open."""
    run(tmp_path, {"looks": [LOOK]})
    folder, sockets, ports = said(tmp_path, "looks")[0].removeprefix("stdout: ").splitlines()
    assert folder == "0o700 0o700 0"
    assert json.loads(sockets.lower()) == [False, *[True] * 6]
    assert ports == "[]"


def test_a_stranger_who_names_the_provisioner_gets_forked_kernels_that_nobody_hears(tmp_path: Path):
    """A kernelspec may name `oda-warm`: two kernels have one parent, know nothing of each other, and open no port."""
    spec = tmp_path / "kernels" / "warm" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"kernel_provisioner": {"provisioner_name": "oda-warm"}}
    spec.write_text(json.dumps({"argv": argv, "display_name": "w", "language": "python", "metadata": about}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", STRANGER], env=os.environ | {"JUPYTER_PATH": str(tmp_path)}, capture_output=True,
        text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.endswith(" [] False")


def test_without_private_sockets_what_kernels_say_is_encrypted(tmp_path: Path):
    """As on Windows: loopback TCP, on which who has no key is not answered."""
    write(tmp_path, "beats", BEATS)
    command = [sys.executable, "-c", ENCRYPTED, json.dumps(asdict(job(tmp_path, "beats")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "\n", done.stderr
    assert said(tmp_path, "beats") == ["stdout: tcp False True\n"]


def test_a_long_name_of_the_temporary_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A socket's name has few characters, so a folder with a shorter name is taken."""
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(long))
    folder = kernels.make_private_folder()
    assert len(str(folder)) < len(str(long))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_no_place_for_sockets_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When every place is too long, the message says which folder it is and what to set."""
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path / ("long" * 30)))
    monkeypatch.setattr(kernels, "SHORT", ())
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(RunError, match=r"has a name of \d+ characters, and a socket bears 70\. Set TMPDIR"):
        kernels.make_private_folder()


def test_kernels_started_ahead_are_as_isolated(tmp_path: Path):
    """Where nothing is forked, each notebook still has a process of its own, and the same outputs."""
    cells = ["import os, sys; os.environ['LEFT'] = sys.path[0]; print(told, 'fractions' in sys.modules)"]
    look = ["import os; print('LEFT' in os.environ, [name for name in os.environ if name.startswith('ODA_')])"]
    with Warm(("fractions",), fork=False) as warm:
        records = run(tmp_path, {"one": cells, "two": look}, warm=warm)
    assert [record["error"] for record in records.values()] == ["", ""]
    assert said(tmp_path, "one") == ["stdout: nothing True\n"]
    assert said(tmp_path, "two")[0].startswith("stdout: False ['ODA_")


def test_a_process_that_waits_knows_nothing_of_any_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What it was started with names neither parameters nor the pilot's folder."""
    monkeypatch.delenv(kernels.SOCKET, raising=False)
    start_ahead(os.environ | {kernels.PRELOAD: "[]"})
    start_ahead(os.environ | {kernels.TRACE: str(tmp_path), "PYTHONPATH": str(tmp_path)})
    time.sleep(0.2)  # until the system shows what they are
    waiting = [one for one in psutil.Process().children() if "oda.kernels.ahead" in one.cmdline()]
    assert len(waiting) == 2
    assert not [one for one in waiting if str(tmp_path) in str((one.cmdline(), one.environ()))]
    end_ahead()
    assert not [one for one in waiting if one.is_running()]
