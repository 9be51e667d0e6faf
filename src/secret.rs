//! The one type that holds what must not be seen.
//!
//! A [`Secret`] has no `Display` and no `Serialize`, its `Debug` shows nothing of it, and its memory is wiped when it is
//! dropped. The text leaves through [`Secret::expose`] only, so `grep expose` lists every door.

use std::fmt;

use serde::{Deserialize, Deserializer};
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

/// A secret may come in from anywhere; it is only the way out that is narrow.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A secret while it is being typed. Its room in memory is fixed: a text that grows leaves copies of itself behind.
pub struct Typed(Zeroizing<String>);

impl Typed {
    /// Bytes. Nobody types more; what is pasted beyond it is not taken.
    const ROOM: usize = 4_096;

    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.0.len() + c.len_utf8() <= Self::ROOM {
            self.0.push(c);
        }
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Letters so far.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was typed; nothing of it stays here.
    pub fn take(&mut self) -> Secret {
        Secret(std::mem::take(self).0)
    }
}

impl Default for Typed {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(Self::ROOM)))
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
    fn what_is_typed_stays_in_one_place_in_memory_and_has_an_end() {
        let mut typed = Typed::default();
        let place = typed.0.as_ptr();
        (0..5_000).for_each(|_| typed.push('ü'));
        assert_eq!((typed.len(), typed.0.as_ptr()), (2_048, place));
        typed.pop();
        assert_eq!((typed.take().expose().chars().count(), typed.len()), (2_047, 0));
    }

    #[test]
    fn the_mask_has_one_width_and_shows_the_end_of_long_ones_only() {
        assert_eq!(Secret::new("short").masked(), "••••••••");
        assert_eq!(Secret::new("sk_live_0123456789abcd").masked(), "••••••••abcd");
    }
}
