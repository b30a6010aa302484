//! Profiles of the AWS CLI's configuration files. A named profile must exist: the SDK would silently skip a missing one and use
//! other credentials, which may be another account's.

use std::path::Path;

use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::{
    ProfileFileCredentialsProvider, ProfileFileLoadError, ProfileFileRegionProvider,
};
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, profile};

/// Why the named profile can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No file has it.
    #[error("{said_by} names the profile `{name}`, which is not in {}", files.join(" or "))]
    Unknown {
        /// What named it.
        said_by: &'static str,
        /// Its name.
        name: String,
        /// The existing profiles, sorted.
        known: Vec<String>,
        /// The searched files.
        files: Vec<String>,
    },
    /// The configuration can't be read.
    #[error("can't read the AWS configuration in {}", files.join(" and "))]
    Unreadable {
        /// Why.
        #[source]
        source: ProfileFileLoadError,
        /// The files to search.
        files: Vec<String>,
    },
}

/// The environment variable that names a profile.
const VARIABLE: &str = "AWS_PROFILE";

/// Refuses a missing profile: this one, or the one of the environment.
///
/// # Errors
/// As of [`ProfileError`].
pub async fn check_profile(named: Option<&str>) -> Result<(), ProfileError> {
    let (said_by, name) = match (named, std::env::var(VARIABLE)) {
        (Some(name), _) => ("--profile", name.to_owned()),
        (None, Ok(name)) if !name.is_empty() => (VARIABLE, name),
        _ => return Ok(()),
    };
    let files = || {
        [
            ("AWS_CONFIG_FILE", "~/.aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        ]
        .map(|(variable, usual)| std::env::var(variable).unwrap_or_else(|_| usual.to_owned()))
        .to_vec()
    };
    let (system, environment, usual) = Default::default();
    let loaded = profile::load(&system, &environment, &usual, None).await;
    let loaded = loaded.map_err(|source| ProfileError::Unreadable {
        source,
        files: files(),
    })?;
    if loaded.get_profile(&name).is_some() {
        return Ok(());
    }
    let mut known: Vec<String> = loaded.profiles().map(str::to_owned).collect();
    known.sort();
    let files = files().into_iter();
    Err(ProfileError::Unknown {
        said_by,
        name,
        known,
        files: files.map(|file| shown(&file)).collect(),
    })
}

/// A Region of the environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfiguredRegion {
    /// Its name, not checked.
    pub name: String,
    /// What names it.
    pub said_by: String,
}

/// The Region that the AWS CLI would use with this profile, or with the one of the environment: its variables come before any
/// profile. The network is not asked.
pub async fn configured_region(profile: Option<&str>) -> Option<ConfiguredRegion> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_variable = |name: &str| {
        Some(ConfiguredRegion {
            name: variable(name)?,
            said_by: name.to_owned(),
        })
    };
    if let Some(found) = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(of_variable)
    {
        return Some(found);
    }
    let named = profile.map(str::to_owned).or_else(|| variable(VARIABLE));
    let profile = named.unwrap_or_else(|| "default".to_owned());
    let provider = ProfileFileRegionProvider::builder().profile_name(&profile);
    let region = provider.build().region().await?;
    Some(ConfiguredRegion {
        name: region.to_string(),
        said_by: format!("the profile `{profile}`"),
    })
}

/// A file, with a remark if it doesn't exist.
fn shown(file: &str) -> String {
    let path = match (file.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(file).to_owned(),
    };
    if path.exists() {
        file.to_owned()
    } else if path.is_symlink() {
        format!("{file} (a link to a file that is not there)")
    } else {
        format!("{file} (no such file)")
    }
}

/// The credentials of one profile only: access keys, an assumed role, single sign-on, or a process.
pub(super) fn credentials(name: &str, region: &Region) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::without_region().with_region(Some(region.clone()));
    ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(name)
        .build()
}
