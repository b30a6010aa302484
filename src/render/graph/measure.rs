//! The width of a text. Fonts differ between viewers, so the widest common one (DejaVu) is used: too much room is harmless, too
//! little isn't.

/// How a text looks.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Face {
    /// Running text.
    #[default]
    Plain,
    /// What explains the rest.
    Faint,
    /// The heading of a group of rows.
    Strong,
    /// Paths, scopes, addresses.
    Code,
    Method,
    /// The name of a panel.
    Name,
    /// The title of the picture.
    Title,
}

impl Face {
    /// The height of the letters, in pixels.
    pub(super) fn size(self) -> i32 {
        match self {
            Self::Plain | Self::Strong => 13,
            Self::Faint | Self::Code | Self::Method => 12,
            Self::Name => 15,
            Self::Title => 20,
        }
    }

    fn monospaced(self) -> bool {
        matches!(self, Self::Code | Self::Method)
    }

    fn bold(self) -> bool {
        matches!(self, Self::Strong | Self::Name | Self::Title | Self::Method)
    }
}

/// The most pixels a text takes.
pub(super) fn width(text: &str, face: Face) -> i32 {
    text.chars()
        .map(|character| thousandths(character, face))
        .sum::<i32>()
        .div_euclid(1000)
        + i32::from(!text.is_empty())
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(super) fn shortened(text: &str, face: Face, room: i32) -> String {
    if width(text, face) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if width(&format!("{short}{character}…"), face) > room {
            break;
        }
        short.push(character);
    }
    format!("{}…", short.trim_end())
}

/// A character's width in thousandths of a pixel.
fn thousandths(character: char, face: Face) -> i32 {
    let of_size = if !character.is_ascii() && character != '…' && character != '·' {
        1100
    } else if face.monospaced() {
        620
    } else {
        let regular = match character {
            'i' | 'l' | 'j' | 'I' | '|' | '\'' | '.' | ',' | ':' | ';' | ' ' | '·' => 350,
            'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' | '"' | '`' | '!' => 430,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1000,
            'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '#' | '^' => 800,
            _ => 640,
        };
        if face.bold() {
            regular * 11 / 10
        } else {
            regular
        }
    };
    of_size * face.size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_and_a_long_one_ends_in_an_ellipsis() {
        assert_eq!(shortened("acme", Face::Plain, 100), "acme");
        let long = "an insurer with a very long name indeed";
        let short = shortened(long, Face::Plain, 100);
        assert!(
            short.ends_with('…') && long.starts_with(short.trim_end_matches('…')),
            "{short}"
        );
        assert!(width(&short, Face::Plain) <= 100);
    }

    #[test]
    fn wide_letters_take_more_room() {
        assert!(width("mmmm", Face::Plain) > width("iiii", Face::Plain));
        assert!(width("保険", Face::Plain) > width("ab", Face::Plain));
        assert_eq!(width("mmmm", Face::Code), width("iiii", Face::Code));
    }
}
