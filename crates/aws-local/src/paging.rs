//! Pages of a list, and the token for the next one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A token that is not from a page of this list.
#[derive(Debug, PartialEq)]
pub struct InvalidToken;

/// One page of `rows`, which are sorted by their keys, and the token for the next page if there is one.
///
/// `list` names the list (an operation and what it lists), so that another list's token is refused. A token holds the last key of
/// its page, so new or deleted rows between two pages shift nothing.
///
/// # Errors
/// If `token` is not from this list.
pub fn page<'k, T>(
    list: &str,
    rows: impl Iterator<Item = (&'k str, T)>,
    size: usize,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), InvalidToken> {
    let after = token
        .map(|token| read(list, token).ok_or(InvalidToken))
        .transpose()?;
    let mut rows = rows
        .skip_while(|(key, _)| after.as_deref().is_some_and(|after| *key <= after))
        .peekable();
    let mut page = Vec::new();
    let mut last = "";
    while page.len() < size
        && let Some((key, row)) = rows.next()
    {
        last = key;
        page.push(row);
    }
    let next = rows.peek().map(|_| write(list, last));
    Ok((page, next))
}

fn write(list: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{key}"))
}

fn read(list: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (of, key) = text.split_once('\n')?;
    (of == list).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> impl Iterator<Item = (&'static str, u8)> {
        [("a", 1), ("b", 2), ("c", 3)].into_iter()
    }

    #[test]
    fn pages_follow_one_another_and_end() {
        let (first, next) = page("list", rows(), 2, None).unwrap();
        assert_eq!(first, [1, 2]);
        assert_eq!(
            page("list", rows(), 2, next.as_deref()),
            Ok((vec![3], None))
        );
        assert_eq!(page("list", rows(), 3, None), Ok((vec![1, 2, 3], None)));
    }

    #[test]
    fn a_foreign_token_is_refused() {
        let (_, next) = page("another", rows(), 2, None).unwrap();
        assert_eq!(page("list", rows(), 2, next.as_deref()), Err(InvalidToken));
        assert_eq!(page("list", rows(), 2, Some("nonsense")), Err(InvalidToken));
    }
}
