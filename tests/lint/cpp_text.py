"""C++ as text, as far as the house rules need it: includes, code without comments and strings, and where functions
begin and end. It is no parser: it knows the style of this house (.clang-format), and nothing of macros."""

import re

RAW = "\x01"
_TOKENS = re.compile(
    r"""//[^\n]*                                       # comment
      | /\*.*?\*/                                      # comment
      | R"(?P<delimiter>[^()\s\\]{0,16})\(.*?\)(?P=delimiter)"   # raw string
      | "(?:\\.|[^"\\\n])*"                            # string
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'            # character; 1'000 is a number
    """, re.X | re.S)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
_NAME = re.compile(r"((?:\w+::)*(?:operator\s*(?:\(\)|[^\s\w(]+|\w+)|~?\w+))\s*\(")
_ACCESS = re.compile(r"\s*(?:\b(?:public|private|protected)\s*:(?!:)\s*)*")
_AFTER_SIGNATURE = re.compile(r"\b(const|noexcept|override|final|mutable|try|else|do)$")


def includes(text: str) -> list:
    """Returns (line, name, quoted) for each include."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            found.append((number, match.group(2), match.group(1) == '"'))
    return found


def without_comments_and_strings(text: str) -> str:
    """Returns the text with comments and literals blanked out. Lines and columns stay where they are; a line that
    is within a raw string, a text and no code, starts with RAW."""
    def blank(match: re.Match) -> str:
        token = match.group(0)
        kept = re.sub(r"[^\n]", " ", token)
        if token.startswith("R"):
            kept = kept.replace("\n", "\n" + RAW)
        return kept if token.startswith("/") else '"' + kept[1:-1] + '"'
    return _TOKENS.sub(blank, text)


def functions(code: str) -> list:
    """Returns (name, first line, lines of code) of each function in code without comments and strings.

    A brace at namespace or class scope opens a scope, an initializer, or a function; which, is seen from the statement
    before it. Inside a function nothing more is looked at: a lambda counts as lines of the function that holds it.
    """
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda match: re.sub(r"[^\n]", " ", match.group(0)), code, flags=re.M)
    found = []
    start = position = parentheses = 0  # start: of the statement that position is in
    while position < len(code):
        character = code[position]
        if character == "(":
            parentheses += 1
        elif character == ")":
            parentheses -= 1
        elif parentheses == 0 and character in ";}":
            start = position + 1
        elif character == "{":
            start += _ACCESS.match(code, start, position).end() - start
            statement = code[start:position]
            kind = "value" if parentheses else _kind_of_brace(statement)
            if kind == "scope":
                start = position + 1
            else:
                end = _matching_brace(code, position)
                if kind == "function":
                    lines = code.count("\n", start, end) + 1 - code.count("\n" + RAW, start, end)
                    found.append((_name(statement), code.count("\n", 0, start) + 1, lines))
                    start = end + 1
                position = end
        position += 1
    return found


def _kind_of_brace(statement: str) -> str:
    """Returns what the brace after `statement` opens: a `scope`, a `function`, or a `value`."""
    plain = _outline(statement.strip())
    if re.match(r"(template\s*<.*>\s*)?(class|struct|union|namespace|inline namespace|extern)\b", plain, re.S) and "(" not in (
            re.sub(r"alignas\s*\(\)", "", plain)):
        return "scope"
    if "(" not in plain or re.match(r"(template\s*<.*>\s*)?enum\b", plain, re.S):
        return "value"
    if re.search(r"(?<![=!<>])=(?![=])", re.sub(r"operator\s*\S+?\s*\(", "operator(", plain)):
        return "value"  # an initializer, even of a lambda
    # A member initialized in braces, `: name_{`, is followed by more; the body comes after `)`, `}` or a keyword.
    if re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", plain) and re.search(r"[\w>]$", plain) and not _AFTER_SIGNATURE.search(plain):
        return "value"
    return "function"


def _outline(text: str) -> str:
    """Returns the text without what is inside its parentheses and braces."""
    result, depth = [], 0
    for character in text:
        depth -= character in ")}"
        if depth == 0:
            result.append(character)
        depth += character in "({"
    return "".join(result)


def _name(statement: str) -> str:
    match = _NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)", "", statement))
    return match.group(1) if match else "function"


def _matching_brace(code: str, position: int) -> int:
    depth = 0
    for index in range(position, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index
    return len(code) - 1
