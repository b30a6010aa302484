//! How the names of a request's headers were spelled. API Gateway passes them to functions as they were sent, and the HTTP library has
//! them in lower case, so a connection's bytes are looked at beside it.

use std::sync::{Arc, Mutex, PoisonError};

/// The names of a request's headers, among its extensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spelling(Vec<String>);

impl Spelling {
    /// A name as it was sent; in lower case, if that is not known.
    pub(super) fn of<'n>(&'n self, name: &'n str) -> &'n str {
        let mut spelled = self.0.iter().rev();
        let found = spelled.find(|spelled| spelled.eq_ignore_ascii_case(name));
        found.map_or(name, String::as_str)
    }
}

/// The head of the request that a connection is at. Copies share it.
#[derive(Clone, Debug)]
pub(crate) struct Heads(Arc<Mutex<Option<Vec<u8>>>>);

impl Default for Heads {
    /// Before the first request.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }
}

impl Heads {
    /// Takes what was read from the connection, as far as it is of a head.
    pub(crate) fn push(&self, bytes: &[u8]) {
        const LARGEST: usize = 64 << 10;
        let mut head = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = &mut *head {
            let room = LARGEST.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// The names in the head, once it has been read. What follows is a body.
    pub(crate) fn take(&self) -> Spelling {
        let mut head = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let head = head.take().unwrap_or_default();
        let lines = head.split(|byte| *byte == b'\n').skip(1);
        let lines = lines.take_while(|line| !matches!(line, [] | [b'\r']));
        let names = lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            String::from_utf8(line[..colon].to_vec()).ok()
        });
        Spelling(names.collect())
    }

    /// What follows is a head again.
    pub(crate) fn next(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_head() {
        let heads = Heads::default();
        heads.push(b"POST /a:b HTTP/1.1\r\nHOST: a\r\ntEsT-HEADeR: 1:2\r\nContent-");
        heads.push(b"Length: 5\r\n\r\nA: b\r\n");
        let spelling = heads.take();
        assert_eq!(spelling.0, ["HOST", "tEsT-HEADeR", "Content-Length"]);
        assert_eq!(spelling.of("test-header"), "tEsT-HEADeR");
        assert_eq!(spelling.of("x-other"), "x-other");
        heads.push(b"Body: 1\r\n");
        assert_eq!(heads.take(), Spelling::default());
        heads.next();
        heads.push(b"GET / HTTP/1.1\r\nB: 1\r\n\r\n");
        assert_eq!(heads.take().0, ["B"]);
    }
}
