#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test.py BIN COMPLETION: asks bash, zsh and fish what they would offer, at every place of every
program, and compares with what --help says there. A shell that is not installed fails the test:
what was not asked is not known."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from helptext import ask, kind, read

PROGRAMS = ["assent-agent", "assent-relay", "assent-console"]
failures = 0


def check(what, fine, why=""):
    global failures
    if not fine:
        failures += 1
        print(f"FAIL  {what}: {why}")


def run(argv, text, cwd):
    done = subprocess.run(argv, input=text, cwd=cwd, text=True, capture_output=True, timeout=60)
    check(argv[0], done.returncode == 0 and not done.stderr, done.stderr[:500])
    return [set(block.split("\n")) - {""} for block in done.stdout.split("=\n")[1:]]


def bash(folder, program, lines, cwd):
    text = f"source {folder}/bash/{program}\n"
    for line in lines:
        text += f"COMP_WORDS=({line} \"$1\"); COMP_CWORD={len(line.split())}; echo =\n"
        text += f"_{program.replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    return run(["bash", "--norc", "-s", ""], text, cwd)


ZSH = """
_describe() { print -rl -- ${${(P)4}%%:*} }
_files() { print -rl -- *(N/) ; [[ $1 == -/ ]] || print -rl -- *(N.) }
_message() { : }
compadd() { print -rl -- "$@" }
"""


def zsh(folder, program, lines, cwd):
    text = ZSH + f"autoload_it() {{ source {folder}/zsh/_{program} }}\n"
    for line in lines:
        text += f"words=({line} ''); CURRENT={len(line.split()) + 1}; echo =; autoload_it\n"
    return run(["zsh", "-f", "-s"], text, cwd)


def fish(folder, program, lines, cwd):
    text = f"source {folder}/fish/{program}.fish\n"
    for line in lines:
        text += f"echo =; complete -C '{line} ' | string replace -r '\\t.*' ''\n"
        text += f"complete -C '{line} -' | string replace -r '\\t.*' ''\n"
    return run(["fish", "--no-config"], text + "true\n", cwd)


def expected(program, command):
    said = ask(program, command.words) if command.words else ask(program, ())
    # every option that the text names, read without the parser that is under test
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said.split("Exit:")[0]))
    own = {o for o in named if o in command.options or not command.words}
    return set(command.commands) | set(command.options) | own


def questions(name, commands):
    """Lines to complete, and what must be offered."""
    for command in commands:
        line = " ".join([name, *command.words])
        yield line, command, None
        for option, (value, _) in command.options.items():
            if value:
                yield f"{line} {option}", command, value


def judge(shell, line, command, value, offered, want):
    clean = {word.rstrip("/") for word in offered}
    if value is None:
        check(f"{shell}: {line}", want <= clean | offered, f"misses {sorted(want - clean)}")
        check(f"{shell}: {line}", not command.files or "a file" in clean, "offers no files")
    elif value == "SCOPE":
        check(f"{shell}: {line}", {"system", "network", "logs"} <= clean, f"offers {clean}")
    elif kind(value) == "file":
        check(f"{shell}: {line}", {"a file", "folder"} <= clean, f"offers {clean}")
    elif kind(value) == "dir":
        check(f"{shell}: {line}", "folder" in clean and "a file" not in clean, f"offers {clean}")
    elif shell != "fish":  # fish goes on to the options when a dash was typed
        check(f"{shell}: {line}", not clean, f"offers {clean} where a value is due")


def main():
    binaries, folder = map(os.path.abspath, sys.argv[1:3])
    count = 0
    with tempfile.TemporaryDirectory() as cwd:
        os.mkdir(os.path.join(cwd, "folder"))
        open(os.path.join(cwd, "a file"), "w").close()
        for name in PROGRAMS:
            program = os.path.join(binaries, name)
            commands = read(program)
            check(name, commands, "no commands were read from --help")
            asked = list(questions(name, commands))
            for shell in (bash, zsh, fish):
                answers = shell(folder, name, [line for line, _, _ in asked], cwd)
                check(shell.__name__, len(answers) == len(asked), f"{len(answers)} answers")
                for (line, command, value), offered in zip(asked, answers):
                    judge(shell.__name__, line, command, value, offered,
                          expected(program, command) if value is None else set())
                count += len(answers)
    print(f"{count} completions asked for, {failures} wrong")
    sys.exit(1 if failures or count < 100 else 0)


main()
