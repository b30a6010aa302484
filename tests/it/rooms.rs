//! Which module imports from which. The table is in ARCHITECTURE.md; a row (a room) is a module of `src` or a crate of `crates`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::program::repository;

/// The libraries for command lines and terminals, and checks for a terminal.
const OF_A_TERMINAL: [&str; 8] = [
    "anstream",
    "anstyle",
    "clap",
    "console",
    "indicatif",
    "inquire",
    "stderr",
    "stdout",
];

/// A row of the table: what its room may import, and what its tests may beside that.
#[derive(Debug, Default)]
struct Row {
    imports: BTreeSet<String>,
    of_tests: BTreeSet<String>,
}

/// The rows from the top down.
fn table() -> Vec<(String, Row)> {
    let text = std::fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once("| room |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let names = |cell: &str| {
        let words = cell.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [room, _, imports, of_tests] = cells[..] else {
            panic!("{line}");
        };
        let row = Row {
            imports: names(imports),
            of_tests: names(of_tests),
        };
        (room.trim_matches('`').to_owned(), row)
    })
    .collect()
}

/// The Rust files below a folder.
pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The files below a folder that are compiled for tests only: those of modules declared with `#[cfg(test)]`.
pub(crate) fn files_of_tests(all: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in all {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let folder = match path.file_stem().unwrap().to_str().unwrap() {
            "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
            _ => path.with_extension(""),
        };
        for pair in lines.windows(2) {
            let module = pair[1].trim_start_matches("pub(crate) ");
            let module = module.trim_start_matches("pub ").strip_prefix("mod ");
            let Some(name) = module.and_then(|rest| rest.strip_suffix(';')) else {
                continue;
            };
            if pair[0].trim() == "#[cfg(test)]" {
                found.insert(folder.join(format!("{name}.rs")));
                let below = folder.join(name);
                found.extend(all.iter().filter(|file| file.starts_with(&below)).cloned());
            }
        }
    }
    found
}

/// The folders of the crates beside gatestack, with their rooms' names.
fn crates() -> Vec<(String, PathBuf)> {
    let folders = std::fs::read_dir(repository("crates")).unwrap();
    folders
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            (name.replace('-', "_"), path)
        })
        .collect()
}

/// Of these crates, those that a text names in a path.
fn crates_named(text: &str, crates: &[String]) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let lines = || {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    };
    let named = crates.iter().filter(|name| {
        let path = format!("{name}::");
        lines().any(|line| {
            let mut places = line.match_indices(&path);
            places.any(|(at, _)| !line[..at].ends_with(is_of_name))
        })
    });
    named.cloned().collect()
}

/// Where the tests of a file begin, which are at its end.
pub(crate) fn end_of_production(text: &str) -> usize {
    let tests = text.find("#[cfg(test)]\nmod tests {");
    tests.unwrap_or(text.len())
}

/// What a text imports: the first name after `crate::`, and after as many `super::` as leave the room.
fn imports(text: &str, depth: usize) -> BTreeSet<String> {
    let first = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let mut found = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        found.extend(line.split("crate::").skip(1).map(first));
        let out = "super::".repeat(depth);
        for (at, _) in line.match_indices(&out) {
            let is_whole = !line[..at].ends_with("super::");
            let rest = &line[at + out.len()..];
            if is_whole && !rest.starts_with("super::") {
                found.insert(first(rest));
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn each_room_imports_what_its_row_allows() {
    let table = table();
    let rooms: Vec<&String> = table.iter().map(|(room, _)| room).collect();
    let source = repository("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let of_tests = files_of_tests(&all);
    let crates: Vec<String> = crates().into_iter().map(|(room, _)| room).collect();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in &all {
        let within = path.strip_prefix(&source).unwrap();
        let depth = within.components().count();
        let first = within.components().next().unwrap().as_os_str();
        let room = Path::new(first).file_stem().unwrap().to_str().unwrap();
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, row)) = table.iter().find(|(name, _)| name == room) else {
            panic!("{room} has no row");
        };
        let text = std::fs::read_to_string(path).unwrap();
        let (production, tests) = match of_tests.contains(path) {
            true => ("", text.as_str()),
            false => text.split_at(end_of_production(&text)),
        };
        // `super` in a file with its room's name leaves the room at once; in `mod tests`, one later.
        let up = match within.file_stem().unwrap().to_str().unwrap() {
            "mod" => depth - 1,
            _ => depth,
        };
        let is_room = |name: &String| rooms.contains(&name) && name != room;
        let named = crates_named(production, &crates);
        let named = imports(production, up)
            .into_iter()
            .filter(is_room)
            .chain(named);
        for name in named {
            if !row.imports.contains(&name) {
                wrong.push(format!("{}: {name}", within.display()));
            }
            seen.entry(room.to_owned()).or_default().insert(name);
        }
        let named = crates_named(tests, &crates);
        let named = imports(tests, up + 1)
            .into_iter()
            .filter(is_room)
            .chain(named);
        for name in named {
            if !row.imports.contains(&name) && !row.of_tests.contains(&name) {
                wrong.push(format!("{} (tests): {name}", within.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0], "not allowed by ARCHITECTURE.md's table");
    let of_modules = table.iter().filter(|(room, _)| !crates.contains(room));
    for (room, row) in of_modules {
        let used = seen.remove(room).unwrap_or_default();
        assert_eq!(
            used, row.imports,
            "{room}: its row names more than it imports"
        );
    }
}

/// The packages that a manifest depends on, for whatever target and purpose.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let of_targets = targets.into_iter().flat_map(|all| all.values());
    let tables = [manifest]
        .into_iter()
        .chain(of_targets.filter_map(|one| one.as_table()));
    let mut found = BTreeSet::new();
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, wanted) in table
                .get(section)
                .and_then(|one| one.as_table())
                .into_iter()
                .flatten()
            {
                let package = wanted.get("package").and_then(toml::Value::as_str);
                found.insert(package.unwrap_or(name).to_owned());
            }
        }
    }
    found
}

#[test]
fn each_crate_depends_on_what_its_row_allows() {
    let table = table();
    let all = crates();
    let names: Vec<String> = all.iter().map(|(room, _)| room.clone()).collect();
    for (room, folder) in &all {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let dependencies = dependencies(&manifest.parse().unwrap());
        let ours = dependencies.iter().map(|name| name.replace('-', "_"));
        let ours: BTreeSet<String> = ours
            .filter(|name| name == "gatestack" || names.contains(name))
            .collect();
        let (_, row) = table.iter().find(|(name, _)| name == room).unwrap();
        assert_eq!(ours, row.imports, "{room}");
        let mut sources = Vec::new();
        files(folder, &mut sources);
        assert!(!sources.is_empty(), "{room}");
        for path in sources {
            let text = std::fs::read_to_string(&path).unwrap();
            let named = crates_named(&text, &["gatestack".to_owned()]);
            assert!(named.is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn imports_only_go_down() {
    let table = table();
    assert!(table.len() > 10, "{table:?}");
    for (place, (room, row)) in table.iter().enumerate() {
        for name in row.imports.union(&row.of_tests) {
            let other = table.iter().position(|(one, _)| one == name);
            assert!(
                other.is_some_and(|other| other > place),
                "{room} imports {name}"
            );
        }
    }
}

#[test]
fn the_engine_knows_no_command_line_and_no_terminal() {
    let mut all = vec![repository("src/engine.rs")];
    files(&repository("src/engine"), &mut all);
    assert!(all.len() > 10, "{all:?}");
    let mut wrong = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(str::trim_start);
        for line in lines.filter(|line| !line.starts_with("//")) {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words.any(|word| OF_A_TERMINAL.contains(&word)) {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// A module `name` with modules of its own is `name.rs` beside the folder `name`.
#[test]
fn the_source_has_one_module_layout() {
    let mut all = Vec::new();
    files(&repository("src"), &mut all);
    assert!(all.len() > 100, "{}", all.len());
    all.retain(|path| path.ends_with("mod.rs"));
    assert!(all.is_empty(), "the other layout: {all:?}");
}

#[test]
fn every_test_file_is_listed() {
    let mut seen = 0;
    listed(&repository("tests/it"), "main.rs", &mut seen);
    assert!(seen > 60, "{seen}");
}

/// Sees that each file of a folder, and each folder of modules in it, is a module of this file.
fn listed(folder: &Path, by: &str, seen: &mut usize) {
    let list = std::fs::read_to_string(folder.join(by)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let modules = path.join("mod.rs").is_file();
        let is_file = path.extension().is_some_and(|ending| ending == "rs");
        if path.file_name().is_some_and(|name| name == by) || !(modules || is_file) {
            continue;
        }
        let line = format!("mod {name};");
        let is_listed = list
            .lines()
            .any(|one| one.trim_start_matches("pub(crate) ") == line);
        assert!(is_listed, "{} never runs", path.display());
        *seen += 1;
        if modules {
            listed(&path, "mod.rs", seen);
        }
    }
}

/// What the engine calls to look at a stack and to change it, and the tests that are of just that.
const BELOW_THE_ENGINE: [(&str, &[&str]); 2] = [
    ("apply::run(", &["executor.rs", "lock.rs"]),
    ("kinds::observe(", &["lock.rs"]),
];

#[test]
fn the_tests_look_and_write_as_commands_do() {
    let mut paths = Vec::new();
    files(&repository("tests/it"), &mut paths);
    for (call, allowed) in BELOW_THE_ENGINE {
        let callers = paths.iter().filter(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines()
                .any(|line| line.contains(call) && !line.contains('"'))
        });
        let names = callers.map(|path| path.file_name().unwrap().to_str().unwrap());
        assert_eq!(
            names.collect::<BTreeSet<_>>(),
            BTreeSet::from_iter(allowed.iter().copied()),
            "{call}"
        );
    }
}
