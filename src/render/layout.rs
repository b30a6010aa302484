//! Line breaks and indents.

use crate::model::is_unseen;

/// Breaks at spaces so that no line is wider than `width`, except for a word that is. A piece in quotes or backticks is
/// one word.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for part in text.split(' ') {
        match words.last_mut() {
            Some(word) if quoted => {
                word.push(' ');
                word.push_str(part);
            }
            _ => words.push(part.to_owned()),
        }
        quoted ^= part.matches(['`', '"']).count() % 2 == 1;
    }
    words
}

/// A paragraph whose lines start `indent` spaces in.
pub(crate) fn indented(text: &str, indent: usize, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(indent));
    lines
        .iter()
        .map(|line| format!("{:indent$}{line}\n", ""))
        .collect()
}

/// A paragraph after a `head` of so many visible columns, its further lines indented by `indent` spaces.
pub(crate) fn behind(
    head: &str,
    head_width: usize,
    text: &str,
    indent: usize,
    width: usize,
) -> String {
    let mut lines = Vec::new();
    let mut room = width.saturating_sub(head_width + 1);
    let mut line = String::new();
    for word in words(text) {
        // A head that fills its line is alone; otherwise a word that is too long for any line stays where it is.
        let first = lines.is_empty() && line.is_empty();
        let wide = if first { 0 } else { line.chars().count() + 1 } + word.chars().count() > room;
        if wide
            && (!line.is_empty() || (first && word.chars().count() <= width.saturating_sub(indent)))
        {
            lines.push(std::mem::take(&mut line));
            room = width.saturating_sub(indent);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    let gap = if lines[0].is_empty() { "" } else { " " };
    format!("{head}{gap}{}\n", lines.join(&format!("\n{:indent$}", "")))
}

/// A value, such as `{ a = 1, b = [2, 3] }`, broken after its commas, so that a key stays with what it is for. Only what is wider than
/// a line without any comma is broken at spaces.
pub(crate) fn value_lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + piece.chars().count() <= width => {
                line.push(' ');
                line.push_str(&piece);
            }
            _ if piece.chars().count() <= width => lines.push(piece),
            _ => lines.extend(wrap(&piece, width)),
        }
    }
    lines
}

/// What stands between commas outside of quotes, each with its comma.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut escaped, mut comma) = (false, false, false);
    for character in text.chars() {
        if comma && character == ' ' {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        comma = character == ',' && !quoted;
    }
    pieces
}

/// Items with commas between, broken between items; inside of one only where it is wider than a line. Further lines of
/// such an item start two spaces further in.
pub(crate) fn flowing(items: &[String], indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent);
    let mut lines: Vec<String> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let item = if place + 1 < items.len() {
            format!("{item},")
        } else {
            item.clone()
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + item.chars().count() <= room => {
                line.push(' ');
                line.push_str(&item);
            }
            _ if item.chars().count() <= room => lines.push(item),
            _ => {
                let wrapped = value_lines(&item, room.saturating_sub(2));
                lines.extend(
                    wrapped
                        .into_iter()
                        .enumerate()
                        .map(|(at, line)| if at == 0 { line } else { format!("  {line}") }),
                );
            }
        }
    }
    lines
        .iter()
        .map(|line| format!("{:indent$}{line}\n", ""))
        .collect()
}

/// `1 read`, `2 reads`.
pub(crate) fn counted(number: u64, word: &str) -> String {
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A text from outside on one line: it may contain escape sequences.
pub(super) fn harmless(text: &str) -> String {
    let harmless = |c: char| if is_unseen(c) { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_outside_of_quotes() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("say `one two` now", 6), ["say", "`one two`", "now"]);
    }

    #[test]
    fn items_stay_whole_where_they_can() {
        let items = [
            "a = 1".to_owned(),
            "bb = 22".to_owned(),
            "c = 3 4 5 6 7 8".to_owned(),
            "d".to_owned(),
        ];
        assert_eq!(
            flowing(&items, 1, 14),
            " a = 1,\n bb = 22,\n c = 3 4 5 6\n   7 8, d\n"
        );
    }

    #[test]
    fn a_value_is_broken_after_its_commas() {
        let value = r#"tokens = { access = "1h, or so", id = "1h", refresh = "30d" }"#;
        assert_eq!(
            value_lines(value, 32),
            [
                r#"tokens = { access = "1h, or so","#,
                r#"id = "1h", refresh = "30d" }"#
            ]
        );
        assert_eq!(
            value_lines(r#"["a\", b", "c"]"#, 10),
            [r#"["a\", b","#, r#""c"]"#]
        );
        assert_eq!(
            flowing(&["n = 1".into(), value.into(), "z = 2".into()], 2, 36),
            "  n = 1,\n  tokens = { access = \"1h, or so\",\n    id = \"1h\", refresh = \"30d\" },\n  z = 2\n"
        );
    }

    #[test]
    fn a_paragraph_hangs_behind_its_head() {
        assert_eq!(
            behind("hint:", 5, "one two three four", 2, 13),
            "hint: one two\n  three four\n"
        );
        assert_eq!(
            behind("a long head", 11, "one two", 2, 11),
            "a long head\n  one two\n"
        );
    }

    #[test]
    fn lists_read_aloud() {
        let list = |items: &[&str]| {
            listed(
                &items
                    .iter()
                    .map(|item| (*item).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(counted(1, "read"), "1 read");
    }
}
