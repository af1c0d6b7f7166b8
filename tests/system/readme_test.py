"""The programs in README.md are whole: each compiles as it stands there, with the command that stands there, and works."""

import os
import re
import shlex
import subprocess
import tempfile

from harness import DEADLINE, expect, expect_equal, main, test, wait_until
from server import PROGRAM, ROOT, Server
from wire import TEXT, Peer


def readme():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return file.read()


def blocks(language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", readme(), re.M | re.S)
    return [text for name, text in found if name == language]


def program_with(word):
    found = [text for text in blocks("cpp") if "int main()" in text and word in text]
    expect_equal(len(found), 1, f"the number of programs with {word}")
    return found[0]


def compile_program(text, folder):
    """With the command of README.md, but quicker: the archive also holds what a compiler needs to optimise it as a whole."""
    source = os.path.join(folder, "program.cpp")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    command = next(line for block in blocks("") for line in block.splitlines() if line.startswith("g++ "))
    command = command.replace("program.cpp", shlex.quote(source)).replace("g++", os.environ.get("CXX") or "g++", 1)
    done = subprocess.run(["sh", "-c", f"{command} -fno-lto -Wall -Wextra -Werror -o {shlex.quote(folder)}/program"], cwd=ROOT,
                          capture_output=True, text=True, timeout=DEADLINE * 3)
    expect(done.returncode == 0, f"{command} says {done.stderr[:1000]}")
    return os.path.join(folder, "program")


@test
def the_server_compiles_and_echoes():
    with tempfile.TemporaryDirectory() as folder:
        text = program_with("http::Server")
        program = compile_program(text.replace('"localhost:8080"', f'"unix:{folder}/socket"'), folder)
        process = subprocess.Popen([program])
        try:
            wait_until(lambda: os.path.exists(f"{folder}/socket"), "it listens")
            with Peer(f"{folder}/socket") as peer:
                peer.upgrade("/ws").echo(b"hello", TEXT)
        finally:
            process.kill()
            process.wait()


@test
def the_client_compiles_in_less_than_20_lines_and_prints_an_answer():
    text = program_with("ws::connect")
    lines = [line for line in text.splitlines() if line]
    expect(len(lines) < 20, f"it has {len(lines)} lines")
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        program = compile_program(text.replace("localhost:8080", f"localhost:{server.port}"), folder)
        done = subprocess.run([program], capture_output=True, timeout=DEADLINE)
        expect_equal((done.stdout, done.returncode), (b"hello\n", 0), "what it prints, and its status")


@test
def the_commands_of_the_client_work():
    shell = next(block for block in blocks("") if block.startswith("printf "))
    lines = [line.partition("   #")[0].strip() for line in shell.splitlines()]
    wanted = {"printf": b"a\nb\n", "-x": b"hello\n", "--count": b"Hello from ws101\n" * 3}
    with Server("--period", "20ms") as server:
        for word, output in wanted.items():
            line = next(line for line in lines if word in line)
            line = line.replace("build/ws101", shlex.quote(PROGRAM)).replace("localhost:8080", f"localhost:{server.port}")
            done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=DEADLINE)
            expect_equal((done.stdout, done.stderr, done.returncode), (output, b"", 0), f"what {line!r} does")


if __name__ == "__main__":
    main()
