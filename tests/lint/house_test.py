#!/usr/bin/env python3
"""Feeds small trees to the house rules: a good one finds peace, and each bad one is found by its rule and no other.

So the lint cannot pass by looking at nothing."""

import sys
import tempfile
from pathlib import Path

import house
from cpp_text import functions, without_comments_and_strings

HEADER = "// What it is for,\n// and the rule it holds.\n#pragma once\n"
SOURCE = "// What it is for,\n// and the rule it holds.\n"
GOOD = {
    "reactor/loop.hpp": HEADER + "#include <sys/epoll.h>\n",
    "reactor/loop.cpp": SOURCE + '#include "reactor/loop.hpp"\nvoid f() { ::recv(0, 0, 0, 0); epoll_wait(0, 0, 0, 0); }\n',
    "http/server.cpp": SOURCE + '#include "reactor/loop.hpp"\n#include <llhttp.h>\n',
    "ws/protocol/frame.hpp": HEADER + "#include <vector>\n#include <openssl/sha.h>\n#include <simdjson.h>\n",
    "ws/protocol/frame.cpp": SOURCE + '#include "ws/protocol/frame.hpp"\n',
    "ws/connection.cpp": SOURCE + '#include "ws/protocol/frame.hpp"\nvoid g() { stream.send(1); ws::send(2); } // ::send(3)\n',
    "ws/app/main.cpp": SOURCE + 'int main() { return puts("GET /home?tmp=/x"); }\n',
    "tests/reactor/loop_test.cpp": SOURCE + '#include "reactor/loop.hpp"\nconst char* path = "/tmp/x";\n',
    "tests/http/server_test.cpp": SOURCE,
    "tests/ws/protocol/frame_test.cpp": SOURCE,
    "tests/ws/connection_test.cpp": SOURCE + "void h() { ::socket(1, 2, 3); }\n" + "int x;\n" * 500,
    "reactor/README.md": "one", "http/README.md": "two", "ws/README.md": "three", "ws/protocol/README.md": "four",
    "README.md": "ws101", "Makefile": "all:\n", "build/release/junk.cpp": "TODO", ".ci/run": "x",
}
LONG_FUNCTION = "void Loop::run(int a,\n               int b) {\n" + "  a += b;\n" * 59 + "}\n"

# name, rule that must find it, file, its content (or what is added to the content there is; None removes the file)
BAD = [
    ("app in reactor", "include_direction", "reactor/loop.hpp", HEADER + '#include "ws/app/main.cpp"\n'),
    ("ws in http", "include_direction", "http/server.cpp", SOURCE + '#include "ws/connection.cpp"\n'),
    ("protocol in http", "include_direction", "http/server.cpp", SOURCE + '#include "ws/protocol/frame.hpp"\n'),
    ("reactor in protocol", "include_direction", "ws/protocol/frame.hpp", HEADER + '#include "reactor/loop.hpp"\n'),
    ("app in ws", "include_direction", "ws/connection.cpp", SOURCE + '#include "ws/app/main.cpp"\n'),
    ("tests in ws", "include_direction", "ws/connection.cpp", SOURCE + '#include "tests/http/server_test.cpp"\n'),
    ("llhttp in protocol", "include_direction", "ws/protocol/frame.hpp", HEADER + "#include <llhttp.h>\n"),
    ("sys/ in protocol", "include_direction", "ws/protocol/frame.hpp", HEADER + "#include <sys/mman.h>\n"),
    ("relative include", "includes_from_root", "reactor/loop.cpp", SOURCE + '#include "loop.hpp"\n'),
    ("system in quotes", "includes_from_root", "tests/http/server_test.cpp", SOURCE + '#include "vector"\n'),
    ("circle", "include_cycles", "reactor/loop.hpp", HEADER + '#include "reactor/loop.cpp"\n'),
    ("recv", "socket_calls", "ws/connection.cpp", SOURCE + "int f() { return ::recv(0, 0, 0, 0); }\n"),
    ("epoll_ctl", "socket_calls", "http/server.cpp", SOURCE + "int f() { return epoll_ctl(0, 0, 0, 0); }\n"),
    ("socket header", "socket_calls", "http/server.cpp", SOURCE + "#include <sys/socket.h>\n"),
    ("401 lines", "file_length", "http/server.cpp", SOURCE + "int x;\n" * 399),
    ("62 lines", "function_length", "http/server.cpp", SOURCE + LONG_FUNCTION),
    ("no test", "tested", "tests/ws/protocol/frame_test.cpp", None),
    ("no comment", "opening_comment", "http/server.cpp", "int x;\n"),
    ("no pragma", "opening_comment", "reactor/loop.hpp", SOURCE),
    ("no comment in a test", "opening_comment", "tests/http/server_test.cpp", "int x;\n"),
    ("capitals", "file_names", "ws/app/MyMain.cpp", SOURCE),
    ("to do", "finished", "http/server.cpp", SOURCE + "// TODO: more\n"),
    ("fix me in Python", "finished", "tests/system/x_test.py", "# FIXME\n"),
    ("machine path", "no_machine_paths", "README.md", "see /home/ann/ws101"),
    ("scratch path", "no_machine_paths", "ws/app/main.cpp", SOURCE + 'const char* p = "/tmp/x";\n'),
    ("registry", "no_machine_paths", "tests/system/package-lock.json", '"resolved": "https://registry.npm' 'js.org/ws"'),
    ("folder at the top", "top_folders", "util/x.txt", "x"),
    ("no chapter", "chapters", "ws/protocol/README.md", None),
]

# code, and the (name, lines) of its functions
FUNCTIONS = [
    ("int f() { return 1; }", [("f", 1)]),
    ("int f(int a = g({1}),\n      B b = {}) {\n}\n", [("f", 3)]),
    ("A::A(int x) : a_{x}, b_(x) {\n}\nvoid A::f() {\n\n}\n", [("A::A", 2), ("A::f", 3)]),
    ("A::A(int x) noexcept\n    : a_{x},\n      b_{x} {\n}\n", [("A::A", 4)]),
    ("class A : public B {\n public:\n  A() : a_{1} {}\n  int f() const { return 1; }\n  int a_{0};\n};", [("A", 1), ("f", 1)]),
    ("struct alignas(64) A {\n  bool operator==(const A& o) const {\n    return x == o.x;\n  }\n};", [("operator==", 3)]),
    ("A& A::operator=(A&& o) {\n  return *this;\n}\nbool A::operator()(int x) {\n}\n",
     [("A::operator=", 3), ("A::operator()", 2)]),
    ("constexpr std::array<Row, 2> kRows = {{\n  {1, f(2)},\n  {3, 4},\n}};\nint g() {\n}\n", [("g", 2)]),
    ("const Row kRow{\n  1,\n};\nint g() {\n}\n", [("g", 2)]),
    ("namespace a {\nnamespace {\nauto f() -> std::vector<int> {\n  return {1};\n}\n}\n}", [("f", 3)]),
    ("enum class [[nodiscard]] Error : int {\n  kA,\n};\ntemplate <typename T>\nvoid f(T t)\n  requires(x<T>) {\n}\n", [("f", 4)]),
    ("int f() {\n  auto g = [&](int a) {\n    return a;\n  };\n  if (x) {\n  }\n}\n", [("f", 7)]),
    ('auto f() {\n  return R"(one {\ntwo\nthree)";\n}\n', [("f", 3)]),
    ("#define X(a) \\\n  { a }\nint f() { char c = '{'; auto s = \"}\"; return 1'000; } // }\n", [("f", 1)]),
]


def write(root: Path, files: dict) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            (root / path).unlink()
        else:
            (root / path).write_text(content)


def rules_that_fire(change: dict) -> list:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), GOOD)
        write(Path(folder), change)
        return [rule for rule, findings in house.check(Path(folder)).items() if findings]


def main() -> int:
    results = [("a good tree has no findings", [], rules_that_fire({}))]
    results += [(f"house rule: {name}", [rule], rules_that_fire({path: content})) for name, rule, path, content in BAD]
    covered = {rule for _, rule, _, _ in BAD}
    results.append(("each rule has a bad tree", {rule.__name__ for rule in house.RULES}, covered))
    for code, wanted in FUNCTIONS:
        found = [(name, lines) for name, _, lines in functions(without_comments_and_strings(code))]
        results.append((f"functions of {code[:40]!r}", wanted, found))
    for name, wanted, found in results:
        print(f"ok {name}" if wanted == found else f"not ok {name}: wanted {wanted}, found {found}")
    return 0 if all(wanted == found for _, wanted, found in results) else 1


if __name__ == "__main__":
    sys.exit(main())
