//! README.md, kept true: what it shows in a `console` block is run, in one folder from top to bottom, and is what the
//! program prints; what it shows in a `sh` block are commands that exist. Its first `toml` block is the stack at the top. A further
//! one that begins with a file's name lies in that folder; any other is an excerpt of the example.

use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::dev;
use crate::program::{Folder, Ran, repository};
use crate::screens::CHANGING;

/// A line that stands for any number of lines.
const ANYTHING: &str = "…";

const EXAMPLE: &str = "examples/partner-api/stack.toml";

fn readme() -> String {
    std::fs::read_to_string(repository("README.md")).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = Regex::new(&format!("(?ms)^```{language}\n(.*?)^```$")).unwrap();
    fence
        .captures_iter(text)
        .map(|block| block[1].to_owned())
        .collect()
}

/// Commands and what is shown of what they print.
fn shown(block: &str) -> Vec<(String, Vec<String>)> {
    let mut shown: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), shown.last_mut()) {
            (Some(command), _) => shown.push((command.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => panic!("a console block starts with a command: {line}"),
        }
    }
    shown
}

fn steady(line: &str) -> String {
    CHANGING
        .iter()
        .chain(&[
            ("[0-9a-z]{10}\\.execute-api", "API_ID.execute-api"),
            ("execute-api/[0-9a-z]{10}", "execute-api/API_ID"),
            ("127.0.0.1:[0-9]+", "127.0.0.1:PORT"),
        ])
        .fold(line.to_owned(), |line, (changing, steady)| {
            let changing = Regex::new(changing).unwrap();
            changing.replace_all(&line, *steady).into_owned()
        })
}

/// Whether the printed lines are the shown ones, with anything where that is shown.
fn is_printed(shown: &[String], printed: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [anything, rest @ ..] if anything == ANYTHING => {
            (0..=printed.len()).any(|from| is_printed(rest, &printed[from..]))
        }
        [line, rest @ ..] => printed.first() == Some(line) && is_printed(rest, &printed[1..]),
    }
}

fn in_shell(command: &str, folder: &Path) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_gatestack")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", program.display()))
        .env("HOME", folder)
        .output()
        .unwrap();
    Ran::from(output)
}

/// A `toml` block after the stack itself.
enum Further {
    /// A file to write, by the name it begins with.
    File { name: String, text: String },
    /// A part of the example.
    Excerpt(String),
}

fn further_blocks() -> Vec<Further> {
    let named = Regex::new(r"\A# (\S+\.toml)\n").unwrap();
    let further = blocks(&readme(), "toml").into_iter().skip(1);
    further
        .map(|text| match named.captures(&text) {
            Some(first) => Further::File {
                name: first[1].to_owned(),
                text,
            },
            None => Further::Excerpt(text),
        })
        .collect()
}

/// Whether the whole says all that the part says, comments and alignment aside.
fn says_all_of(whole: &toml::Value, part: &toml::Value) -> bool {
    match (whole, part) {
        (toml::Value::Table(whole), toml::Value::Table(part)) => part
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| says_all_of(whole, part))),
        _ => whole == part,
    }
}

#[test]
fn what_the_readme_shows_is_what_the_program_prints() {
    let folder = Folder::with(&std::fs::read_to_string(repository("stack.toml")).unwrap());
    for file in [EXAMPLE, "examples/partner-api/backend.sh"] {
        let copy = folder.path().join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(repository(file), copy).unwrap();
    }

    for block in further_blocks() {
        if let Further::File { name, text } = block {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
    }

    let mut compared = 0;
    for (command, shown) in blocks(&readme(), "console").iter().flat_map(|b| shown(b)) {
        if let Some(script) = command.strip_prefix("./") {
            assert!(repository(script).is_file(), "{command}");
            continue;
        }
        let command = command.replace("cargo run --", "gatestack");
        let ran = match command.strip_prefix("gatestack dev") {
            Some(flags) => {
                dev::first_screen(&folder, &flags.split_whitespace().collect::<Vec<_>>())
            }
            None => in_shell(&command, folder.path()),
        };
        let lines = |text: &str| text.lines().map(steady).collect::<Vec<_>>();
        let printed = [lines(&ran.stdout), lines(&ran.stderr)].concat();
        let shown: Vec<_> = shown.iter().map(|line| steady(line)).collect();
        assert!(
            is_printed(&shown, &printed),
            "README.md shows for `{command}`:\n{}\n\nit prints:\n{}",
            shown.join("\n"),
            printed.join("\n")
        );
        compared += shown.len();
    }
    assert!(compared > 60, "the blocks are found: {compared}");
}

#[test]
fn the_readmes_stack_is_the_one_at_the_top() {
    let stack = std::fs::read_to_string(repository("stack.toml")).unwrap();
    assert_eq!(blocks(&readme(), "toml")[0], stack);
}

#[test]
fn the_readmes_excerpts_stand_in_the_example() {
    let example = std::fs::read_to_string(repository(EXAMPLE)).unwrap();
    let example = example.parse().map(toml::Value::Table).unwrap();
    let mut excerpts = 0;
    for block in further_blocks() {
        if let Further::Excerpt(text) = block {
            let excerpt = text.parse().map(toml::Value::Table).unwrap();
            assert!(says_all_of(&example, &excerpt), "not in {EXAMPLE}:\n{text}");
            excerpts += 1;
        }
    }
    assert!(excerpts > 0, "the excerpts are found");
}

#[test]
fn the_readmes_commands_exist() {
    let folder = Folder::with("");
    let text = readme();
    let lines: Vec<_> = blocks(&text, "sh")
        .iter()
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(lines.len() > 5);
    for line in lines {
        let (command, _) = line.split_once('#').unwrap_or((&line, ""));
        // With `--help` every word before it is checked, and nothing is done.
        let (command, _) = command.split_once('>').unwrap_or((command, ""));
        let ran = in_shell(&format!("{command} --help"), folder.path());
        assert_eq!(ran.code, 0, "{line}\n{}", ran.stderr);
    }

    let help = folder.run(&["--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let listed: Vec<_> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let (_, section) = text.split_once("## Commands\n").unwrap();
    let row = Regex::new(r"(?m)^\| `([a-z]+)` \|").unwrap();
    let table: Vec<_> = row
        .captures_iter(section)
        .map(|row| row.get(1).unwrap().as_str())
        .collect();
    assert_eq!(table, listed);
}

#[test]
fn the_first_screen_says_how_to_run_and_how_to_test() {
    let text = readme();
    let (first, _) = text.split_once("\n## ").unwrap();
    assert!(first.lines().count() < 40, "{first}");
    let place = |needle: &str| first.find(needle).unwrap_or_else(|| panic!("{needle}"));
    assert!(place("cargo run -- --local apply") < place("$ ./test"));
}
