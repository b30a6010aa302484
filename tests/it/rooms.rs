//! Which room of the house imports from which. The table stands in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::program::repository;

/// A row of the table: what its room may import, and what its tests may beside that.
#[derive(Debug, Default)]
struct Row {
    imports: BTreeSet<String>,
    of_tests: BTreeSet<String>,
}

/// The rooms from the top down.
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

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The files below a folder that are compiled for tests only: those of modules that are declared behind `#[cfg(test)]`.
fn files_of_tests(all: &[PathBuf]) -> BTreeSet<PathBuf> {
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

/// What a text imports: the first name behind `crate::`, and behind as many `super::` as lead out of the room.
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
        // Tests of a file stand at its end.
        let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let (production, tests) = match of_tests.contains(path) {
            true => ("", text.as_str()),
            false => text.split_at(end),
        };
        // `super` of a file that is called as its room leads out of it at once; of `mod tests`, one later.
        let up = match within.file_stem().unwrap().to_str().unwrap() {
            "mod" => depth - 1,
            _ => depth,
        };
        let is_room = |name: &String| rooms.contains(&name) && name != room;
        for name in imports(production, up).into_iter().filter(is_room) {
            if !row.imports.contains(&name) {
                wrong.push(format!("{}: {name}", within.display()));
            }
            seen.entry(room.to_owned()).or_default().insert(name);
        }
        for name in imports(tests, up + 1).into_iter().filter(is_room) {
            if !row.imports.contains(&name) && !row.of_tests.contains(&name) {
                wrong.push(format!("{} (tests): {name}", within.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0], "not allowed by ARCHITECTURE.md's table");
    for (room, row) in &table {
        let used = seen.remove(room).unwrap_or_default();
        assert_eq!(
            used, row.imports,
            "{room}: its row names more than it imports"
        );
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
fn every_test_file_is_listed() {
    let folder = repository("tests/it");
    let list = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module =
            path.join("mod.rs").is_file() || path.extension().is_some_and(|e| e == "rs");
        if is_module && name != "main" {
            assert!(list.contains(&format!("mod {name};")), "{name} never runs");
        }
    }
}
