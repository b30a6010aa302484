//! A request as a curl command line without the secrets.

use crate::model::shell_word;

/// A request as curl sends it.
pub(crate) struct Curl {
    /// Lines to read first, without the `#`.
    pub(crate) comments: Vec<String>,
    pub(crate) method: String,
    /// Where it goes.
    pub(crate) url: String,
    /// Its headers in order.
    pub(crate) headers: Vec<(String, Worth)>,
    /// The source of its body.
    pub(crate) body: Option<Body>,
    /// Flags about the response.
    pub(crate) flags: Vec<&'static str>,
}

/// The value of a header.
pub(crate) enum Worth {
    Text(String),
    /// A text followed by a shell variable with a secret.
    Variable(&'static str, &'static str),
}

/// The source of a body.
pub(crate) enum Body {
    /// The command line.
    Text(String),
    /// A file; `-` is the standard input.
    File(String),
}

/// The command line, its comments before it.
pub(crate) fn command_line(curl: &Curl) -> String {
    let mut words = vec!["curl".to_owned()];
    words.extend(curl.flags.iter().map(|flag| (*flag).to_owned()));
    words.push(match curl.method.as_str() {
        // With -X HEAD curl would wait for a body that never comes.
        "HEAD" => "--head".to_owned(),
        method => format!("-X {}", shell_word(method)),
    });
    let mut lines = vec![words.join(" ")];
    for (name, worth) in &curl.headers {
        lines.push(match worth {
            // An empty header needs a semicolon; with a colon curl omits it.
            Worth::Text(text) if text.is_empty() => {
                format!("-H {}", shell_word(&format!("{name};")))
            }
            Worth::Text(text) => format!("-H {}", shell_word(&format!("{name}: {text}"))),
            Worth::Variable(before, variable) => format!("-H \"{name}: {before}${variable}\""),
        });
    }
    match &curl.body {
        Some(Body::Text(text)) => lines.push(format!("--data-raw {}", shell_word(text))),
        Some(Body::File(file)) => {
            lines.push(format!("--data-binary {}", shell_word(&format!("@{file}"))))
        }
        None => {}
    }
    lines.push(shell_word(&curl.url));
    let comments = curl.comments.iter().map(|comment| format!("# {comment}\n"));
    comments.collect::<String>() + &lines.join(" \\\n  ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_survives_a_shell_and_holds_no_secret() {
        let curl = Curl {
            comments: vec!["GATESTACK_TOKEN=$(gatestack token acme)".into()],
            method: "POST".into(),
            url: "https://abc.execute-api.eu-west-1.amazonaws.com/prod/claims?q=a%20b&x=1".into(),
            headers: vec![
                (
                    "Authorization".into(),
                    Worth::Variable("Bearer ", "GATESTACK_TOKEN"),
                ),
                ("X-Note".into(), Worth::Text("it's".into())),
                ("X-Empty".into(), Worth::Text(String::new())),
            ],
            body: Some(Body::Text("{\"a\": 1}".into())),
            flags: vec!["-i"],
        };
        insta::assert_snapshot!(command_line(&curl), @r#"
        # GATESTACK_TOKEN=$(gatestack token acme)
        curl -i -X POST \
          -H "Authorization: Bearer $GATESTACK_TOKEN" \
          -H 'X-Note: it'\''s' \
          -H 'X-Empty;' \
          --data-raw '{"a": 1}' \
          'https://abc.execute-api.eu-west-1.amazonaws.com/prod/claims?q=a%20b&x=1'
        "#);
    }
}
