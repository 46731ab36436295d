# SPDX-License-Identifier: Apache-2.0
"""What a program says in --help, as data: its commands, their options, and what an option's
value is. The help text is the one source; completion and the checks of the manual pages read it
here, so neither can lag behind the programs.

What the text must look like is little: usage lines begin with the program and its command words;
a usage line with COMMAND has its commands in an indented list; an option stands with two dashes
(or one and a letter) and its value follows in capitals or as an example."""
import os
import re
import subprocess

DEPTH_MAX = 3
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z](?![\w-]))(?:[ =]([A-Za-z0-9][^\s\]|,]*))?")
LISTED = re.compile(r"^ +((?:--[a-z][a-z-]*|-[a-z]\b)[^\n]*?)(?:  +(\S[^\n]*))?$", re.M)
COMMAND = re.compile(r"^  ([a-z][a-z-]*)(?: (?! )[^\n]*?)?(?:(?:  +|\n {8,})(\S[^\n]*))?$", re.M)
WORD = re.compile(r"[a-z][a-z-]*")
KINDS = {"FILE": "file", "PATH": "file", "DIR": "dir", "CADIR": "dir"}


class Command:
    def __init__(self, words):
        self.words = words  # () for the program itself
        self.commands = {}  # word -> description
        self.options = {}  # "--name" -> (value or None, description)
        self.files = False  # takes a path by itself


def kind(value):
    """file, dir or word: how a value is completed."""
    return KINDS.get((value or "").split(":")[0], "word")


def ask(program, words):
    env = {"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "ASAN_OPTIONS": "detect_leaks=0"}
    run = subprocess.run([program, *words, "--help"], env=env, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=60)
    return run.stdout if run.returncode == 0 else ""


def usages(text, words):
    """What follows the command's own words on its usage lines, continuation lines joined."""
    lines, found = text.split("\n"), []
    for i, line in enumerate(lines):
        line = re.sub(r"^(?:[Uu]sage: |       )", "", line)
        rest = line[len(" ".join(words)):]
        if not (line == " ".join(words) or line.startswith(" ".join(words) + " ")):
            continue
        for more in lines[i + 1:]:
            if not re.match(r"^ {8,}[\[-]", more):
                break
            rest += " " + more.strip()
        found.append(rest.strip())
    return found


def commands_of_usage(rest):
    """connect CODE --identity DIR -> connect"""
    words = rest.split()
    return [words[0]] if words and WORD.fullmatch(words[0]) else []


def alternatives(rest):
    """[list | show ID | verify FILE] -> list: "", show: "ID", verify: "FILE". These are told
    here and have no help of their own."""
    first = re.match(r"\[([a-z][^\]]*)\]", rest)
    parts = [part.split(None, 1) for part in first.group(1).split("|")] if first else []
    return {part[0]: part[1].strip() if len(part) > 1 else "" for part in parts
            if WORD.fullmatch(part[0])}


def is_path(text):
    """A path that belongs to no option."""
    return bool(re.search(r"(?:^|\s)(?:PATH|FILE)(?:\s|$)", re.sub(r"--\S+ \S+", "", text)))


def usage_options(command, rest):
    for name, value in OPTION.findall(rest):
        command.options.setdefault(name, (value or None, ""))


def listed_options(command, text):
    for names, description in LISTED.findall(text):
        for name, value in OPTION.findall(names):
            command.options[name] = (value or None, description)


def read(program, words=()):
    """Every command of a program, itself first; None when it has no help of its own."""
    name = (os.path.basename(program), *words)
    text = ask(program, words)
    rests = usages(text, name)
    if not rests:
        return []
    command, leaves = Command(words), []
    for rest in rests:
        if commands_of_usage(rest):
            command.commands.setdefault(commands_of_usage(rest)[0], "")
            continue
        usage_options(command, rest)
        command.files = command.files or (is_path(rest) and not alternatives(rest))
        for word, arguments in alternatives(rest).items():
            command.commands[word] = ""
            leaves.append(Command((*words, word)))
            leaves[-1].files = is_path(arguments)
    if any("COMMAND" in rest for rest in rests):
        command.commands.update(COMMAND.findall(text))
    else:
        for word in command.commands:
            said = re.search(rf"^ *{word}  +(\S.*)$", text, re.M)
            command.commands[word] = said.group(1) if said else ""
    listed_options(command, text)
    for option in ("--help", "--version"):
        command.options.setdefault(option, (None, ""))
    for leaf in leaves:
        if len(leaves) == 1:  # "[support] [--config FILE]": the word may be left out
            leaf.options = command.options
    told = {leaf.words for leaf in leaves}
    for word in command.commands:
        if (*words, word) not in told and len(words) < DEPTH_MAX:
            leaves += read(program, (*words, word)) or [Command((*words, word))]
    return [command, *leaves]
