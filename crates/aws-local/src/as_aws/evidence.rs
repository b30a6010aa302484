//! That what a test says of AWS has evidence, and of which grade.
//!
//! A line `Evidence: GRADE, SOURCE` stands in the doc comment of the test, or in a comment at the row or the assertion that it is of.
//! Every test in a module `as_aws` has one; elsewhere they are held to the same form. The grades are in the crate's README.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What a source has to hold, by grade.
const GRADES: [(&str, &str); 6] = [
    // Whose recording, and the test's name.
    ("recorded", r"^\w+ `test_\w+`"),
    // The page's address or its title.
    (
        "documented",
        r#"https://docs\.aws\.amazon\.com/\S+|"[^"]+""#,
    ),
    // A name in a model.
    ("model", r"`\w+`"),
    // A thread or a test in public.
    ("reported", r"[\w.-]+/[\w.-]+#\d+|\w+ `test_\w+`"),
    ("waited for", r"terraform-provider-aws"),
    // From what.
    ("inferred", r"^from "),
];

fn below(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, extension, found);
        } else if path.extension().is_some_and(|of| of == extension) {
            found.push(path);
        }
    }
}

/// Why a line is not valid evidence.
fn fault(claim: &str) -> Option<String> {
    let (grade, source) = claim.split_once(", ").unwrap_or((claim, ""));
    let Some((_, form)) = GRADES.iter().find(|(known, _)| *known == grade) else {
        return Some(format!("`{grade}` is no grade"));
    };
    let has_source = Regex::new(form).unwrap().is_match(source);
    (!has_source).then(|| format!("`{grade}` needs a source like /{form}/, not `{source}`"))
}

/// The claims in a text, each with its line; a claim may go on over the next lines of its comment.
fn claims(text: &str) -> impl Iterator<Item = (usize, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let words = |line: &str| {
        line.trim_start_matches(['/', '#', '!', '"', ' '])
            .to_owned()
    };
    let starts = (0..lines.len()).filter({
        let lines = lines.clone();
        move |at| words(lines[*at]).starts_with("Evidence: ")
    });
    let starts: Vec<usize> = starts.collect();
    starts.into_iter().map(move |at| {
        let more = lines[at + 1..]
            .iter()
            .take_while(|line| line.starts_with("//"));
        let more = more
            .map(|line| words(line))
            .take_while(|line| !line.starts_with("Evidence: "));
        let first = words(lines[at]).replacen("Evidence: ", "", 1);
        let all: Vec<String> = std::iter::once(first).chain(more).collect();
        (at + 1, all.join(" "))
    })
}

#[test]
fn every_claim_has_a_grade_and_its_source() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    below(&crate_folder.join("src"), "rs", &mut files);
    below(&crate_folder.join("../../tests/foreign"), "py", &mut files);
    let mut faults = Vec::new();
    let mut count = 0;
    for file in files
        .iter()
        .filter(|file| !file.ends_with("as_aws/evidence.rs"))
    {
        let text = fs::read_to_string(file).unwrap();
        for (line, claim) in claims(&text) {
            count += 1;
            let fault = fault(&claim);
            faults.extend(fault.map(|fault| format!("{}:{line}: {fault}", file.display())));
        }
        let is_held = file.components().any(|part| part.as_os_str() == "as_aws")
            || file.file_stem().is_some_and(|name| name == "as_aws");
        let tests = text
            .split("\n\n")
            .filter(|block| is_held && block.contains("test]\n"));
        for test in tests.filter(|test| !test.contains("Evidence: ")) {
            faults.push(format!("{}: no evidence for\n{test}", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 20, "only {count} claims were found");
}

#[test]
fn a_claim_without_evidence_is_told() {
    for claim in [
        "recorded, LocalStack `test_a`",
        "documented, \"A page\"",
        "documented, <https://docs.aws.amazon.com/a/b.html>",
        "model, `Shape`",
        "reported, owner/repository#12",
        "waited for, terraform-provider-aws retries it",
        "inferred, from the row above",
    ] {
        assert_eq!(fault(claim), None, "{claim}");
    }
    for claim in [
        "recorded",
        "recorded, LocalStack",
        "documented, the developer guide",
        "model, the model",
        "reported, somewhere",
        "waited for, Terraform",
        "inferred",
        "inferred, surely",
        "known, `test_a`",
    ] {
        assert!(fault(claim).is_some(), "{claim}");
    }
    let text = "/// Evidence: recorded,\n/// LocalStack `test_a`.\nfn a() {}\n// Evidence: inferred, from a\n";
    let found: Vec<_> = claims(text).collect();
    assert_eq!(
        found,
        [
            (1, "recorded, LocalStack `test_a`.".to_owned()),
            (4, "inferred, from a".to_owned())
        ]
    );
}
