//! A function's handler: the file that contains it, and what it is called there.

use aws_facts::runtimes::{Family, Runtime};

use super::archive::{BOOTSTRAP, Code};
use super::binary::check_program;
use super::fault::{CodeFault, listed};

/// The handlers that need not be written, by language, each with the files that imply it. Node.js and Python: what AWS's console
/// creates and what its tools' examples do.
const IMPLIED: [(Family, &str, &[&str]); 7] = [
    (
        Family::NodeJs,
        "index.handler",
        &["index.mjs", "index.js", "index.cjs"],
    ),
    (Family::Python, "app.handler", &["app.py"]),
    (
        Family::Python,
        "lambda_function.lambda_handler",
        &["lambda_function.py"],
    ),
    (Family::Ruby, "app.handler", &["app.rb"]),
    (
        Family::Ruby,
        "lambda_function.lambda_handler",
        &["lambda_function.rb"],
    ),
    (Family::Provided, BOOTSTRAP, &[BOOTSTRAP]),
    (Family::Go, "main", &["main"]),
];

/// The handler of a function: the one that is given, or the one that its files imply. With code at hand, its file must be there,
/// unless a layer may have it. Without, for an object in S3 or before the first build, the language's first one is taken.
///
/// # Errors
/// No handler is given and none is implied, or its file is not there or can't be run.
pub fn handler(
    runtime: &Runtime,
    given: Option<&str>,
    code: Option<&Code>,
    has_layers: bool,
) -> Result<String, CodeFault> {
    let handler = match given {
        Some(given) => given.to_owned(),
        None => implied(runtime, code, has_layers)?,
    };
    let Some(code) = code else {
        return Ok(handler);
    };
    let Some(candidates) = candidates(runtime.family, &handler) else {
        return Err(CodeFault::new(
            format!("handler `{handler}` does not name a file and a function in it"),
            format!("write it as {}", shape(runtime.family)),
        ));
    };
    let is_there = |name: &&String| code.is_executable(name).is_some();
    match candidates.iter().find(is_there) {
        Some(file)
            if runtime.family == Family::Provided && code.is_executable(file) == Some(false) =>
        {
            Err(CodeFault::new(
                format!("{file} in {} may not be run", code.origin().display()),
                "set its executable bit (chmod +x) and pack it again",
            ))
        }
        Some(file) if runtime.family == Family::Provided => {
            check_program(code, file)?;
            Ok(handler)
        }
        Some(_) => Ok(handler),
        None if candidates.is_empty() || has_layers => Ok(handler),
        None => Err(missing(runtime, &candidates, code)),
    }
}

fn implied(runtime: &Runtime, code: Option<&Code>, has_layers: bool) -> Result<String, CodeFault> {
    let mut rows = IMPLIED
        .iter()
        .filter(|(family, ..)| *family == runtime.family)
        .peekable();
    let Some((_, first, _)) = rows.peek() else {
        return Err(CodeFault::new(
            format!("{} needs a handler", runtime.id),
            format!("write handler = \"…\", as {}", shape(runtime.family)),
        ));
    };
    let Some(code) = code else {
        return Ok((*first).to_owned());
    };
    let all: Vec<String> = rows
        .clone()
        .flat_map(|(.., files)| files.iter().map(|file| (*file).to_owned()))
        .collect();
    let there = |files: &[&str]| files.iter().any(|file| code.is_executable(file).is_some());
    let mut found = rows.clone().filter(|(.., files)| there(files));
    match (found.next(), found.next()) {
        (Some((_, handler, _)), None) => Ok((*handler).to_owned()),
        (Some((_, one, _)), Some((_, other, _))) => Err(CodeFault::new(
            format!(
                "{} implies two handlers, {one} and {other}",
                code.origin().display()
            ),
            format!("write handler = \"{one}\" or handler = \"{other}\""),
        )),
        (None, _) if has_layers => Ok((*first).to_owned()),
        (None, _) => Err(missing(runtime, &all, code)),
    }
}

/// The files that may contain a handler; none may be named for languages whose archives aren't looked into, and `None` is a
/// handler of another form.
fn candidates(family: Family, handler: &str) -> Option<Vec<String>> {
    let (folder, name) = handler
        .rsplit_once('/')
        .map_or(("", handler), |(folder, name)| (folder, name));
    let place = |file: String| match folder {
        "" => file,
        folder => format!("{folder}/{file}"),
    };
    Some(match family {
        // The runtime splits the last part of the path at its first dot.
        Family::NodeJs => {
            let (module, _) = parts(name.split_once('.'))?;
            let endings = ["js", "mjs", "cjs"];
            endings
                .map(|ending| place(format!("{module}.{ending}")))
                .to_vec()
        }
        Family::Python => {
            let (module, _) = parts(handler.rsplit_once('.'))?;
            let module = module.replace('.', "/");
            vec![format!("{module}.py"), format!("{module}/__init__.py")]
        }
        Family::Ruby => {
            let (module, _) = parts(name.split_once('.'))?;
            vec![place(format!("{module}.rb"))]
        }
        Family::Provided => vec![BOOTSTRAP.to_owned()],
        Family::Go => vec![handler.to_owned()],
        Family::Java | Family::DotNet => Vec::new(),
    })
}

fn parts<'h>(split: Option<(&'h str, &'h str)>) -> Option<(&'h str, &'h str)> {
    split.filter(|(module, function)| !module.is_empty() && !function.is_empty())
}

fn shape(family: Family) -> &'static str {
    match family {
        Family::NodeJs => "FILE.EXPORT, such as \"index.handler\"",
        Family::Python => "FILE.FUNCTION, such as \"app.handler\"",
        Family::Ruby => "FILE.METHOD, such as \"app.handler\"",
        Family::Java => "PACKAGE.CLASS::METHOD, such as \"example.Handler::handleRequest\"",
        Family::DotNet => "ASSEMBLY::CLASS::METHOD",
        Family::Go | Family::Provided => "the program's name",
    }
}

fn missing(runtime: &Runtime, candidates: &[String], code: &Code) -> CodeFault {
    let wanted = match candidates {
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
        [] => unreachable!("a language without files has no missing one"),
    };
    // What is at the top tells most; a folder stands for what is in it.
    let mut top: Vec<String> = Vec::new();
    for name in code.names() {
        let first = match name.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => name.to_owned(),
        };
        if top.last() != Some(&first) && !top.contains(&first) {
            top.push(first);
        }
    }
    let help = match runtime.family {
        Family::Provided => format!(
            "build the program as `{BOOTSTRAP}` into the folder that `source` names, or write the runtime of its language"
        ),
        _ if code.names().any(|name| name.ends_with(".ts")) => {
            "compile TypeScript first, with `build`, and name the folder with the JavaScript as `source`".to_owned()
        }
        family => format!("add it, or write handler = \"…\", as {}", shape(family)),
    };
    CodeFault::new(
        format!(
            "there is no {wanted} in {}, which has {}",
            code.origin().display(),
            listed(top.iter().map(String::as_str))
        ),
        help,
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aws_facts::runtimes::runtime;

    use super::*;
    use crate::code::Origin;

    fn found(id: &str, given: Option<&str>, files: &[&str]) -> Result<String, CodeFault> {
        let folder = tempfile::TempDir::new().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "#!/bin/sh\n").unwrap();
        }
        let code = Code::read(&Origin::Folder(folder.path().to_owned())).unwrap();
        handler(runtime(id).unwrap(), given, code.as_ref(), false)
    }

    #[test]
    fn the_file_decides_the_handler() {
        for (id, files, expected) in [
            ("nodejs24.x", &["index.mjs"][..], "index.handler"),
            (
                "nodejs24.x",
                &["index.cjs", "package.json"],
                "index.handler",
            ),
            ("python3.14", &["app.py"], "app.handler"),
            (
                "python3.14",
                &["lambda_function.py"],
                "lambda_function.lambda_handler",
            ),
            ("ruby4.0", &["app.rb"], "app.handler"),
            ("provided.al2023", &["bootstrap"], "bootstrap"),
        ] {
            assert_eq!(
                found(id, None, files).as_deref(),
                Ok(expected),
                "{id} {files:?}"
            );
        }
        let two = found("python3.14", None, &["app.py", "lambda_function.py"]).unwrap_err();
        assert!(two.help.contains("handler = \"app.handler\" or"), "{two}");
        let java = found("java25", None, &["a.jar"]).unwrap_err();
        assert!(java.help.contains("PACKAGE.CLASS::METHOD"), "{java}");
    }

    #[test]
    fn a_given_handler_is_looked_for_as_the_runtime_does() {
        for (id, given, file) in [
            ("nodejs24.x", "src/main.api.get", "src/main.mjs"),
            ("nodejs24.x", "main.handler", "main.js"),
            ("python3.14", "api/get.handler", "api/get.py"),
            ("python3.14", "api.get.handler", "api/get.py"),
            ("python3.14", "api.handler", "api/__init__.py"),
            ("ruby4.0", "api/get.Api.call", "api/get.rb"),
            (
                "java25",
                "example.Handler::handleRequest",
                "example/Handler.class",
            ),
            ("provided.al2023", "anything", "bootstrap"),
        ] {
            assert_eq!(
                found(id, Some(given), &[file]).as_deref(),
                Ok(given),
                "{id}"
            );
            if id != "java25" {
                let other = found(id, Some(given), &["other.txt"]).unwrap_err();
                assert!(other.what.ends_with("which has other.txt"), "{other}");
            }
        }
        for (id, given) in [
            ("nodejs24.x", "handler"),
            ("python3.14", ".handler"),
            ("nodejs24.x", "src/index."),
        ] {
            let wrong = found(id, Some(given), &["index.mjs"]).unwrap_err();
            assert!(
                wrong.what.contains("does not name a file"),
                "{given}: {wrong}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_what_is_there() {
        let files = ["src/index.mjs", "src/lib.mjs", "README.md", "package.json"];
        let node = found("nodejs24.x", None, &files).unwrap_err();
        assert!(
            node.what
                .contains("there is no index.mjs, index.js or index.cjs in"),
            "{node}"
        );
        assert!(
            node.what
                .ends_with("which has README.md, package.json, src/"),
            "{node}"
        );
        let typescript = found("nodejs24.x", None, &["index.ts"]).unwrap_err();
        assert!(
            typescript.help.contains("compile TypeScript"),
            "{typescript}"
        );
        let rust = found("provided.al2023", None, &["hello"]).unwrap_err();
        assert!(rust.what.contains("there is no bootstrap in"), "{rust}");
        let many = found("python3.14", None, &["1", "2", "3", "4", "5", "6", "7"]).unwrap_err();
        assert!(
            many.what.contains("no app.py or lambda_function.py in"),
            "{many}"
        );
        assert!(many.what.ends_with("1, 2, 3, 4, 5 and 2 more"), "{many}");
    }

    #[test]
    fn a_layer_may_have_the_file_and_a_build_may_come_later() {
        let node = runtime("nodejs24.x").unwrap();
        assert_eq!(
            handler(node, None, None, false).as_deref(),
            Ok("index.handler")
        );
        let folder = tempfile::TempDir::new().unwrap();
        fs::write(folder.path().join("config.json"), "{}").unwrap();
        let code = Code::read(&Origin::Folder(folder.path().to_owned())).unwrap();
        let layered = "/opt/nodejs/node_modules/wrapper/handler.handler";
        assert_eq!(
            handler(node, Some(layered), code.as_ref(), true).as_deref(),
            Ok(layered)
        );
        assert_eq!(
            handler(node, None, code.as_ref(), true).as_deref(),
            Ok("index.handler")
        );
        assert!(handler(node, Some(layered), code.as_ref(), false).is_err());
    }

    #[test]
    fn a_program_in_a_zip_file_must_be_executable() {
        use std::io::Write as _;
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("code.zip");
        let provided = runtime("provided.al2023").unwrap();
        for (mode, fine) in [(0o644, false), (0o755, true)] {
            let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
            let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
            writer.start_file(BOOTSTRAP, options).unwrap();
            writer.write_all(b"#!/bin/sh\n").unwrap();
            writer.finish().unwrap();
            let code = Code::read(&Origin::Zip(path.clone())).unwrap();
            let checked = handler(provided, None, code.as_ref(), false);
            assert_eq!(checked.is_ok(), fine, "{checked:?}");
        }
    }
}
