#!/usr/bin/python3
"""Writes the README's table of settings and list of commands from the program's own tables.

    tools/readme_table.py            rewrite what stands between the markers of README.md
    tools/readme_table.py --check    say whether README.md is up to date; exit 1 if not
    tools/readme_table.py --self-test   prove that a changed table is noticed
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SETTINGS = os.path.join(ROOT, "src/config/settings.def")
COMMANDS = os.path.join(ROOT, "src/gateway/commands.c")
README = os.path.join(ROOT, "README.md")
TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|([A-Za-z_0-9]+)|([(){},|&])')


def without_comments(text):
    pattern = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', re.S)
    return pattern.sub(lambda m: m.group(0) if m.group(0)[0] == '"' else " ", text)


def calls(text, names):
    """NAME(argument, …) in order; strings that stand side by side are joined."""
    text = without_comments(text)
    for match in re.finditer(r"\b(%s)\s*\(" % "|".join(names), text):
        depth, arguments, now = 1, [], []
        for token in TOKEN.finditer(text, match.end()):
            string, _, sign = token.groups()
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(sign, 0)
            if depth == 0 or (sign == "," and depth == 1):
                arguments.append("".join(now))
                now = []
                if depth == 0:
                    break
            else:
                now.append(string.replace('\\"', '"') if string is not None else token.group(0))
        yield match.group(1), arguments


def read_settings(text):
    words, sections, choice = {}, [], None
    for name, a in calls(text, ["WORDS_BEGIN", "WORD", "SECTION_BEGIN", "OPTION", "CHOICE", "SECRET"]):
        if name == "WORDS_BEGIN":
            choice = words.setdefault(a[0], [])
        elif name == "WORD":
            choice.append(a[1])
        elif name == "SECTION_BEGIN":
            sections.append((a[0], a[1], []))
        elif name == "OPTION":
            sections[-1][2].append((a[1], a[2].startswith("LIST_"), a[3], a[-1], None))
        elif name == "CHOICE":
            sections[-1][2].append((a[1], False, a[3], a[-1], words[a[2]]))
        else:
            sections[-1][2].append((a[1], False, "", a[-1] + "; or `%s_file`" % a[1], None))
    return sections


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def settings_block(text):
    out = []
    for name, about, rows in read_settings(text):
        out += ["", "**`config %s`**: %s" % (name, about), "", "| option | default | what it is |", "|---|---|---|"]
        for option, is_list, default, about_row, words in rows:
            known = " (%s)" % ", ".join("`%s`" % w for w in words) if words else ""
            out.append("| `%s %s` | %s | %s%s |" % ("list" if is_list else "option", option,
                                                    "`%s`" % default if default else "", cell(about_row), known))
    return out[1:]


def read_commands(text):
    body = re.search(r"const struct command commands\[\] = \{\n(.*?)\n\};", without_comments(text), re.S)
    rows = []
    for row in re.finditer(r"\{(.*?)\},?\s*(?=\{|$)", body.group(1), re.S):
        fields = list(calls("ROW(%s)" % row.group(1), ["ROW"]))[0][1]
        rows.append(fields[:3])
    return rows


def commands_block(text):
    return ["| command | what it does |", "|---|---|"] + [
        "| `%s` | %s |" % (("%s %s" % (name, arguments)).strip().replace("|", "\\|"), cell(about))
        for name, arguments, about in read_commands(text)]


def between(readme, what, lines):
    begin, end = "<!-- %s:begin -->" % what, "<!-- %s:end -->" % what
    if readme.count(begin) != 1 or readme.count(end) != 1:
        sys.exit("README.md: wants %s and %s once each" % (begin, end))
    head, rest = readme.split(begin)
    return head + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1]


def load(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def wanted(readme, settings, commands):
    return between(between(readme, "commands", commands_block(commands)), "settings", settings_block(settings))


def self_test():
    settings, commands = load(SETTINGS), load(COMMANDS)
    good = wanted(load(README), settings, commands)
    changes = [(settings.replace('"our name in', '"the name in'), commands),
               (settings.replace('PORT, "", 1', 'PORT, "9", 1', 1), commands),
               (settings, commands.replace("drop the changes", "forget the changes"))]
    rows = sum(len(s[2]) for s in read_settings(settings))
    missed = sum(wanted(good, *c) == good for c in changes) + (wanted(good, settings, commands) != good)
    missed += rows < 60 or len(read_commands(commands)) != len(re.findall(r"\bcommand_\w+, (?:NULL|\w+_\w+) \}", commands))
    print("readme_table: self-test, %d settings, %d commands, %d failed" % (rows, len(read_commands(commands)), missed))
    return 1 if missed else 0


def main(words):
    if words == ["--self-test"]:
        return self_test()
    readme = load(README)
    text = wanted(readme, load(SETTINGS), load(COMMANDS))
    if words == ["--check"]:
        if text != readme:
            print("README.md: the tables are not those of the program; run tools/readme_table.py")
        return 1 if text != readme else 0
    with open(README, "w", encoding="utf-8") as out:
        out.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
