#!/usr/bin/env python3
"""The rules of the house that no compiler knows: who includes whom, how long things are, what lies where.

Each rule is a function from a Tree to its findings, `file:line: what is wrong`. Prints `ok RULE` or `not ok RULE: ...`
for each, which tests/run.py counts. house_test.py feeds small bad trees to see that each rule can fail.
"""

import re
import sys
from functools import cached_property
from pathlib import Path

from cpp_text import functions, includes, without_comments_and_strings

TOP_FOLDERS = ["reactor", "http", "ws", "bench", "tests"]
MAY_INCLUDE = {
    "reactor": ["reactor"],
    "http": ["http", "reactor"],
    "ws/protocol": ["ws/protocol"],
    "ws": ["ws", "ws/protocol", "http", "reactor"],
    "ws/app": ["ws/app", "ws", "ws/protocol", "http", "reactor"],
    "bench": ["bench", "ws/app", "ws", "ws/protocol", "http", "reactor"],
}
LAYERS = ["reactor", "http", "ws", "ws/protocol"]
# What ws/protocol may use besides the standard library: its own few libraries, and the compiler's vector instructions.
PROTOCOL_LIBRARIES = re.compile(r"openssl/\w+\.h|simdjson\.h|zlib\.h|libdeflate\.h|immintrin\.h|arm_neon\.h|[a-z_0-9]+")
SOCKET_CALLS = re.compile(
    r"\b(epoll_\w+|accept4|socketpair|[gs]etsockopt|getsockname|getpeername|timerfd_\w+|eventfd|recvmmsg|sendmmsg)\s*\("
    r"|(?<![\w>)])::(recv|recvfrom|recvmsg|send|sendto|sendmsg|sendfile|writev|readv|accept|socket|bind|listen|connect|"
    r"shutdown|poll|ppoll|select)\s*\(")
SOCKET_HEADERS = re.compile(r"sys/(socket|epoll|timerfd|eventfd|un|uio)\.h|netinet/.*|poll\.h")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w./}$-])/(work|home|root|mnt|Users)/\w")
SCRATCH_PATHS = re.compile(r"(?<![\w./}$-])/tmp\b")
REGISTRIES = re.compile(r"registry\.npmjs|\"resolved\":|(deb|security|snapshot)\.debian\.org|pypi\.org|proxy\.golang")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


class SourceFile:
    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.folder = path.rpartition("/")[0]
        self.layer = "bench" if self.folder.startswith("bench") else self.folder
        self.in_tests = path.startswith("tests/")
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.splitlines()

    @cached_property
    def code(self) -> str:
        """The text with comments and strings blanked out; lines keep their numbers."""
        return without_comments_and_strings(self.text)

    def search(self, pattern: re.Pattern, text: str) -> list:
        return [f"{self.path}:{number}: {line.strip()[:100]}"
                for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


class Tree:
    """The files that belong to the project: not what is hidden, and not what was built."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top_folders = sorted(p.name for p in root.iterdir() if p.is_dir() and self.ours(p.name) and any(p.iterdir()))
        paths = []
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if path.is_file() and all(self.ours(part) for part in relative.parts):
                paths.append(relative.as_posix())
        self.paths = set(paths)
        texts = (".cpp", ".hpp", ".h", ".py", ".mjs", ".js", ".json", ".html", ".css", ".md", ".sh", "Makefile")
        self.texts = [SourceFile(root, path) for path in paths if path.endswith(texts)]
        self.cpp = [file for file in self.texts if file.path.endswith((".cpp", ".hpp"))]
        self.product = [file for file in self.cpp if not file.in_tests]

    @staticmethod
    def ours(name: str) -> bool:
        return not name.startswith(".") and name not in ("build", "__pycache__", "node_modules")


def include_direction(tree: Tree) -> list:
    """reactor <- http <- ws <- ws/app; ws/protocol stands on the standard library and its few libraries alone."""
    findings = []
    for file in tree.product:
        allowed = MAY_INCLUDE.get(file.layer, [])
        for line, name, quoted in includes(file.text):
            target = "bench" if name.startswith("bench/") else name.rpartition("/")[0]
            if quoted and name in tree.paths and target not in allowed:
                findings.append(f"{file.path}:{line}: {file.layer} may not include {name}")
            if not quoted and file.layer == "ws/protocol" and not PROTOCOL_LIBRARIES.fullmatch(name):
                findings.append(f"{file.path}:{line}: ws/protocol may not include <{name}>")
    return findings


def includes_from_root(tree: Tree) -> list:
    """A quoted include is a file of ours, named from the root; any other goes in angle brackets."""
    return [f"{file.path}:{line}: there is no file {name} (from the root)"
            for file in tree.cpp for line, name, quoted in includes(file.text) if quoted and name not in tree.paths]


def include_cycles(tree: Tree) -> list:
    edges = {file.path: [name for _, name, quoted in includes(file.text) if quoted] for file in tree.cpp}
    findings, done = [], set()

    def visit(path: str, trail: list) -> None:
        if path in trail:
            findings.append(f"{path}:1: includes itself: " + " -> ".join(trail[trail.index(path):] + [path]))
        elif path not in done:
            for name in edges.get(path, []):
                visit(name, trail + [path])
            done.add(path)

    for path in edges:
        visit(path, [])
    return findings


def socket_calls(tree: Tree) -> list:
    """Only reactor/ makes socket system calls."""
    findings = []
    for file in tree.product:
        if file.layer not in ("reactor", "bench"):
            findings += file.search(SOCKET_CALLS, file.code)
            findings += [f"{file.path}:{line}: <{name}> belongs to reactor/" for line, name, _ in includes(file.text)
                         if SOCKET_HEADERS.fullmatch(name)]
    return findings


def file_length(tree: Tree) -> list:
    return [f"{file.path}:{len(file.lines)}: a file has at most {FILE_LINES_MAX} lines"
            for file in tree.product if len(file.lines) > FILE_LINES_MAX]


def function_length(tree: Tree) -> list:
    return [f"{file.path}:{line}: {name} has {lines} lines; a function has at most {FUNCTION_LINES_MAX}"
            for file in tree.product for name, line, lines in functions(file.code) if lines > FUNCTION_LINES_MAX]


def tested(tree: Tree) -> list:
    """Each source file of the library has its test file."""
    findings = []
    for file in tree.product:
        test = f"tests/{file.path.removesuffix('.cpp')}_test.cpp"
        if file.layer in LAYERS and file.path.endswith(".cpp") and test not in tree.paths:
            findings.append(f"{file.path}:1: has no {test}")
    return findings


def opening_comment(tree: Tree) -> list:
    """Each file first tells a newcomer what it is for."""
    findings = []
    for file in tree.cpp:
        if not file.text.startswith("// "):
            findings.append(f"{file.path}:1: does not open with a comment that tells what it is for")
        if file.path.endswith(".hpp") and not re.search(r"^#pragma once$", file.text, re.M):
            findings.append(f"{file.path}:1: has no #pragma once")
    return findings


def file_names(tree: Tree) -> list:
    return [f"{file.path}:1: files are named in snake_case" for file in tree.cpp
            if not re.fullmatch(r"[a-z0-9_]+\.[ch]pp", file.path.rpartition("/")[2])]


def finished(tree: Tree) -> list:
    """An open question is an issue and not a comment."""
    return [finding for file in tree.texts if not file.path.startswith("tests/lint/")
            for finding in file.search(UNFINISHED, file.text)]


def no_machine_paths(tree: Tree) -> list:
    """The project speaks of no single machine, and of no registry that one machine uses."""
    findings = []
    for file in tree.texts:
        if not file.path.startswith("tests/lint/"):
            findings += file.search(MACHINE_PATHS, file.text) + file.search(REGISTRIES, file.text)
            findings += [] if file.in_tests else file.search(SCRATCH_PATHS, file.text)
    return findings


def top_folders(tree: Tree) -> list:
    return [f"{name}:1: the folders at the top are {', '.join(TOP_FOLDERS)}"
            for name in tree.top_folders if name not in TOP_FOLDERS]


def chapters(tree: Tree) -> list:
    """Each layer has its chapter of the course."""
    folders = {file.folder for file in tree.product}
    return [f"{layer}:1: has no README.md" for layer in LAYERS
            if layer in folders and f"{layer}/README.md" not in tree.paths]


RULES = [include_direction, includes_from_root, include_cycles, socket_calls, file_length, function_length, tested,
         opening_comment, file_names, finished, no_machine_paths, top_folders, chapters]


def check(root: Path) -> dict:
    tree = Tree(root)
    return {rule.__name__: rule(tree) for rule in RULES}


def main() -> int:
    failed = False
    for rule, findings in check(Path(__file__).resolve().parents[2]).items():
        if findings:
            failed = True
            print("\n".join(findings))
            print(f"not ok {rule}: {len(findings)} finding{'s' if len(findings) > 1 else ''}")
        else:
            print(f"ok {rule}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
