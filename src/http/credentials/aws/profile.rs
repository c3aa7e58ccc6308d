//! `profile_credentials`: keys from the file that Amazon's tools share. It is read anew for each request.

use std::path::PathBuf;
use std::time::Duration;

use super::{Keys, Obtained, Secret};

/// The most bytes that are read of such a file.
const LARGEST: u64 = 1 << 20;

/// `profile_credentials`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// `path`, or what stands for it.
    pub path: PathBuf,
    /// `profile`, or what stands for it.
    pub profile: String,
    /// The region.
    pub region: String,
}

// === impl Profile ===

impl Profile {
    pub(super) async fn obtain(&self) -> Result<Obtained<Keys>, String> {
        let path = self.path.display();
        let text = read(&self.path).await?;
        let value = |key: &str| {
            let value = value(&text, &self.profile, key);
            value.filter(|value| !value.is_empty())
        };
        let needed = |key: &str| {
            let missing = || format!("`{path}` has no `{key}` in the profile `{}`", self.profile);
            value(key).ok_or_else(missing)
        };
        Ok(Obtained {
            value: Keys {
                access_key: needed("aws_access_key_id")?.to_owned(),
                secret_key: needed("aws_secret_access_key")?.into(),
                session_token: value("aws_session_token").map_or_else(Secret::default, Into::into),
                region: self.region.clone(),
            },
            lifetime: Duration::ZERO,
        })
    }
}

/// Keys that are good for as long as the process runs.
pub(super) fn unending(keys: Keys) -> Obtained<Keys> {
    Obtained {
        value: keys,
        lifetime: Duration::MAX,
    }
}

pub(super) async fn read(path: &PathBuf) -> Result<String, String> {
    let failed =
        |reason: &dyn std::fmt::Display| format!("cannot read `{}`: {reason}", path.display());
    let metadata = tokio::fs::metadata(path).await;
    let size = metadata.map_err(|error| failed(&error))?.len();
    if size > LARGEST {
        return Err(failed(&"it is larger than 1 MiB"));
    }
    let text = tokio::fs::read_to_string(path).await;
    text.map_err(|error| failed(&error))
}

/// The value of `key` in the section `[section]` of a file of profiles: comments are lines of their own, or begin
/// behind a blank; nested values (lines that begin with a blank) are no keys of the section.
#[must_use]
pub fn value<'f>(file: &'f str, section: &str, key: &str) -> Option<&'f str> {
    let mut inside = false;
    let mut found = None;
    for line in file.lines() {
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split_once(']').map_or(name, |(name, _)| name);
            inside = name.split_whitespace().eq(section.split_whitespace());
        } else if inside
            && !nested
            && let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case(key)
        {
            found = Some(without_comment(value).trim());
        }
    }
    found
}

fn without_comment(value: &str) -> &str {
    let starts = [" #", " ;", "\t#", "\t;"];
    let starts = starts.into_iter().filter_map(|start| value.find(start));
    starts
        .min()
        .map_or(value, |end| value.get(..end).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_are_found_in_their_section() {
        let file = "x = before\n# c\n[default]\nx=1 # said\n; c\ns3 =\n  x = nested\ny = a=b#c\n\
                    [ profile  p ] ; c\nX = 2\nx = 3\n[broken\nx = 4";
        for (section, key, expected) in [
            ("default", "x", Some("1")),
            ("default", "y", Some("a=b#c")),
            ("default", "s3", Some("")),
            ("default", "z", None),
            ("profile p", "x", Some("3")),
            ("broken", "x", Some("4")),
            ("none", "x", None),
        ] {
            assert_eq!(value(file, section, key), expected, "{section} {key}");
        }
    }
}
