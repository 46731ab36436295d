#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py PROGRAM BASH ZSH FISH: writes the completion of a program for three shells, from
what the program says in --help. All three work alike: the command words typed so far give the
place, and the place gives what may follow."""
import os
import re
import shlex
import sys

sys.dont_write_bytecode = True
from helptext import kind, read


def scopes(commands):
    """The rights that are one word, as --scope's own description lists them."""
    for command in commands:
        value, description = command.options.get("--scope", ("", ""))
        if value == "SCOPE":
            return [word for word in description.split(";")[0].split(", ")
                    if re.fullmatch("[a-z]+", word)]
    return []


def place(command):
    return " ".join(command.words)


def patterns(pairs):
    """'place option' alternatives of a case branch; one that can never match when there are none."""
    return " | ".join(shlex.quote(f"{at} {option}") for at, option in pairs) or "''"


def places(commands):
    deeper = [shlex.quote(place(c)) for c in commands if c.words]
    return " | ".join(deeper) or "''"


def valued(commands, *kinds):
    """(place, option) of every option whose value is of one of these kinds."""
    return [(place(c), option) for c in commands for option, (value, _) in c.options.items()
            if value and (value == "SCOPE") == (kinds == ("scope",))
            and (kinds == ("scope",) or kind(value) in kinds)]


def parts(commands):
    return {
        "places": places(commands),
        "any": patterns(valued(commands, "file", "dir", "word") + valued(commands, "scope")),
        "dirs": patterns(valued(commands, "dir")),
        "files": patterns(valued(commands, "file")),
        "scopes": patterns(valued(commands, "scope")),
        "words": patterns(valued(commands, "word")),
        "paths": " | ".join(shlex.quote(place(c)) for c in commands if c.files) or "'-'",
        "scope_words": " ".join(scopes(commands)),
    }


BASH = """# Completion of {program} for bash, made from what it says in --help.
{function}()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} at='' i words=''
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$at ${{COMP_WORDS[i - 1]}}" in
		{any}) continue ;;
		esac
		case "${{at:+$at }}${{COMP_WORDS[i]}}" in
		{places}) at="${{at:+$at }}${{COMP_WORDS[i]}}" ;;
		esac
	done
	COMPREPLY=()
	case "$at $prev" in
	{dirs})
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	{files})
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	{scopes})
		mapfile -t COMPREPLY < <(compgen -W '{scope_words}' -- "$cur")
		return
		;;
	{words}) return ;;
	esac
	case "$at" in
{cases}	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	case "$at" in
	{paths})
		compopt -o filenames 2>/dev/null
		[[ $cur == -* ]] || mapfile -O "${{#COMPREPLY[@]}}" -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	esac
}}
complete -F {function} {program}
"""

ZSH = """#compdef {program}
# Completion of {program} for zsh, made from what it says in --help.
{function}() {{
	local at='' i
	local -a commands options
	for ((i = 2; i < CURRENT; i++)); do
		case "$at ${{words[i-1]}}" in
		{any}) continue ;;
		esac
		case "${{at:+$at }}${{words[i]}}" in
		{places}) at="${{at:+$at }}${{words[i]}}" ;;
		esac
	done
	case "$at ${{words[CURRENT-1]}}" in
	{dirs}) _files -/; return ;;
	{files}) _files; return ;;
	{scopes}) compadd {scope_words}; return ;;
	{words}) _message 'value'; return ;;
	esac
	case "$at" in
{cases}	esac
	(( $#commands )) && _describe -t commands command commands
	_describe -o options option options
	case "$at" in
	{paths}) _files ;;
	esac
}}
{function} "$@"
"""

FISH = """# Completion of {program} for fish, made from what it says in --help.
function __{ident}_at
	set -l at ''
	set -l before ''
	for word in (commandline -opc)[2..]
		switch "$at $before"
			case {any_fish}
				set before $word
				continue
		end
		switch (string trim -- "$at $word")
			case {places_fish}
				set at (string trim -- "$at $word")
		end
		set before $word
	end
	test "$at" = "$argv[1]"
end
complete -c {program} -f
"""


def bash(program, commands):
    cases = ""
    for c in commands:
        words = " ".join([*c.commands, *c.options])
        cases += f"\t{shlex.quote(place(c))}) words='{words}' ;;\n"
    return BASH.format(program=program, function="_" + program.replace("-", "_"), cases=cases,
                       **parts(commands))


def zsh_item(word, description):
    return shlex.quote(word + (":" + description.replace(":", "\\:") if description else ""))


def zsh(program, commands):
    cases = ""
    for c in commands:
        names = " ".join(zsh_item(w, d) for w, d in c.commands.items())
        options = " ".join(zsh_item(o, d) for o, (_, d) in c.options.items())
        cases += f"\t{shlex.quote(place(c))})\n\t\tcommands=({names})\n\t\toptions=({options}) ;;\n"
    return ZSH.format(program=program, function="_" + program.replace("-", "_"), cases=cases,
                      **parts(commands))


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(option, value, description, scope_words):
    name = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
    how = {"dir": " -r -f -a '(__fish_complete_directories)'", "file": " -r -F", "word": " -x"}
    line = name + (how[kind(value)] if value else "")
    if value == "SCOPE":
        line = f"{name} -x -a '{scope_words}'"
    return line + (f" -d {fish_quote(description)}" if description else "")


def fish(program, commands):
    ident = program.replace("-", "_")
    p = parts(commands)
    text = FISH.format(program=program, ident=ident, any_fish=p["any"].replace(" | ", " "),
                       places_fish=p["places"].replace(" | ", " "))
    for c in commands:
        start = f"complete -c {program} -n \"__{ident}_at '{place(c)}'\" "
        for word, description in c.commands.items():
            text += f"{start}-a {word}" + (f" -d {fish_quote(description)}" if description else "")
            text += "\n"
        for option, (value, description) in c.options.items():
            text += start + fish_option(option, value, description, p["scope_words"]) + "\n"
        if c.files:
            text += start + "-F\n"
    return text


def main():
    binary, *outputs = sys.argv[1:]
    program = os.path.basename(binary)
    commands = read(binary)
    if not commands:
        sys.exit(f"{program} --help has no usage line that begins with its name")
    for make, path in zip((bash, zsh, fish), outputs):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(make(program, commands))


main()
