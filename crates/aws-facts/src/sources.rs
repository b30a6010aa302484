//! Each row has its source.

use std::fs;
use std::path::Path;

use crate::rates::RATES;

/// The rows of a file without a source in their docs.
fn without_source(text: &str) -> Vec<&str> {
    let mut docs = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("///") {
            Some(doc) => docs.push_str(doc),
            None => {
                let says = |word: &str| docs.contains(&format!("Source: {word}"));
                let has_source =
                    says("<https://docs.aws.amazon.com/") || says("AWS publishes none");
                if line.starts_with("pub const") && !line.contains("&[Rate]") && !has_source {
                    found.push(line);
                }
                docs.clear();
            }
        }
    }
    found
}

#[test]
fn every_constant_has_its_source() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rows = 0;
    for folder in [source.clone(), source.join("limits")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                assert_eq!(without_source(&text), [""; 0], "{}", path.display());
                rows += text.matches("\npub const").count();
            }
        }
    }
    assert!(rows > 60, "{rows}");
    assert_eq!(
        without_source("/// Of ours.\npub const A: u8 = 1;").len(),
        1
    );
}

#[test]
fn every_rate_has_its_source() {
    let is_sourced = |source: &str| source.starts_with("https://docs.aws.amazon.com/");
    assert!(RATES.iter().all(|rate| is_sourced(rate.source)));
    assert!(RATES.iter().all(|rate| rate.every > 0 && rate.burst > 0));
}
