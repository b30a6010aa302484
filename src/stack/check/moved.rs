//! `[[moved]]`: what kept its ids and secrets under a new name.

use std::collections::BTreeMap;

use super::{Judge, did_you_mean};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::spans::KeyPath;

/// Tables whose entries are the same thing under another name. Routes are what their name says, so they can't move.
const MOVABLE: [&str; 5] = [
    "partners",
    "app_clients",
    "api_keys",
    "plans",
    "resource_servers",
];

pub(super) fn check(judge: &mut Judge<'_>) {
    let mut froms: BTreeMap<KeyPath, KeyPath> = BTreeMap::new();
    let mut tos: BTreeMap<KeyPath, KeyPath> = BTreeMap::new();
    for (index, moved) in judge.file.moved.iter().enumerate() {
        let entry = KeyPath::new(["moved".to_owned(), index.to_string()]);
        if !judge.intact(&entry) {
            continue;
        }
        let (from_path, to_path) = (entry.join("from"), entry.join("to"));
        let (from, to) = (
            KeyPath::of_address(&moved.from),
            KeyPath::of_address(&moved.to),
        );
        let mut sound = true;
        for (path, address, written) in
            [(&from_path, &from, &moved.from), (&to_path, &to, &moved.to)]
        {
            if !is_movable(address, written) {
                let message = format!("`{written}` is nothing that can move");
                judge.error(
                    Code::BadMove,
                    path,
                    message,
                    format!(
                        "possible are {}",
                        MOVABLE.map(|table| format!("`{table}.NAME`")).join(", ")
                    ),
                );
                sound = false;
            }
        }
        if !sound {
            continue;
        }
        let table = to.keys()[0].clone();
        if from.keys()[0] != table {
            let message = format!("`{from}` can't become one of `{table}`");
            judge.error(
                Code::BadMove,
                &to_path,
                message,
                "a thing moves within its table; what is of another kind is made anew",
            );
        } else if from == to {
            judge.error(
                Code::BadMove,
                &to_path,
                format!("`{to}` moves to itself"),
                "remove this `[[moved]]`",
            );
        } else if judge.spans.has(&from) {
            let message = format!("`{from}` is still in the file");
            let diagnostic = Diagnostic::error(Code::BadMove, message)
                .at(judge.spans.value_of(&from_path))
                .label(judge.spans.value_of(&from), "here")
                .help("rename its table as well, or remove this `[[moved]]`");
            judge.findings.list.push(diagnostic);
        } else if !judge.spans.has(&to) {
            let names: Vec<String> = judge
                .spans
                .names(&KeyPath::from([table.as_str()]))
                .map(|name| format!("{table}.{name}"))
                .collect();
            let help = did_you_mean(
                &to.to_string(),
                names.iter().map(String::as_str),
                format!("add `[{to}]`, or remove this `[[moved]]`"),
            );
            judge.error(
                Code::BadMove,
                &to_path,
                format!("the file has no `[{to}]` to move to"),
                help,
            );
        }
        for (seen, address, path, what) in [
            (&mut froms, from, from_path, "from"),
            (&mut tos, to, to_path, "to"),
        ] {
            if let Some(first) = seen.get(&address) {
                let diagnostic = Diagnostic::error(
                    Code::BadMove,
                    format!("two entries move {what} `{address}`"),
                )
                .at(judge.spans.value_of(&path))
                .label(judge.spans.value_of(first), "the first")
                .help("keep the one that tells what happened");
                judge.findings.list.push(diagnostic);
            }
            seen.entry(address).or_insert(path);
        }
    }
}

fn is_movable(address: &KeyPath, written: &str) -> bool {
    // A part such as `partners.acme/key` reads as its owner; it goes where its owner goes.
    matches!(address.keys(), [table, name] if MOVABLE.contains(&table.as_str()) && !name.is_empty())
        && address.to_string() == normal(written)
}

/// The address as TOML would write it, spelled by the user with or without needless quotes.
fn normal(written: &str) -> String {
    match written.split_once('.') {
        Some((table, name)) => {
            let bare = name
                .strip_prefix('"')
                .and_then(|name| name.strip_suffix('"'))
                .unwrap_or(name);
            KeyPath::from([table, bare]).to_string()
        }
        None => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    fn moved(from: &str, to: &str) -> Vec<Code> {
        codes(&edited(
            "",
            &format!("[[moved]]\nfrom = '{from}'\nto = '{to}'"),
        ))
    }

    #[test]
    fn a_renamed_thing_moves() {
        assert_eq!(moved("partners.acme-old", "partners.acme"), []);
        assert_eq!(moved("partners.\"acme old\"", "partners.\"acme\""), []);
        assert_eq!(moved("plans.basic", "plans.standard"), []);
    }

    #[test]
    fn moves_that_make_no_sense() {
        for (from, to) in [
            ("partners.acme", "partners.other"),
            ("partners.old", "partners.acne"),
            ("partners.acme", "partners.acme"),
            ("api_keys.old", "partners.acme"),
            ("partners.old/key", "partners.acme"),
        ] {
            assert_eq!(moved(from, to), [Code::BadMove], "{from} {to}");
        }
        assert_eq!(
            moved("api.routes.\"GET /a\"", "user_pool"),
            [Code::BadMove; 2]
        );
    }

    #[test]
    fn a_thing_moves_once() {
        let twice = "[[moved]]\nfrom = \"partners.old\"\nto = \"partners.acme\"\n";
        assert_eq!(codes(&edited("", &twice.repeat(2))), [Code::BadMove; 2]);
    }
}
