//! A secret that is written into the stack file, where an environment's variables are or where they were meant to be: whatever is
//! wrong with its line, no error shows it.

use std::fs;

use crate::functions::m2m;
use crate::support::program::{Folder, unwrapped};

const SECRET: &str = "Zk81mQw0Lx7sVb3n";

/// A number, since the quotes around it were forgotten.
const NUMBER: &str = "48213377";

/// What the example's environment is replaced by, and what the error says.
type Row<'a> = (&'a str, &'a str);

/// Reads the stack in each way: what is wrong with the errors, which say this and show no secret.
fn faults(folder: &Folder, flags: &[&str], (written, told): Row) -> Vec<String> {
    let mut faults = Vec::new();
    for arguments in [
        &["validate"][..],
        &["validate", "--json"],
        &["plan", "--json"],
        &["apply", "--yes", "-vv"],
    ] {
        let arguments = [arguments, flags].concat();
        let ran = folder.local_logging("trace", &arguments);
        let said = ran.stdout + &ran.stderr;
        let is_told = unwrapped(&said.replace("\\\"", "\"")).contains(told);
        let is_shown = [SECRET, NUMBER].iter().any(|secret| said.contains(secret));
        if (ran.code, is_told, is_shown) != (1, true, false) {
            faults.push(format!("{written}\n{arguments:?}: {}\n{said}", ran.code));
        }
    }
    faults
}

/// The example with this in place of its environment.
fn with_environment(written: &str) -> Folder {
    let (folder, text) = m2m();
    let (before, rest) = text.split_once("environment = {").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    folder.write(&format!("{before}{written}\n{after}"));
    folder
}

#[test]
fn what_is_toml_and_wrong_is_told_without_its_value() {
    let rows: [Row; 14] = [
        ("environment = { DB_PASSWORD = \"@\" }", "GS043"),
        ("environment = { PIN_SECRET = NUMBER }", "put it in quotes"),
        (
            "environment = { PIN_SECRET = NUMBER.5 }",
            "put it in quotes",
        ),
        (
            "enviroment = { DB_PASSWORD = \"@\" }",
            "did you mean `environment`?",
        ),
        (
            "enviroment.DB_PASSWORD = \"@\"",
            "did you mean `environment`?",
        ),
        (
            "environment = \"DB_PASSWORD=@\"",
            "must be a table, not text",
        ),
        (
            "environment = '{ DB_PASSWORD = \"@\" }'",
            "must be a table, not text",
        ),
        (
            "environment = [\"DB_PASSWORD=@\"]",
            "must be a table, not a list",
        ),
        (
            "environment = { DB = { PASSWORD = \"@\" } }",
            "must be text in quotes, not a table",
        ),
        (
            "environment = { DB_PASSWORD = [\"@\"] }",
            "must be text in quotes, not a list",
        ),
        (
            "environment = { DB_PASSWORD = { it = \"@\" } }",
            "must be text in quotes, not a table",
        ),
        ("environment = { DB_PASSWORD = \"@${var.none}\" }", "GS007"),
        ("environment = { DB_PASSWORD = \"${@\" }", "GS006"),
        (
            "environment = { \"DB PASSWORD\" = \"ssm:@ now\" }",
            "is not a reference",
        ),
    ];
    let faults = rows.iter().flat_map(|(written, told)| {
        let written = written.replace('@', SECRET).replace("NUMBER", NUMBER);
        faults(&with_environment(&written), &[], (&written, told))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_function_in_another_table_is_told_without_its_values() {
    let (folder, text) = m2m();
    for table in ["function", "vars"] {
        let written =
            format!("{table} = {{ hello = {{ environment = {{ DB_PASSWORD = \"{SECRET}\" }} }} }}");
        folder.write(&format!("{written}\n{text}"));
        let told = match table {
            "vars" => "`vars.hello` must be text",
            _ => "did you mean `functions`?",
        };
        let faults = faults(&folder, &[], (&written, told));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn what_is_no_toml_is_told_without_its_value() {
    let rows: [Row; 7] = [
        (
            "DB_PASSWORD = \"@\"\nDB_PASSWORD = \"@\"",
            "duplicate `DB_PASSWORD`",
        ),
        ("DB_PASSWORD = \"@", "this text is not closed"),
        ("DB_PASSWORD = '@", "this text is not closed"),
        ("DB_PASSWORD = @", "this value is text without quotes"),
        ("DB_PASSWORD = \"@\" = 1", "not TOML"),
        ("DB_PASSWORD = \"\"\"\n@", "this text is not closed"),
        ("\"DB_PASSWORD\" = \"@\" \"@\"", "not TOML"),
    ];
    let mut all = Vec::new();
    for (line, told) in rows {
        let line = line.replace('@', SECRET);
        let written = format!("[functions.hello.environment]\n{line}");
        all.extend(faults(&with_environment(&written), &[], (&written, told)));
        // In the overlay, and as the value of a variable.
        for table in ["[functions.hello.environment]", "[vars]"] {
            let (folder, _) = m2m();
            let written = format!("[stack]\nname = \"m2m-prod\"\n{table}\n{line}\n");
            fs::write(folder.path().join("stack.prod.toml"), &written).unwrap();
            all.extend(faults(&folder, &["--env", "prod"], (&written, told)));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_variable_with_the_name_of_a_secret_is_not_shown() {
    let rows: [Row; 3] = [
        ("db_password = [\"@\"]", "must be text, a number"),
        ("db_password = { it = \"@\" }", "must be text, a number"),
        ("db_password = \"${@\"", "GS006"),
    ];
    let faults = rows.iter().flat_map(|(line, told)| {
        let (folder, text) = m2m();
        let written = format!("[vars]\n{}\n", line.replace('@', SECRET));
        folder.write(&format!("{text}{written}"));
        faults(&folder, &[], (&written, told))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
