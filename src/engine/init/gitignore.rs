//! What `.gitignore` has to leave out of a repository.

use ignore::gitignore::GitignoreBuilder;

/// The file.
pub(super) const FILE: &str = ".gitignore";

const COMMENT: &str = "# gatestack: the state of the local AWS, saved plans, credentials";

/// A line, and a file that it leaves out.
const LINES: [(&str, &str); 7] = [
    (".gatestack/", ".gatestack/local.json"),
    ("*.plan", "claims.plan"),
    ("*.age", "acme.age"),
    ("*.env.json", "acme.env.json"),
    ("credentials.env", "acme-access/credentials.env"),
    ("credentials.json", "acme-access/credentials.json"),
    (
        "postman_environment.json",
        "acme-access/postman_environment.json",
    ),
];

/// What to add at the end of a `.gitignore` with these contents. A file that has a rule already, which may include it again, gets no line.
pub(super) fn addition(there: &[u8]) -> String {
    let text = String::from_utf8_lossy(there);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let missing: Vec<&str> = LINES
        .iter()
        .filter(|(_, file)| !decides(&text, file))
        .map(|(line, _)| *line)
        .collect();
    if missing.is_empty() {
        return String::new();
    }
    let mut addition = String::new();
    if !text.is_empty() {
        // The last line may have no end.
        let ends = if text.ends_with('\n') { "" } else { end };
        addition = format!("{ends}{end}");
    }
    for line in [COMMENT].iter().chain(&missing) {
        addition += line;
        addition += end;
    }
    addition
}

/// Whether a rule is about this file.
fn decides(gitignore: &str, file: &str) -> bool {
    let mut builder = GitignoreBuilder::new("");
    for line in gitignore.trim_start_matches('\u{feff}').lines() {
        // Git ignores a line that is no pattern.
        let _no_pattern = builder.add_line(None, line);
    }
    let rules = builder.build();
    rules.is_ok_and(|rules| !rules.matched_path_or_any_parents(file, false).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LOCAL_STATE;

    fn with_addition(there: &str) -> String {
        there.to_owned() + &addition(there.as_bytes())
    }

    #[test]
    fn a_new_file() {
        insta::assert_snapshot!(addition(b""), @r"
        # gatestack: the state of the local AWS, saved plans, credentials
        .gatestack/
        *.plan
        *.age
        *.env.json
        credentials.env
        credentials.json
        postman_environment.json
        ");
    }

    #[test]
    fn every_line_leaves_its_file_out_and_the_state_is_one() {
        let whole = addition(b"");
        for (_, file) in LINES {
            assert!(decides(&whole, file), "{file}");
        }
        assert!(LINES.iter().any(|(_, file)| *file == LOCAL_STATE));
        assert!(!decides(&whole, "stack.toml"));
        assert!(!decides(&whole, "hello/index.mjs"));
    }

    #[test]
    fn what_is_there_stays_and_gets_its_last_line_ended() {
        insta::assert_snapshot!(with_addition("target/\n*.plan"), @r"
        target/
        *.plan

        # gatestack: the state of the local AWS, saved plans, credentials
        .gatestack/
        *.age
        *.env.json
        credentials.env
        credentials.json
        postman_environment.json
        ");
        let windows = with_addition("target/\r\n");
        assert_eq!(
            windows.matches('\n').count(),
            windows.matches("\r\n").count()
        );
        assert_eq!(
            addition(b"\xff\xfe\n"),
            addition(b"target/\n"),
            "no text is no reason"
        );
    }

    #[test]
    fn nothing_is_added_twice() {
        for there in [
            "",
            "target/",
            "/.gatestack\n",
            "*\n",
            "\u{feff}.gatestack\n",
        ] {
            let once = with_addition(there);
            assert_eq!(addition(once.as_bytes()), "", "{there:?}");
        }
        for same in [
            ".gatestack",
            "/.gatestack/",
            "**/.gatestack/",
            ".gatestack/*",
            ".gatestack/  ",
            "\u{feff}.gatestack",
        ] {
            let added = addition(same.as_bytes());
            assert!(
                !added.contains(".gatestack") && added.contains("*.plan"),
                "{same}: {added}"
            );
        }
        assert_eq!(addition(b"*\n"), "");
        let kept = addition(b"!*.plan\n");
        assert!(
            !kept.contains("*.plan"),
            "a rule of the user's stays: {kept}"
        );
    }
}
