//! `docs/stack-file.md`, from the schema: every table and every setting, with what it may be, its default and an example.

mod laws;

use std::fmt::Write as _;

use serde_json::Value;

use super::editor::names_of;
use super::{alternatives, entry, follow, properties, required, resolved, words};
use crate::kinds::Lookups;
use crate::model::{ByteSize, HumanDuration, bare_or_quoted};
use crate::stack::Checked;
use crate::stack::expand::expand;
use crate::stack::interpolate;
use crate::stack::template::{GatewayTemplate, Template};
use crate::stack::testing::{codes, read};

/// The placeholder for names that the user chooses.
fn placeholder(table: &str) -> &'static str {
    match table {
        "routes" => "\"METHOD /path\"",
        "listeners" => "PORT",
        "gateway_responses" => "TYPE",
        _ => "NAME",
    }
}

/// A table of the file.
struct Table {
    /// How it is written, without brackets: `partners.NAME.tokens`. The second and further ones mean the same.
    written: Vec<String>,
    /// Whether it is a list of tables.
    listed: bool,
    /// The description of its key, without its default.
    said: String,
    schema: &'static Value,
}

impl Table {
    fn heading(&self) -> String {
        heading(&self.written[0], self.listed)
    }

    fn anchor(&self) -> String {
        let heading = self.heading().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    }

    /// Its name among the schema's definitions.
    fn definition(&self) -> &'static str {
        let definitions = resolved()["$defs"].as_object().unwrap();
        let found = definitions
            .iter()
            .find(|(_, schema)| std::ptr::eq(*schema, self.schema));
        found.map_or("", |(name, _)| name)
    }
}

fn heading(written: &str, listed: bool) -> String {
    match listed {
        true => format!("`[[{written}]]`"),
        false => format!("`[{written}]`"),
    }
}

/// The tables of a key: how each is written below the key, whether it is listed, and its schema.
fn tables_at(key: &str, schema: &'static Value) -> Vec<(String, bool, &'static Value)> {
    let mut found = Vec::new();
    for choice in alternatives(schema) {
        if properties(choice).is_some() {
            found.push((key.to_owned(), false, choice));
        }
        for (inner, listed) in [("additionalProperties", false), ("items", true)] {
            let inner = choice.get(inner).filter(|inner| inner.is_object());
            for inner in inner.into_iter().flat_map(alternatives) {
                if properties(inner).is_some() {
                    let written = match listed {
                        true => key.to_owned(),
                        false => format!("{key}.{}", placeholder(key)),
                    };
                    found.push((written, listed, inner));
                }
            }
        }
    }
    found
}

/// Every table, in the file's order, each followed by the tables in it.
fn tables() -> Vec<Table> {
    fn below(above: &str, schema: &'static Value, tables: &mut Vec<Table>) {
        for (key, held) in properties(schema).into_iter().flatten() {
            let mut found = tables_at(key, held);
            if above.is_empty() && found.is_empty() {
                // A table of user-chosen names with only values in it.
                found.push((key.clone(), false, held));
            }
            for (written, listed, schema) in found {
                let written = match above {
                    "" => written,
                    above => format!("{above}.{written}"),
                };
                match tables
                    .iter_mut()
                    .find(|table| std::ptr::eq(table.schema, schema))
                {
                    Some(table) => table.written.push(written),
                    None => {
                        tables.push(Table {
                            written: vec![written.clone()],
                            listed,
                            said: apart(&said(held)).0,
                            schema,
                        });
                        below(&written, schema, tables);
                    }
                }
            }
        }
    }
    let mut tables = Vec::new();
    below("", resolved(), &mut tables);
    tables
}

/// The description of a schema, on one line.
fn said(schema: &'static Value) -> String {
    let text = schema
        .get("description")
        .or_else(|| follow(schema).get("description"));
    let text = text.and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A description, and separately its statement about the default.
fn apart(text: &str) -> (String, Option<String>) {
    let Some((before, after)) = text.split_once("Left out: ") else {
        return (text.to_owned(), None);
    };
    let (absent, after) = after
        .split_once(". ")
        .unwrap_or((after.trim_end_matches('.'), ""));
    let kept = format!("{before}{after}");
    (kept.trim().to_owned(), Some(absent.to_owned()))
}

/// A key of a table.
struct Setting {
    key: &'static str,
    schema: &'static Value,
    required: bool,
}

impl Setting {
    fn of(table: &'static Value) -> Vec<Self> {
        let needed: Vec<_> = required(table).collect();
        let named = entry(table).map(|schema| (placeholder(""), schema));
        let settings = properties(table).into_iter().flatten();
        settings
            .map(|(key, schema)| (key.as_str(), schema))
            .chain(named)
            .map(|(key, schema)| Self {
                key,
                schema,
                required: needed.contains(&key),
            })
            .collect()
    }

    fn default(&self) -> Option<&'static Value> {
        self.schema.get("default")
    }

    fn example(&self) -> Option<&'static Value> {
        self.schema.get("examples")?.get(0)
    }

    /// Its description, and separately its default.
    fn said(&self) -> (String, Option<String>) {
        apart(&said(self.schema))
    }

    /// Whether it is a table whose settings have defaults of their own.
    fn has_defaults_inside(&self) -> bool {
        let tables = alternatives(self.schema).into_iter();
        let settings = |table| {
            let settings = Setting::of(table);
            settings.iter().all(|setting| !setting.required)
                && settings.iter().any(|setting| setting.default().is_some())
        };
        tables
            .filter(|table| properties(table).is_some())
            .any(settings)
    }

    fn holds_tables(&self) -> bool {
        let choices = alternatives(self.schema);
        choices.iter().any(|choice| {
            ["object", "array"]
                .map(Value::from)
                .contains(&choice["type"])
        })
    }

    /// The default.
    fn absent(&self) -> Option<String> {
        match (self.required, self.default(), self.said().1) {
            (true, _, _) => Some("required".into()),
            (_, Some(default), _) => Some(format!("`{}`", toml(default))),
            (_, _, Some(absent)) => Some(absent),
            (_, _, None) if self.has_defaults_inside() => {
                Some("the defaults of its settings".into())
            }
            (_, _, None) if self.holds_tables() => Some("none".into()),
            _ => None,
        }
    }
}

/// A value as the file writes it.
fn toml(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('"') => format!("'{text}'"),
        Value::String(text) => format!("\"{text}\""),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(items) if items.is_empty() => "{}".into(),
        Value::Object(items) => {
            let items = items
                .iter()
                .map(|(key, value)| format!("{} = {}", bare_or_quoted(key), toml(value)));
            format!("{{ {} }}", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// What a value may be.
fn may_be(schema: &'static Value, tables: &[Table]) -> String {
    let choices = alternatives(schema);
    let choices: Vec<_> = choices.into_iter().map(|one| shape(one, tables)).collect();
    choices.join(", or ")
}

fn shape(schema: &'static Value, tables: &[Table]) -> String {
    let words = words(schema);
    if !words.is_empty() {
        let words: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
        return words.join(", ");
    }
    if let Some(table) = tables
        .iter()
        .find(|table| std::ptr::eq(table.schema, schema))
    {
        return format!("table [{}](#{})", table.heading(), table.anchor());
    }
    match schema.get("format").and_then(Value::as_str) {
        Some(HumanDuration::FORMAT) => return "duration".into(),
        Some(ByteSize::FORMAT) => return "size".into(),
        _ => {}
    }
    let bounds = |name: &str| schema.get(name).and_then(Value::as_f64);
    let range = match (bounds("minimum"), bounds("maximum")) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        _ => String::new(),
    };
    let one = |name: &str| match name {
        "string" => text(schema).to_owned(),
        "integer" => format!("integer{range}"),
        "number" => format!("number{range}"),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => match schema.get("items") {
            Some(items) => format!("list of {}", may_be(items, tables)),
            None => "list".to_owned(),
        },
        "object" => match schema.get("additionalProperties") {
            Some(inner) => format!("named values: {}", may_be(inner, tables)),
            None => "table".to_owned(),
        },
        other => panic!("nothing says what `{other}` is"),
    };
    match &schema["type"] {
        Value::String(name) => one(name),
        Value::Array(names) => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).map(one).collect();
            names.join(", ")
        }
        other => panic!("a schema without a type: {other} in {schema}"),
    }
}

/// The kind of a text, by what it may contain.
fn text(schema: &'static Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some(Template::FORMAT) => "template",
        Some(GatewayTemplate::FORMAT) => "template with stage variables",
        _ => "text",
    }
}

/// What each word of a setting means.
fn meanings(schema: &'static Value) -> Vec<String> {
    let choices = alternatives(schema).into_iter();
    let choices = choices.flat_map(|choice| match choice.get("items") {
        Some(items) => alternatives(items),
        None => vec![choice],
    });
    let words = choices.flat_map(|choice| {
        let listed = choice.get("oneOf").and_then(Value::as_array);
        listed.into_iter().flatten()
    });
    words
        .filter_map(|word| {
            let name = word.get("const")?.as_str()?;
            let text = word.get("description")?.as_str()?;
            let text: Vec<_> = text.split_whitespace().collect();
            // "A day." doesn't explain `day`.
            let bare = text.join(" ").to_lowercase();
            if bare
                .trim_end_matches('.')
                .trim_start_matches("a ")
                .ends_with(name)
            {
                return None;
            }
            Some(format!("`\"{name}\"`: {}", text.join(" ")))
        })
        .collect()
}

fn row(setting: &Setting, definition: &str, tables: &[Table]) -> String {
    let mut may_be = vec![may_be(setting.schema, tables)];
    may_be.extend(names_of(definition, setting.key));
    let mut meaning = vec![setting.said().0];
    meaning.extend(meanings(setting.schema));
    let example = setting.example().map_or_else(String::new, |example| {
        format!("`{} = {}`", setting.key, toml(example))
    });
    let cells = [
        format!("`{}`", setting.key),
        may_be.join("; "),
        setting.absent().unwrap_or_default(),
        meaning.join(" "),
        example,
    ];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

const HEAD: &str = "# The stack file

Write `stack.toml` of these tables; only `[stack]` is required. Write what the stack needs and leave out the rest: the column
*left out* says what holds then, and [changing.md](changing.md#what-an-absent-line-means) what taking a line out does. Any
value may be or hold `${var.NAME}` and `${env.NAME}`; a template is a text that may also hold [references](#references) to what AWS
decides, such as `${account.id}`, and with stage variables `${stageVariables.NAME}`. A duration is written `\"500ms\"`, `\"15m\"`,
`\"1h 30m\"` or `\"30d\"`. Check the file with

```sh
gatestack validate
```

Editors check it by [`stack.schema.json`](../stack.schema.json). This page is made from the same schema:
`GATESTACK_UPDATE_SCHEMA=1 cargo test --lib schema` writes both.

";

fn page() -> String {
    let tables = tables();
    let mut page = String::from(HEAD);
    page += "| table | what it describes |\n|---|---|\n";
    for table in &tables {
        let (heading, anchor) = (table.heading(), table.anchor());
        writeln!(page, "| [{heading}](#{anchor}) | {} |", table.said).unwrap();
    }
    let head =
        "| setting | what it may be | left out | meaning | example |\n|---|---|---|---|---|\n";
    for table in &tables {
        write!(page, "\n## {}\n\n{}", table.heading(), table.said).unwrap();
        for (place, other) in table.written[1..].iter().enumerate() {
            let before = if place == 0 { " The same in" } else { "," };
            write!(page, "{before} {}", heading(other, table.listed)).unwrap();
        }
        let end = if table.written.len() > 1 { "." } else { "" };
        let named = table.written[0].strip_suffix(".NAME").unwrap_or_default();
        write!(page, "{end}").unwrap();
        for named in names_of("", named) {
            write!(page, " {}.", named.replace("names", "NAME has")).unwrap();
        }
        write!(page, "\n\n{head}").unwrap();
        for setting in Setting::of(table.schema) {
            page += &row(&setting, table.definition(), &tables);
        }
    }
    page += "\n## References\n\n| reference | meaning |\n|---|---|\n";
    for (name, says) in interpolate::SAID {
        writeln!(page, "| `${{{name}}}` | {says} |").unwrap();
    }
    page
}
