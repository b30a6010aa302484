//! The destination of a bundle, and encryption for its recipients.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::x25519::Recipient;

use crate::lock;
use crate::model::shorten::shortened;
use crate::model::{Secret, is_unseen};

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

/// The age recipients: any one of them can decrypt it.
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

/// The prefix of an age recipient. It is Bech32, which may be all upper case.
const AGE: &str = "age1";
/// The marker of an age identity, in any case.
const AGE_SECRET: &str = "age-secret-key-";
/// The prefix of an age plugin's identity.
const AGE_PLUGIN_SECRET: &str = "age-plugin-";
/// The error about an identity, which doesn't repeat it.
pub const IDENTITY: &str = "that is an age identity, the secret half of a key: give the recipient, which begins with age1 and which \
                            `age-keygen -y KEY_FILE` prints";
/// The types of SSH keys, the first word of one.
const SSH: [&str; 8] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];
/// The start of an SSH key's encoded part: the length of its type's name, and the name.
const SSH_ENCODED: [&str; 4] = ["AAAAB3Nza", "AAAAC3Nza", "AAAAE2Vj", "AAAAG"];
/// The prefix of a Systems Manager parameter.
const PARAMETER: &str = "ssm:";
/// The prefix of a Secrets Manager secret.
const SECRET: &str = "secretsmanager:";
/// The ending of a document's name.
const DOCUMENT: &str = "json";

/// Parses the destination: one place, or any number of age recipients.
///
/// # Errors
/// The mistake, without repeating anything that could be secret.
pub fn destination(given: &[String]) -> Result<Destination, String> {
    let mut recipients = Vec::new();
    let mut places = Vec::new();
    for text in given.iter().map(|text| text.trim()) {
        let lower = text.to_ascii_lowercase();
        if is_identity(text) {
            return Err(IDENTITY.to_owned());
        }
        if let Some(key) = other_key(text) {
            return Err(format!(
                "that is {key}, and '--to' encrypts for age recipients only: ask for one, which begins with age1 and which \
                 `age-keygen` makes, or write FILE.json and encrypt it for that key yourself"
            ));
        }
        if lower.starts_with(AGE) && !text.contains(['/', '.']) {
            recipients.push(recipient(text, &lower)?);
        } else if holds_a_key(text) {
            return Err(
                "that looks like a key with something around it, or like a key of a kind that gatestack does not know: give one age \
                 recipient for each '--to', without quotes, and write a folder of such a name with ./ before it"
                    .to_owned(),
            );
        } else {
            places.push(place(text)?);
        }
    }
    match (recipients.is_empty(), places.len()) {
        (true, 1) => Ok(places.remove(0)),
        (false, 0) => Ok(Destination::Encrypted(Encryption(recipients))),
        (_, 0) => Err("say where to".to_owned()),
        _ => Err(
            "'--to' takes one destination, or any number of age recipients: run the command again for another destination"
                .to_owned(),
        ),
    }
}

/// Whether a text contains an age identity, the private key of a recipient.
pub fn is_identity(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plugins = lower.trim().strip_prefix(AGE_PLUGIN_SECRET);
    let of_plugin = plugins.and_then(|rest| rest.rsplit_once("-1"));
    lower.contains(AGE_SECRET) || of_plugin.is_some_and(|(_, data)| data.len() >= 6)
}

fn recipient(text: &str, lower: &str) -> Result<Recipient, String> {
    let said = shortened(text);
    if text != lower && text != text.to_ascii_uppercase() {
        return Err(format!(
            "'{said}' mixes upper and lower case, which no age recipient does: copy it again"
        ));
    }
    // The last 1 precedes the data, which contains none.
    if let Some((kind, _)) = lower.rsplit_once('1')
        && let Some(plugin) = kind.strip_prefix(AGE).filter(|plugin| !plugin.is_empty())
    {
        return Err(format!(
            "'{said}' is a recipient of age's plugin `{}`, and gatestack has no plugins: give a recipient that \
             `age-keygen` makes, or write FILE.json and encrypt it with `age -r {said} FILE.json`",
            shortened(plugin)
        ));
    }
    Recipient::from_str(lower).map_err(|error| {
        format!("'{said}' is not an age recipient of the kind that age-keygen makes: {error}")
    })
}

/// The type of a key that is not age's; its text is not repeated, since it may be private.
fn other_key(text: &str) -> Option<&'static str> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_ssh = SSH.iter().any(|name| first.eq_ignore_ascii_case(name));
    if is_ssh || SSH_ENCODED.iter().any(|start| text.starts_with(start)) {
        return Some("an SSH key");
    }
    if text.contains("-----BEGIN") {
        return Some("a key or certificate in PEM or PGP armor");
    }
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    let hexadecimal = digits.chars().all(|c| c.is_ascii_hexdigit());
    (hexadecimal && matches!(digits.len(), 16 | 32 | 40 | 64))
        .then_some("the fingerprint of a PGP key")
}

/// The length of letters and digits that is not a folder's name.
const NO_NAME: usize = 40;

/// Whether a text may contain a key: a long run of base64, or an invisible character.
fn holds_a_key(text: &str) -> bool {
    let is_a_place = text.contains(['/', '\\'])
        || text.ends_with(&format!(".{DOCUMENT}"))
        || text.starts_with(PARAMETER)
        || text.starts_with(SECRET);
    if is_a_place {
        return false;
    }
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=');
    let runs = text.split(|c: char| !of_a_key(c));
    let unseen = |c: char| is_unseen(c) && !c.is_control();
    text.contains(unseen) || runs.map(str::len).max() >= Some(NO_NAME)
}

fn place(text: &str) -> Result<Destination, String> {
    let named = |prefix: &str, what: &str| match text.strip_prefix(prefix) {
        Some("") => Some(Err(format!("'{prefix}' lacks the name of the {what}"))),
        Some(name) => Some(Ok(name.to_owned())),
        None => None,
    };
    if let Some(name) = named(PARAMETER, "parameter") {
        let name = name?;
        if lock::is_one(&name) {
            return Err(format!(
                "'{name}' is where gatestack keeps the locks of stacks: choose a name outside of {}",
                lock::FOLDER
            ));
        }
        return Ok(Destination::Parameter(name));
    }
    if let Some(name) = named(SECRET, "secret") {
        return name.map(Destination::Secret);
    }
    if matches!(text, "-" | "" | "/dev/stdout" | "/dev/stderr") {
        return Err(
            "secrets are not printed: name a folder, FILE.json, an age recipient, ssm:NAME or secretsmanager:NAME"
                .to_owned(),
        );
    }
    if text.contains(char::is_control) {
        return Err("a name can't contain control characters".to_owned());
    }
    let said = shortened(text);
    // A folder with a colon in its name is most likely a misspelled destination. One letter is a Windows drive.
    if let Some((scheme, _)) = text.split_once(':')
        && scheme.len() > 1
        && !scheme.contains(['/', '.', '\\'])
    {
        return Err(format!(
            "'{}:' is not a destination that gatestack knows: expected FOLDER, FILE.json, age1…, ssm:NAME or \
             secretsmanager:NAME; write a folder of that name as './{said}'",
            shortened(scheme)
        ));
    }
    // Without a slash at the end, for derived names.
    let path: PathBuf = Path::new(text).components().collect();
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        _ if text.ends_with(['/', std::path::MAIN_SEPARATOR]) || path.is_dir() => {
            Ok(Destination::Folder(path))
        }
        None => Ok(Destination::Folder(path)),
        Some(DOCUMENT) => Ok(Destination::Document(path)),
        Some("age") => Err(format!(
            "'{said}' has no recipient to encrypt for: give the recipient with '--to age1…' and the file with '--out {said}'"
        )),
        Some(_) => Err(format!(
            "a bundle is one JSON document or a folder: end '{said}' with .json, or with a slash to make it a folder"
        )),
    }
}

impl Encryption {
    /// The number of recipients.
    pub fn recipients(&self) -> usize {
        self.0.len()
    }

    /// An encrypted text.
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
        let near = to(&["ssm:/gatestack/locks/a"]);
        assert!(matches!(near, Ok(Destination::Parameter(_))));
        assert!(matches!(to(&["secretsmanager:a"]), Ok(Destination::Secret(name)) if name == "a"));
        // A path all the same.
        assert!(matches!(to(&["./age1acme"]), Ok(Destination::Folder(_))));
        for (given, words) in [
            (&["acme.zip"][..], "end 'acme.zip' with .json"),
            (&["acme.age"], "no recipient to encrypt for"),
            (&["-"], "not printed"),
            (&["ssm:"], "lacks the name of the parameter"),
            (
                &["ssm:/gatestack/lock/hello"],
                "outside of /gatestack/lock/",
            ),
            (&["age1acme"], "not an age recipient"),
            (&["a", "b"], "one destination"),
            (&["   "], "not printed"),
            (&["SSM:/a/b"], "'SSM:' is not a destination"),
            (&["secretmanager:a"], "secretsmanager:NAME"),
            (
                &["arn:aws:kms:eu-west-1:123456789012:key/1"],
                "'arn:' is not a destination",
            ),
            (&["s3://bucket/acme.json"], "'s3:' is not a destination"),
            (&["acme\nbeta"], "control characters"),
        ] {
            let error = to(given).unwrap_err();
            assert!(error.contains(words), "{given:?}: {error}");
        }
    }

    #[test]
    fn a_recipient_may_be_in_upper_case_and_between_blanks() {
        let identity = Identity::generate();
        let recipient = identity.to_public().to_string();
        for text in [
            recipient.to_uppercase(),
            format!(" {recipient}\n"),
            format!("\t{}", recipient.to_uppercase()),
        ] {
            let Ok(Destination::Encrypted(encryption)) = to(&[&text]) else {
                panic!("{text:?} is a recipient");
            };
            let closed = encryption.encrypt(&Secret::new("s3cr3t")).unwrap();
            assert_eq!(age::decrypt(&identity, &closed).unwrap(), b"s3cr3t");
        }
        let mixed = format!("AGE1{}", &recipient[4..]);
        assert!(to(&[&mixed]).unwrap_err().contains("upper and lower case"));
    }

    #[test]
    fn keys_of_other_kinds_are_no_folders_and_not_repeated() {
        let encoded = "AAAAC3NzaC1lZDI1NTE5AAAAIB6hRyTKBLwR0TVPqTZWXBDgKnAvMdMmSVPyLEpq4Tvf";
        let ed25519 = format!("ssh-ed25519 {encoded} ann@example.com");
        for (text, words) in [
            (ed25519.as_str(), "an SSH key"),
            ("ssh-ed25519", "an SSH key"),
            (" SSH-RSA AAAAB3NzaC1yc2EAAAA", "an SSH key"),
            (encoded, "an SSH key"),
            ("-----BEGIN PGP PUBLIC KEY BLOCK-----\nxsBNBF", "PGP armor"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn", "PEM or PGP"),
            ("0x3AA5C34371567BD2", "PGP key"),
            (
                "4B05 9D8F 6F1E 3AA5 C343 7156 7BD2 3AA5 C343 7156",
                "PGP key",
            ),
        ] {
            let error = to(&[text]).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
            assert!(!error.contains(text.trim()), "{error}");
        }
        for text in [
            format!("'{ed25519}'"),
            format!("\"{ed25519}\""),
            format!("<{encoded}>"),
        ] {
            assert!(to(&[&text]).unwrap_err().contains("an SSH key"), "{text}");
        }
        // A folder may begin like one.
        assert!(matches!(to(&["ssh-access"]), Ok(Destination::Folder(_))));
        let plugin = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
        let error = to(&[plugin]).unwrap_err();
        assert!(error.contains("plugin `yubikey`"), "{error}");
        assert!(error.contains(&format!("age -r {plugin}")), "{error}");
    }

    #[test]
    fn a_key_with_something_around_it_is_no_folder() {
        let recipient = Identity::generate().to_public().to_string();
        for text in [
            format!("\"{recipient}\""),
            format!("'{recipient}'"),
            format!("\u{feff}{recipient}"),
            format!("<{recipient}>"),
            format!("recipient={recipient}"),
            "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".to_owned(),
            "acme\u{200b}".to_owned(),
        ] {
            let error = to(&[&text]).unwrap_err();
            assert!(
                error.contains("./") && !error.contains(&recipient),
                "{text:?}: {error}"
            );
        }
        for text in [
            format!("{recipient}\u{200b}"),
            format!("{recipient},{recipient}"),
        ] {
            assert!(to(&[&text]).is_err(), "{text:?}");
        }
        for text in [
            "acme-reinsurance-of-the-north-and-of-the-south",
            "./RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.json",
            "ssm:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071",
        ] {
            assert!(to(&[text]).is_ok(), "{text}");
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
            format!("  {}", identity.expose_secret()),
            format!("# public key: age1x\n{}", identity.expose_secret()),
            "AGE-PLUGIN-YUBIKEY-1QQQSYQCYQ5RQWZQFC8".to_owned(),
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
        assert!(destination(&mixed).unwrap_err().contains("one destination"));
    }
}
