//! Tests of README.md and the pages of `docs/`. Each page has a folder with `stack.toml` and the example in it, and its blocks
//! are run from top to bottom:
//!
//! - `console`: run there, and is what the program prints;
//! - `sh`: run there with `--local`, and ends with 0, or with the exit code that the comment behind it begins with. A server in
//!   the first line serves the lines below;
//! - `toml`: written there where its first line is a file's name, else laid over the stack file, which has to be valid;
//! - `yaml`: written there; its first line is the file's name;
//! - `json`: has to be JSON.
//!
//! Anything else is listed in [`NOT_RUN`] with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::dev;
use crate::support::program::{Folder, Ran, repository};
use crate::support::screen::CHANGING;

/// A line that stands for any number of lines.
const ANYTHING: &str = "…";

const EXAMPLE: &str = "examples/partner-api/stack.toml";

/// The most lines of README.md.
const README_LINES: usize = 250;

/// Pages that the tests write.
const GENERATED: &[&str] = &["docs/resources.md", "docs/stack-file.md"];

/// Blocks that can't be run here: the page, how the block begins, and why.
const NOT_RUN: &[(&str, &str, &str)] = &[
    ("README.md", "./test", "it runs these tests"),
    (
        "docs/ci.md",
        "error: another run holds the lock",
        "takes two runs at once: tests/it/lock.rs",
    ),
    ("docs/ci.md", "# GitHub Actions", "GitHub's"),
    ("docs/ci.md", "# GitLab CI", "GitLab's"),
    (
        "docs/functions.md",
        "export const handler",
        "JavaScript for Lambda: examples/m2m-lambda has the whole of it",
    ),
    (
        "docs/functions.md",
        "gatestack logs --since",
        "takes an applied stack with functions: tests/it/logs.rs",
    ),
    (
        "docs/incidents.md",
        "aws ssm delete-parameter",
        "needs the `aws` CLI and the lock of a dead run: tests/it/lock.rs",
    ),
    (
        "docs/local-aws.md",
        "16:02:11 200 GET /hello",
        "takes requests while `dev` runs: the tests of render/dev.rs hold these lines",
    ),
    (
        "docs/performance.md",
        "cargo build --release",
        "needs a release build, nginx and wrk: tests/full/test_compare.py",
    ),
    (
        "docs/testing-on-aws.md",
        "./test --aws",
        "makes stacks in an account: tests/foreign/test_aws_lifecycle.py",
    ),
];

/// A fenced block.
struct Block {
    language: String,
    text: String,
}

impl Block {
    fn begins_with(&self, start: &str) -> bool {
        self.text.trim_start_matches("$ ").starts_with(start)
    }

    /// The file's name in its first line.
    fn file(&self) -> Option<&str> {
        let name = self.text.lines().next()?.strip_prefix("# ")?;
        let is_file = name.ends_with(".toml") || name.ends_with(".yaml");
        (is_file && !name.contains(' ')).then_some(name)
    }
}

fn text_of(page: &str) -> String {
    std::fs::read_to_string(repository(page)).unwrap()
}

/// README.md and every page of `docs/`.
fn pages() -> Vec<String> {
    let mut pages: Vec<_> = std::fs::read_dir(repository("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.sort();
    pages.insert(0, "README.md".into());
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let fence = Regex::new(r"(?ms)^```([a-z]*)\n(.*?)^```$").unwrap();
    let text = text_of(page);
    let blocks = fence.captures_iter(&text).map(|block| Block {
        language: block[1].to_owned(),
        text: block[2].to_owned(),
    });
    blocks.collect()
}

/// A page without its blocks.
fn prose(page: &str) -> String {
    let fence = Regex::new(r"(?ms)^```.*?^```$").unwrap();
    fence.replace_all(&text_of(page), "").into_owned()
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

/// Runs a `console` block; how many lines were compared.
fn run_console(page: &str, block: &str, folder: &Folder) -> usize {
    let mut compared = 0;
    for (command, shown) in shown(block) {
        let command = command.replace("cargo run --", "gatestack");
        let ran = match command.strip_prefix("gatestack dev") {
            Some(flags) => dev::first_screen(folder, &flags.split_whitespace().collect::<Vec<_>>()),
            None => in_shell(&command, folder.path()),
        };
        let lines = |text: &str| text.lines().map(steady).collect::<Vec<_>>();
        let printed = [lines(&ran.stdout), lines(&ran.stderr)].concat();
        let shown: Vec<_> = shown.iter().map(|line| steady(line)).collect();
        assert!(
            is_printed(&shown, &printed),
            "{page} shows for `{command}`:\n{}\n\nit prints:\n{}",
            shown.join("\n"),
            printed.join("\n")
        );
        compared += shown.len();
    }
    compared
}

/// Runs a line of a `sh` block with `more` words behind the program's name.
fn run_line(page: &str, line: &str, more: &str, folder: &Folder) {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let wanted = Regex::new(r"^ (\d+):").unwrap();
    let wanted = wanted
        .captures(comment)
        .map_or(0, |code| code[1].parse().unwrap());
    let Some(rest) = command.strip_prefix("gatestack ") else {
        panic!("{page}: `{line}` is not run: list its block in NOT_RUN, with the reason");
    };
    let ran = in_shell(&format!("gatestack {more} {rest}"), folder.path());
    assert_eq!(
        ran.code, wanted,
        "{page}: {line}\n{}{}",
        ran.stdout, ran.stderr
    );
}

fn run_sh(page: &str, block: &str, folder: &Folder) {
    let mut lines = block.lines();
    match lines
        .next()
        .and_then(|line| line.strip_prefix("gatestack local serve"))
    {
        Some(flags) => {
            let shown = Regex::new(r"--listen (\S+)").unwrap();
            let address = shown.captures(flags).map(|address| address[1].to_owned());
            let flags = shown.replace(flags, "");
            let flags: Vec<_> = flags.split_whitespace().collect();
            folder.served(&flags, |url| {
                for line in lines {
                    let address = address.as_deref().expect("the address stands in the block");
                    let line = line.replace(&format!("http://{address}"), url);
                    run_line(page, &line, "", folder);
                }
            });
        }
        None => {
            for line in block.lines() {
                run_line(page, line, "--local", folder);
            }
        }
    }
}

fn lay_over(below: &mut toml::Value, above: toml::Value) {
    match (below, above) {
        (toml::Value::Table(below), toml::Value::Table(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(below) => lay_over(below, value),
                    None => {
                        below.insert(key, value);
                    }
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// A `toml` block is a file of the folder, or a valid part of a stack file.
fn take_toml(page: &str, block: &Block, folder: &Folder) {
    if let Some(name) = block.file() {
        std::fs::write(folder.path().join(name), &block.text).unwrap();
        return;
    }
    let mut whole: toml::Value = toml::Value::Table(text_of("stack.toml").parse().unwrap());
    lay_over(&mut whole, toml::Value::Table(block.text.parse().unwrap()));
    let part = "part-of-a-page.toml";
    std::fs::write(folder.path().join(part), toml::to_string(&whole).unwrap()).unwrap();
    let ran = folder.run(&["validate", "-f", part]);
    assert_eq!(ran.code, 0, "{page}:\n{}\n{}", block.text, ran.stderr);
}

/// Takes a page's blocks in their order; how many lines were compared.
fn hold(page: &str) -> usize {
    let folder = Folder::with(&text_of("stack.toml"));
    for file in [
        EXAMPLE,
        "examples/partner-api/backend.sh",
        "examples/petstore/stack.toml",
        "examples/petstore/PetStore.yaml",
    ] {
        let copy = folder.path().join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(repository(file), copy).unwrap();
    }
    // The function of the pages.
    let function = folder.path().join("hello/index.mjs");
    std::fs::create_dir_all(function.parent().unwrap()).unwrap();
    std::fs::copy(repository("examples/m2m-lambda/hello/index.mjs"), function).unwrap();
    let mut compared = 0;
    for block in blocks(page) {
        let skipped = NOT_RUN
            .iter()
            .any(|(of, start, _)| *of == page && block.begins_with(start));
        match block.language.as_str() {
            _ if skipped => {}
            "console" => compared += run_console(page, &block.text, &folder),
            "sh" => run_sh(page, &block.text, &folder),
            "toml" => take_toml(page, &block, &folder),
            "yaml" if block.file().is_some() => take_toml(page, &block, &folder),
            "json" => {
                let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
                assert!(read.is_ok(), "{page}: {read:?}\n{}", block.text);
            }
            other => panic!(
                "{page}: nothing holds this `{other}` block: list it in NOT_RUN, with the reason\n{}",
                block.text
            ),
        }
    }
    compared
}

#[test]
fn what_the_pages_show_is_what_the_program_prints() {
    let pages = pages();
    let compared: usize = std::thread::scope(|scope| {
        let running: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(|| hold(page)))
            .collect();
        let compared = running.into_iter().map(|page| page.join());
        // Each page is waited for, so that all differences are reported.
        let compared: Vec<_> = compared.collect();
        compared
            .into_iter()
            .map(|page| page.expect("a page differs, see above"))
            .sum()
    });
    assert!(compared > 100, "the blocks are found: {compared}");
}

#[test]
fn what_is_not_run_is_still_there() {
    for (page, start, why) in NOT_RUN {
        let found = blocks(page).iter().any(|block| block.begins_with(start));
        assert!(
            found && !why.is_empty(),
            "{page} has no block `{start}` any more"
        );
    }
}

#[test]
fn the_readmes_stack_is_the_one_at_the_top() {
    let first = blocks("README.md")
        .into_iter()
        .find(|block| block.language == "toml");
    assert_eq!(first.unwrap().text, text_of("stack.toml"));
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
fn the_private_backends_are_the_examples() {
    let example = toml::Value::Table(text_of(EXAMPLE).parse().unwrap());
    let first = blocks("docs/private-backends.md")
        .into_iter()
        .find(|block| block.language == "toml");
    let first = toml::Value::Table(first.unwrap().text.parse().unwrap());
    assert!(says_all_of(&example, &first), "not in {EXAMPLE}: {first}");
}

#[test]
fn the_table_of_commands_is_the_programs() {
    let help = Folder::with("").run(&["--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let listed: Vec<_> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let text = text_of("docs/commands.md");
    let row = Regex::new(r"(?m)^\| `([a-z]+)` \|").unwrap();
    let table: Vec<_> = row
        .captures_iter(&text)
        .map(|row| row.get(1).unwrap().as_str())
        .collect();
    assert_eq!(table, listed);
}

#[test]
fn the_readme_is_short_and_its_first_screen_says_how_to_run_and_how_to_test() {
    let text = text_of("README.md");
    assert!(
        text.lines().count() <= README_LINES,
        "{}",
        text.lines().count()
    );
    let (first, _) = text.split_once("\n## ").unwrap();
    assert!(first.lines().count() < 40, "{first}");
    let place = |needle: &str| first.find(needle).unwrap_or_else(|| panic!("{needle}"));
    assert!(place("cargo run -- --local apply") < place("$ ./test"));
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let heading = Regex::new(r"(?m)^#+ (.*)$").unwrap();
    let text = prose(page);
    let anchors = heading.captures_iter(&text).map(|heading| {
        let kept = heading[1].to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = seen.entry(slug.clone()).or_default();
        *before += 1;
        match *before {
            1 => slug,
            more => format!("{slug}-{}", more - 1),
        }
    });
    anchors.collect()
}

#[test]
fn links_lead_somewhere_and_readme_to_every_page() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut wrong = Vec::new();
    let mut from_readme = BTreeSet::new();
    for page in pages().into_iter().chain(["ARCHITECTURE.md".into()]) {
        for found in link.captures_iter(&prose(&page)) {
            let target = &found[1];
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let beside = Path::new(&page).parent().unwrap();
            let path = match file {
                "" => page.clone(),
                file => beside.join(file).to_str().unwrap().replace("docs/../", ""),
            };
            let exists = repository(&path).exists();
            if !exists || !(anchor.is_empty() || anchors(&path).contains(anchor)) {
                wrong.push(format!("{page}: {target}"));
            }
            if page == "README.md" {
                from_readme.insert(path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let pages: BTreeSet<_> = pages().into_iter().skip(1).collect();
    let unlinked: Vec<_> = pages.difference(&from_readme).collect();
    assert!(
        unlinked.is_empty(),
        "README.md links to none of {unlinked:?}"
    );
}

/// Each fact has one place.
#[test]
fn no_sentence_stands_twice() {
    let end = Regex::new(r"[.:;]\s|\s\|\s|\n\n|\n- ").unwrap();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut twice = Vec::new();
    for page in pages() {
        if GENERATED.contains(&page.as_str()) {
            continue;
        }
        let prose = prose(&page);
        for sentence in end.split(&prose) {
            let words: Vec<_> = sentence
                .trim_start_matches("- ")
                .split_whitespace()
                .collect();
            if words.len() >= 8
                && let Some(other) = seen.insert(words.join(" "), page.clone())
            {
                twice.push(format!("{other} and {page}: {}", words.join(" ")));
            }
        }
    }
    assert!(seen.len() > 200, "sentences are found: {}", seen.len());
    assert!(twice.is_empty(), "{twice:#?}");
}

/// What help texts and hints call a page of `docs/` is one.
#[test]
fn pages_that_the_program_names_are_there() {
    let page = Regex::new(r"docs/[a-z-]+\.md").unwrap();
    let mut named = 0;
    let mut folders = vec![repository("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                for found in page.find_iter(&source) {
                    assert!(
                        repository(found.as_str()).exists(),
                        "{path:?}: {}",
                        found.as_str()
                    );
                    named += 1;
                }
            }
        }
    }
    assert!(named > 0, "names are found");
}
