//! A key that a person makes: on which page, what it is called there, and what it looks like.

use regex_lite::Regex;
use url::Url;

use super::written::Block;
use crate::trust;

const LABEL_WIDTH: usize = 40;
const PATTERN_LENGTH: usize = 300;
/// What a key is called where its page asks for that.
const KEY_NAME: &str = "authmd-tui";

/// Where a person makes a key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPage {
    pub url: Url,
    /// Somebody has seen that it is there. Else it is shown, and not opened.
    pub is_checked: bool,
}

/// What a key is called there, and what it looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyForm {
    /// A stranger's text, cleaned.
    pub label: String,
    pattern: Option<String>,
}

impl KeyForm {
    /// Is it known what one looks like?
    pub fn has_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Does it look like one of these keys, as far as the skill says?
    pub fn fits(&self, key: &str) -> bool {
        let pattern = self.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        pattern.is_none_or(|pattern| pattern.is_match(key))
    }
}

pub(super) fn form(auth: &Block, is_checked: bool) -> Result<KeyForm, String> {
    let compiles = |pattern: &String| {
        let fits = pattern.len() <= PATTERN_LENGTH && Regex::new(pattern).is_ok();
        if fits { Ok(()) } else { Err(format!("its pattern {} is none", trust::clean(pattern, 60))) }
    };
    auth.pattern.iter().try_for_each(compiles)?;
    let label = auth.label.as_deref().map(|label| trust::clean(label, LABEL_WIDTH));
    let label = label.filter(|label| !label.is_empty()).unwrap_or_else(|| "API key".to_owned());
    Ok(KeyForm { label, pattern: auth.pattern.clone().filter(|_| is_checked) })
}

/// The page may be of any site: it is shown whole, and the person goes there.
pub(super) fn page(auth: &Block, is_checked: bool) -> Result<Option<KeyPage>, String> {
    let Some(url) = auth.help_url.as_deref().filter(|_| !auth.is_oauth()) else {
        return Ok(None);
    };
    let url = super::page(url)?;
    let filled = auth.prefill.as_deref().map(|text| super::page(&text.replace("{name}", KEY_NAME))).transpose()?;
    if let Some(filled) = filled.as_ref().filter(|filled| !trust::same_site(filled, &url)) {
        return Err(format!("its prefill leads to {}, and not where its help_url does", trust::authority(filled)));
    }
    Ok(Some(KeyPage { url: filled.unwrap_or(url), is_checked }))
}
