//! An API from its OpenAPI document, with the real program.

use std::fs;
use std::path::Path;

use crate::support::program::{Folder, example, repository, unwrapped};

const DOCUMENT: &str = "PetStore.yaml";

/// The example, with its document, in a folder of its own.
pub(crate) fn pet_store() -> Folder {
    let folder = Folder::with(&example("petstore"));
    let document = repository("examples/petstore").join(DOCUMENT);
    fs::copy(document, folder.path().join(DOCUMENT)).unwrap();
    folder
}

/// Exchanges what the document says.
fn edit(folder: &Folder, from: &str, to: &str) {
    let path = folder.path().join(DOCUMENT);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// The fields of the only change that is planned.
fn changed(folder: &Folder) -> (String, Vec<String>) {
    let plan = folder.plan(&[]);
    let changes = plan["changes"].as_array().unwrap();
    let route = changes.iter().find(|change| {
        let address = change["address"].as_str().unwrap();
        address.starts_with("api.routes.")
    });
    let route = route.unwrap_or_else(|| panic!("{changes:#?}"));
    let fields = route["fields"].as_array().unwrap();
    let names = fields
        .iter()
        .map(|field| field["name"].as_str().unwrap().to_owned());
    (
        route["address"].as_str().unwrap().to_owned(),
        names.collect(),
    )
}

#[test]
fn the_example_from_the_first_apply_to_the_last_trace() {
    let folder = pet_store();
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);

    let call = |more: &[&str]| {
        let ran = folder.local(&[&["call", "postman"], more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    let welcome = call(&["GET", "/", "--without", "token"]);
    assert_eq!(
        welcome,
        r#"{"message": "Welcome to your Pet Store API", "pets": "/pets"}"#
    );
    assert_eq!(call(&["GET", "/pets/3"]), "a stand-in\n");
    let refused = call(&["GET", "/pets", "--without", "token", "--include"]);
    assert!(refused.contains("401"), "{refused}");
    let reading = ["POST", "/pets", "-d", "{}", "--include", "--scope"];
    let refused = call(&[&reading[..], &["petstore/read"]].concat());
    assert!(refused.contains("401"), "{refused}");
    let written = call(&[&reading[..], &["petstore/write"]].concat());
    assert!(written.contains("200"), "{written}");
    let verified = folder.local(&["verify", "--include-writes"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);

    // The document changes, field by field.
    edit(
        &folder,
        "httpMethod: POST\n",
        "httpMethod: POST\n        timeoutInMillis: 5000\n",
    );
    assert_eq!(
        changed(&folder),
        ("api.routes.\"POST /pets\"".into(), vec!["timeout".into()])
    );
    folder.apply(&[]);
    edit(
        &folder,
        "  /pets/{petId}:\n    get:",
        "  /pets/{petId}:\n    delete:",
    );
    edit(
        &folder,
        "httpMethod: GET\n        uri: http://petstore.execute-api.us-east-1.amazonaws.com/petstore/pets/{petId}",
        "uri: http://petstore.execute-api.us-east-1.amazonaws.com/petstore/pets/{petId}",
    );
    assert_eq!(
        folder.planned(),
        [
            "create api.routes.\"DELETE /pets/{petId}\"",
            "delete api.routes.\"GET /pets/{petId}\"",
            "update api/deployment",
        ]
    );
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);

    let ran = folder.local(&["destroy", "--confirm", "petstore"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let left = folder.local(&["plan", "--destroy"]).stdout;
    assert!(left.contains("Nothing to destroy"), "{left}");
}

#[test]
fn what_came_from_the_document_is_shown_and_every_mistake_is_told_before_anything_is_written() {
    let folder = pet_store();
    let ran = folder.run(&["validate"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!("validate", ran.stdout);

    edit(&folder, "    post:\n", "    psot:\n");
    edit(
        &folder,
        "#/components/schemas/Welcome",
        "#/components/schemas/Welcom",
    );
    let stack = example("petstore").replace("\"test\"", "\"te st\"");
    folder.write(&stack);
    for command in [&["validate"][..], &["--local", "apply", "--yes"]] {
        let ran = folder.run(command);
        assert_eq!(ran.code, 1, "{command:?}");
        let told = unwrapped(&ran.stderr);
        for what in [
            "`#/components/schemas/Welcom` does not exist --> PetStore.yaml:17:23",
            "`psot` is not a method --> PetStore.yaml:54:5",
            "the stage name `te st` holds a space --> stack.toml:22:12",
        ] {
            assert!(told.contains(what), "{what}\n{}", ran.stderr);
        }
    }
    assert!(
        !folder.path().join(".gatestack").exists(),
        "nothing was written"
    );
}

#[test]
fn a_document_in_several_files_is_one_api() {
    let folder = pet_store();
    folder.apply(&[]);
    let path = |name: &str| folder.path().join(name);
    let text = fs::read_to_string(path(DOCUMENT)).unwrap();
    let (before, rest) = text.split_once("  /pets/{petId}:\n").unwrap();
    let (item, after) = rest.split_once("components:\n").unwrap();
    fs::create_dir(path("paths")).unwrap();
    let item: String = item
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    let item = item.replace("#/components", "../PetStore.yaml#/components");
    fs::write(path("paths/pet.yaml"), item).unwrap();
    let reference = "  /pets/{petId}:\n    $ref: paths/pet.yaml\n";
    fs::write(
        path(DOCUMENT),
        format!("{before}{reference}components:\n{after}"),
    )
    .unwrap();
    assert_eq!(folder.planned(), [""; 0], "it says the same");
}

#[test]
fn documents_are_read_as_safely_as_other_files() {
    let folder = pet_store();
    let validated = |openapi: &str| {
        let stack = example("petstore").replace("\"PetStore.yaml\"", &format!("\"{openapi}\""));
        folder.write(&stack);
        let ran = folder.run(&["validate"]);
        assert_eq!(ran.code, 1, "{openapi}\n{}", ran.stdout);
        unwrapped(&ran.stderr)
    };
    let told = validated("../PetStore.yaml");
    assert!(
        told.contains("`../PetStore.yaml` is outside of the stack file's folder"),
        "{told}"
    );
    let told = validated("nothing.yaml");
    assert!(told.contains("there is no file `nothing.yaml`"), "{told}");
    fs::write(folder.path().join("large.yaml"), "a".repeat((6 << 20) + 1)).unwrap();
    let told = validated("large.yaml");
    assert!(
        told.contains("`large.yaml` and what belongs to it have more than 6 MiB"),
        "{told}"
    );
    fs::write(folder.path().join("latin.yaml"), b"openapi: \xe9").unwrap();
    let told = validated("latin.yaml");
    assert!(told.contains("`latin.yaml` is not UTF-8 text"), "{told}");
    fs::create_dir(folder.path().join("folder")).unwrap();
    let told = validated("folder");
    assert!(told.contains("it is a folder, not a file"), "{told}");
    assert!(!Path::new(&folder.path().join(".gatestack")).exists());
}
