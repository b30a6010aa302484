//! `[[moved]]`: renames that keep ids and secrets.

use std::collections::BTreeMap;

use super::Judge;
use crate::model::Table;
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::spans::KeyPath;

pub(super) fn check(judge: &mut Judge<'_>) {
    let mut froms: BTreeMap<KeyPath, KeyPath> = BTreeMap::new();
    let mut tos: BTreeMap<KeyPath, KeyPath> = BTreeMap::new();
    // Unusable elements were not read.
    let read = (0..judge.names(["moved"]).len())
        .map(|index| KeyPath::new(["moved".to_owned(), index.to_string()]))
        .filter(|entry| judge.usable(entry))
        .collect::<Vec<_>>();
    for (entry, moved) in read.into_iter().zip(&judge.file.moved) {
        let from = side(judge, entry.join("from"), &moved.from);
        let to = side(judge, entry.join("to"), &moved.to);
        match (&from, &to) {
            (Some((from, _)), Some((to, to_path))) if from.keys()[0] != to.keys()[0] => {
                let message = format!("`{from}` can't become one of `{}`", to.keys()[0]);
                judge.error(
                    Code::BadMove,
                    to_path,
                    message,
                    "an address moves within its table; a resource of another kind is a new one",
                );
            }
            (Some((from, _)), Some((to, to_path))) if from == to => judge.error(
                Code::BadMove,
                to_path,
                format!("`{to}` moves to itself"),
                "remove this `[[moved]]`",
            ),
            (Some((from, from_path)), _) if judge.has(from) => {
                let message = format!("`{from}` is still in the file");
                let diagnostic = Diagnostic::error(Code::BadMove, message)
                    .at(judge.spans.value_of(from_path))
                    .label(judge.spans.value_of(from), "here")
                    .help("rename its table as well, or remove this `[[moved]]`");
                judge.tell(from_path, diagnostic);
            }
            (_, Some((to, to_path))) if judge.lacks(to) => nowhere(judge, to, to_path),
            _ => {}
        }
        for (seen, side, what) in [(&mut froms, from, "from"), (&mut tos, to, "to")] {
            let Some((address, path)) = side else {
                continue;
            };
            if let Some(first) = seen.get(&address) {
                let diagnostic = Diagnostic::error(
                    Code::BadMove,
                    format!("two entries move {what} `{address}`"),
                )
                .at(judge.spans.value_of(&path))
                .label(judge.spans.value_of(first), "the first")
                .help("keep the one that is true");
                judge.tell(&path, diagnostic);
            }
            seen.entry(address).or_insert(path);
        }
    }
}

/// The address on one side and its place, if it is valid and can be renamed.
fn side(judge: &mut Judge<'_>, path: KeyPath, written: &str) -> Option<(KeyPath, KeyPath)> {
    let address = KeyPath::of_address(written);
    if !is_movable(&address, written) {
        let message = format!("`{written}` can't be moved");
        judge.error(
            Code::BadMove,
            &path,
            message,
            format!(
                "expected one of {}",
                Table::ALL
                    .map(|table| format!("`{}.NAME`", table.name()))
                    .join(", ")
            ),
        );
        return None;
    }
    Some((address, path))
}

fn nowhere(judge: &mut Judge<'_>, to: &KeyPath, path: &KeyPath) {
    let table = to.keys()[0].clone();
    let path_of_table = KeyPath::from([table.as_str()]);
    let names = judge.spans.names(&path_of_table);
    let near = judge.findings.closest(&to.keys()[1], names);
    let help = match near.filter(|_| judge.usable(&path_of_table)) {
        Some(near) => format!("did you mean `{table}.{near}`?"),
        None => format!("add `[{to}]`, or remove this `[[moved]]`"),
    };
    judge.error(
        Code::BadMove,
        path,
        format!("the file has no `[{to}]` to move to"),
        help,
    );
}

fn is_movable(address: &KeyPath, written: &str) -> bool {
    // A part such as `partners.acme/key` counts as its owner; it moves with its owner.
    let movable = |name: &str| Table::ALL.iter().any(|table| table.name() == name);
    matches!(address.keys(), [table, name] if movable(table) && !name.is_empty())
        && address.to_string() == normal(written)
}

/// The normalized address, without needless quotes.
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
