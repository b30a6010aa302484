//! The templates: `stack.toml` at the top of the repository, and the folders of `examples/`.

/// A stack file and the files that it names.
#[derive(Debug)]
pub struct Template {
    /// Its name in `--template`.
    pub name: &'static str,
    /// What its stack is.
    pub says: &'static str,
    /// The arguments of a first `call`.
    pub call: &'static [&'static str],
    /// The stack file.
    pub(super) stack: &'static str,
    /// The other files.
    pub(super) files: &'static [File],
}

/// A file that a stack file names.
#[derive(Debug)]
pub(super) struct File {
    /// Its path beside the stack file, with `/`.
    pub(super) name: &'static str,
    /// What it is to the stack.
    pub(super) says: &'static str,
    /// What it holds.
    pub(super) text: &'static str,
}

/// The files of the repository.
macro_rules! repository {
    ($path:literal) => {
        include_str!(concat!("../../../", $path))
    };
}

/// Every template; the first is the default.
pub static TEMPLATES: [Template; 4] = [
    Template {
        name: "smallest",
        says: "One route, and one partner that may call it",
        call: &["acme", "GET", "/hello"],
        stack: repository!("stack.toml"),
        files: &[],
    },
    Template {
        name: "partner-api",
        says: "Three partners, and instances in private subnets",
        call: &["acme", "GET", "/policies"],
        stack: repository!("examples/partner-api/stack.toml"),
        files: &[File {
            name: "backend.sh",
            says: "what its instances run at their first start",
            text: repository!("examples/partner-api/backend.sh"),
        }],
    },
    Template {
        name: "m2m-lambda",
        says: "A service that calls a Lambda function",
        call: &["machine", "GET", "/hello"],
        stack: repository!("examples/m2m-lambda/stack.toml"),
        files: &[File {
            name: "hello/index.mjs",
            says: "the code of its function",
            text: repository!("examples/m2m-lambda/hello/index.mjs"),
        }],
    },
    Template {
        name: "petstore",
        says: "An API from its OpenAPI document, secured by scopes",
        call: &["postman", "GET", "/"],
        stack: repository!("examples/petstore/stack.toml"),
        files: &[File {
            name: "PetStore.yaml",
            says: "the OpenAPI document of its API",
            text: repository!("examples/petstore/PetStore.yaml"),
        }],
    },
];

impl Template {
    /// The one with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Files of the examples that templates leave out: the overlay needs a domain and a certificate of the user's, and the resources
    /// of the local AWS are for the overlay.
    const LEFT_OUT: [&str; 2] = ["stack.prod.toml", "local-aws.toml"];

    fn below(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| {
                if path.is_dir() {
                    below(&path)
                } else {
                    vec![path]
                }
            })
            .collect()
    }

    #[test]
    fn a_template_has_all_files_of_its_example() {
        for template in TEMPLATES.iter().skip(1) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("examples")
                .join(template.name);
            let there: BTreeSet<_> = below(&folder)
                .into_iter()
                .map(|path| {
                    let name = path.strip_prefix(&folder).unwrap();
                    name.to_str().unwrap().replace('\\', "/")
                })
                .filter(|name| !LEFT_OUT.contains(&name.as_str()))
                .collect();
            let names = template.files.iter().map(|file| file.name);
            let written: BTreeSet<_> = names.chain(["stack.toml"]).map(str::to_owned).collect();
            assert_eq!(written, there, "{}", template.name);
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for template in &TEMPLATES {
            let found = Template::named(template.name).unwrap();
            assert_eq!(found.stack, template.stack, "{}", template.name);
        }
        assert!(Template::named("").is_none());
    }
}
