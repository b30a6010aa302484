//! Where a bundle goes, and encryption for whom it is for.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::x25519::Recipient;

use crate::model::Secret;

/// Where a bundle goes.
#[derive(Clone, Debug)]
pub enum Destination {
    /// One JSON document.
    Document(PathBuf),
    /// A folder of files.
    Folder(PathBuf),
    /// One JSON document, encrypted.
    Encrypted(Encryption),
    /// A SecureString parameter of this name.
    Parameter(String),
    /// A secret of this name in Secrets Manager.
    Secret(String),
}

/// For whom something is encrypted with age: any one of them can open it.
#[derive(Clone)]
pub struct Encryption(Vec<Recipient>);

/// Why something could not be encrypted.
#[derive(Debug, thiserror::Error)]
#[error("can't encrypt")]
pub struct NotEncrypted(#[source] io::Error);

impl std::fmt::Debug for Encryption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "for {} recipients", self.0.len())
    }
}

/// What an age recipient begins with.
const AGE: &str = "age1";
/// What an age identity begins with, whatever its case: it opens what the recipient closes.
const AGE_SECRET: &str = "age-secret-key-";
/// The ending of a document's name.
const DOCUMENT: &str = "json";

/// Reads where to: one place, or any number of age recipients.
///
/// # Errors
/// What makes no sense, in words that repeat nothing that could be secret.
pub fn destination(given: &[String]) -> Result<Destination, String> {
    let mut recipients = Vec::new();
    let mut places = Vec::new();
    for text in given {
        if text.to_ascii_lowercase().starts_with(AGE_SECRET) {
            return Err(
                "that is an age identity, the secret half of a key: give the recipient, which begins with age1 and which \
                 `age-keygen -y KEY_FILE` prints"
                    .to_owned(),
            );
        }
        if text.starts_with(AGE) && !text.contains(['/', '.']) {
            let recipient = Recipient::from_str(text).map_err(|error| {
                format!("'{text}' is no age recipient of the kind that age-keygen makes: {error}")
            })?;
            recipients.push(recipient);
        } else {
            places.push(place(text)?);
        }
    }
    match (recipients.is_empty(), places.len()) {
        (true, 1) => Ok(places.remove(0)),
        (false, 0) => Ok(Destination::Encrypted(Encryption(recipients))),
        (_, 0) => Err("say where to".to_owned()),
        _ => Err(
            "'--to' goes to one place, or to any number of age recipients: run the command again for another place"
                .to_owned(),
        ),
    }
}

fn place(text: &str) -> Result<Destination, String> {
    let named = |prefix: &str, what: &str| match text.strip_prefix(prefix) {
        Some("") => Some(Err(format!("'{prefix}' lacks the name of the {what}"))),
        Some(name) => Some(Ok(name.to_owned())),
        None => None,
    };
    if let Some(name) = named("ssm:", "parameter") {
        return name.map(Destination::Parameter);
    }
    if let Some(name) = named("secretsmanager:", "secret") {
        return name.map(Destination::Secret);
    }
    if matches!(text, "-" | "" | "/dev/stdout" | "/dev/stderr") {
        return Err(
            "secrets are not printed: name a folder, FILE.json, an age recipient, ssm:NAME or secretsmanager:NAME"
                .to_owned(),
        );
    }
    // Without a slash at the end, where other names are made of it.
    let path: PathBuf = Path::new(text).components().collect();
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        _ if text.ends_with(['/', std::path::MAIN_SEPARATOR]) || path.is_dir() => {
            Ok(Destination::Folder(path))
        }
        None => Ok(Destination::Folder(path)),
        Some(DOCUMENT) => Ok(Destination::Document(path)),
        Some("age") => Err(format!(
            "'{text}' would be encrypted for nobody: give the recipient with '--to age1…' and the file with '--out {text}'"
        )),
        Some(_) => Err(format!(
            "a bundle is one JSON document or a folder: end '{text}' with .json, or with a slash to make it a folder"
        )),
    }
}

impl Encryption {
    /// How many can open it.
    pub fn recipients(&self) -> usize {
        self.0.len()
    }

    /// A text that only they can read.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn encrypt(&self, text: &Secret) -> Result<Vec<u8>, NotEncrypted> {
        let recipients = self
            .0
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient);
        let failed = |error: age::EncryptError| NotEncrypted(io::Error::other(error));
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(failed)?;
        let mut encrypted = Vec::new();
        let mut writer = encryptor
            .wrap_output(&mut encrypted)
            .map_err(NotEncrypted)?;
        writer
            .write_all(text.expose().as_bytes())
            .map_err(NotEncrypted)?;
        writer.finish().map_err(NotEncrypted)?;
        Ok(encrypted)
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;
    use age::x25519::Identity;

    use super::*;

    fn to(given: &[&str]) -> Result<Destination, String> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        destination(&given)
    }

    #[test]
    fn a_place_is_known_by_how_it_is_written() {
        assert!(matches!(to(&["acme"]), Ok(Destination::Folder(_))));
        assert!(matches!(to(&["acme.co/"]), Ok(Destination::Folder(_))));
        assert!(matches!(
            to(&["out/acme.json"]),
            Ok(Destination::Document(_))
        ));
        assert!(matches!(to(&["ssm:/a/b"]), Ok(Destination::Parameter(name)) if name == "/a/b"));
        assert!(matches!(to(&["secretsmanager:a"]), Ok(Destination::Secret(name)) if name == "a"));
        // A path all the same.
        assert!(matches!(to(&["./age1acme"]), Ok(Destination::Folder(_))));
        for (given, words) in [
            (&["acme.zip"][..], "end 'acme.zip' with .json"),
            (&["acme.age"], "encrypted for nobody"),
            (&["-"], "not printed"),
            (&["ssm:"], "lacks the name of the parameter"),
            (&["age1acme"], "no age recipient"),
            (&["a", "b"], "one place"),
        ] {
            let error = to(given).unwrap_err();
            assert!(error.contains(words), "{given:?}: {error}");
        }
    }

    #[test]
    fn each_recipient_can_open_it_and_nobody_else() {
        let [one, other, stranger] = [(); 3].map(|()| Identity::generate());
        let recipients = [&one, &other].map(|identity| identity.to_public().to_string());
        let Ok(Destination::Encrypted(encryption)) = destination(&recipients) else {
            panic!("two recipients are one destination");
        };
        assert_eq!(encryption.recipients(), 2);
        let closed = encryption.encrypt(&Secret::new("s3cr3t")).unwrap();
        assert!(!String::from_utf8_lossy(&closed).contains("s3cr3t"));
        for identity in [one, other] {
            assert_eq!(age::decrypt(&identity, &closed).unwrap(), b"s3cr3t");
        }
        assert!(age::decrypt(&stranger, &closed).is_err());
    }

    #[test]
    fn an_identity_is_refused_and_not_repeated() {
        let identity = Identity::generate().to_string();
        for given in [
            identity.expose_secret().to_owned(),
            identity.expose_secret().to_lowercase(),
        ] {
            let error = to(&[&given]).unwrap_err();
            assert!(
                error.contains("secret half") && !error.contains(&given),
                "{error}"
            );
        }
        let mixed = [
            Identity::generate().to_public().to_string(),
            "acme.json".to_owned(),
        ];
        assert!(destination(&mixed).unwrap_err().contains("one place"));
    }
}
