//! The one type that holds what must not be seen.
//!
//! A [`Secret`] has no `Display` and no `Serialize`, its `Debug` shows nothing of it, and its memory is wiped when it is
//! dropped. The text leaves through [`Secret::expose`] only, so `grep expose` lists every door.

use std::fmt;

use zeroize::Zeroizing;

/// A credential, a one-time code, a claim token, or anything else a person typed that is nobody's business.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Callers hand it to the service it belongs to, to the store, or to the person who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A fixed-width mask with the last four characters, or none of them where four would be a good part of the whole.
    pub fn masked(&self) -> String {
        let length = self.0.chars().count();
        let shown = if length >= 16 { 4 } else { 0 };
        let tail: String = self.0.chars().skip(length - shown).collect();
        format!("••••••••{tail}")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_not_even_the_length() {
        assert_eq!(format!("{:?}", Secret::new("sk_live_1")), format!("{:?}", Secret::new("")));
    }

    #[test]
    fn the_mask_has_one_width_and_shows_the_end_of_long_ones_only() {
        assert_eq!(Secret::new("short").masked(), "••••••••");
        assert_eq!(Secret::new("sk_live_0123456789abcd").masked(), "••••••••abcd");
    }
}
