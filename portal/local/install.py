"""Makes or completes the environment `.venv`. Run by `make` with the machine's own Python, before anything is installed.

usage: python3 portal/local/install.py REQUIREMENTS_FILE ...

Standard library only, and readable by older Pythons, so that these get a sentence instead of a syntax error. It can be
interrupted at any point: what is half made is completed or made anew by the next run.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
DONE = os.path.join(VENV, ".installed")
WANTED = ((3, 11), (3, 12), (3, 13))

# Prints a line only when the environment is the one at this place and its Python is one of the wanted.
PROBE = (
    "import sys, pip; print(sys.version_info[:2] in {wanted} and sys.prefix == {venv!r})".replace(
        "{wanted}", repr(WANTED)
    )
).replace("{venv!r}", repr(VENV))


def main(files):
    with open(os.path.join(ROOT, "requirements.txt")) as lock:
        if not try_lock(lock):
            say("Waiting for another setup in this folder ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in files if installed(name) != digest(name)]
        if not missing and os.path.exists(PYTHON) and environment_works():
            return
        began = time.time()
        if not environment_works():
            make_environment(suitable_python())
            missing = files
        install(missing)
        say("Environment ready after %.0f s." % (time.time() - began))


def try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def environment_works():
    if not os.path.exists(PYTHON):
        return False
    answer = subprocess.run([PYTHON, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return answer.stdout.strip() == b"True"


def suitable_python():
    """This Python, or another one of the machine, of a version that the libraries were chosen for."""
    if sys.version_info[:2] in WANTED:
        return sys.executable
    for major, minor in reversed(WANTED):
        found = shutil.which("python%d.%d" % (major, minor))
        if found and subprocess.run([found, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0:
            return found
    stop(
        "Ledgerbridge needs Python 3.11, 3.12 or 3.13; this is %s and no other was found. "
        "Install one and run `make PYTHON=/path/to/python3.13 run`." % sys.version.split()[0]
    )


def make_environment(python):
    say("Creating .venv with %s ..." % python)
    if create(python):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("This Python comes without the module venv; installing Debian's python3-venv ...")
        subprocess.run(["apt-get", "update", "-qq"])
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3-venv"])
        if create(python):
            return
    stop(
        "Could not create .venv. On Debian and Ubuntu the module venv is a package of its own: "
        "`sudo apt-get install python3-venv`, then run this again."
    )


def create(python):
    return subprocess.run([python, "-m", "venv", "--clear", VENV]).returncode == 0


def install(files):
    os.makedirs(DONE, exist_ok=True)
    say("Installing %s (a minute or less) ..." % ", ".join(files))
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    for name in files:
        command += ["-r", os.path.join(ROOT, name)]
    if subprocess.run(command).returncode != 0:
        stop("Installing the libraries did not finish (see above). Run the same command again to continue.")
    for name in files:
        with open(stamp(name), "w") as file:
            file.write(digest(name))


def stamp(name):
    return os.path.join(DONE, name.replace("/", "-"))


def digest(name):
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def installed(name):
    try:
        with open(stamp(name)) as file:
            return file.read()
    except OSError:
        return ""


def say(text):
    print(text, flush=True)


def stop(text):
    sys.exit(text)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("\nStopped. Run the same command again to continue.")
