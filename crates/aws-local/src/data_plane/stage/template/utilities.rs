//! `$util`: API Gateway's functions on texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

/// Applies a function to a text; none if it is unknown or fails.
pub(super) fn call(function: &str, text: &str) -> Option<String> {
    Some(match function {
        "escapeJavaScript" => escape_java_script(text),
        "urlEncode" => form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        "urlDecode" => url_decode(text),
        "base64Encode" => STANDARD.encode(text),
        "base64Decode" => String::from_utf8(STANDARD.decode(text).ok()?).ok()?,
        _ => return None,
    })
}

/// By the rules of Java's usual library: single quotes and slashes too, and everything outside ASCII by its UTF-16 code.
fn escape_java_script(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let short = match u8::try_from(unit) {
            Ok(0x08) => "\\b",
            Ok(b'\t') => "\\t",
            Ok(b'\n') => "\\n",
            Ok(0x0c) => "\\f",
            Ok(b'\r') => "\\r",
            Ok(b'"') => "\\\"",
            Ok(b'\'') => "\\'",
            Ok(b'/') => "\\/",
            Ok(b'\\') => "\\\\",
            Ok(plain @ 0x20..0x7f) => {
                escaped.push(char::from(plain));
                continue;
            }
            _ => {
                escaped.push_str(&format!("\\u{unit:04X}"));
                continue;
            }
        };
        escaped.push_str(short);
    }
    escaped
}

/// The text that was form-encoded.
fn url_decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}
