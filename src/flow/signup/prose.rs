//! A service that explains itself in words: they are shown, and a key that they lead to can be kept.

use jiff::Timestamp;
use url::Url;
use zeroize::Zeroizing;

use super::{SignUp, Stage};
use crate::account::{self, LayerKind};
use crate::flow::Effect;
use crate::flow::discover::{Calls, Verdict, Way};
use crate::flow::probe::Check;
use crate::flow::wire::{Credential, Expiry, Granted};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::skill::{KeyForm, Skill};
use crate::trust;

/// Longer than any key; the longest tokens seen have some 2,000 letters.
const KEY_LENGTH: usize = 4_096;
/// The first choice: the rest are links.
pub const PASTE: usize = 0;

impl SignUp {
    /// May the person bring a key from elsewhere?
    pub(super) fn can_be_brought(&self) -> bool {
        let reached = self.discovery.unreachable().is_none();
        reached
            && (self.discovery.verdict() == Verdict::Prose
                || self.by_key() && self.discovery.verdict() != Verdict::Refused)
    }

    pub(super) fn prose_picked(&mut self, picked: usize) -> Vec<Effect> {
        let links = self.discovery.document_links();
        match picked {
            PASTE => self.after_hosts(),
            _ => match links.get(picked - 1) {
                Some(link) => {
                    // The same once more leads back to the words.
                    self.link = Some(link.clone()).filter(|link| self.link.as_ref() != Some(link));
                    Vec::new()
                }
                None => self.cancel(),
            },
        }
    }

    pub(super) fn key_pasted(&mut self, pasted: &Secret, now: Timestamp) -> Vec<Effect> {
        let form = self.discovery.skill().map(|skill| &skill.form);
        let key = cleaned(pasted, form);
        let key = key.expose();
        // Some have a blank in them, and their form says so.
        let is_known = form.is_some_and(|form| form.has_pattern() && form.fits(key)) && !trust::has_invisible(key);
        if !(trust::is_word(key) || is_known) || key.len() > KEY_LENGTH {
            return self.object(Problem::new(
                Kind::Usage,
                "That is not a key: a key is one word.",
                "Copy it once more from the service's page, without what stands around it.",
            ));
        }
        // It was mailed, and is at hand: as a key it would be sent where it does not belong.
        if self.way == Way::Enrol(Calls::MagicLink) && key.contains("://") {
            let problem = Problem::new(
                Kind::Usage,
                "That is the link, not the key.",
                "Open it in a browser, and paste the key that its page shows.",
            );
            return self.object(problem);
        }
        let pasted = Secret::new(key);
        let form = form.filter(|form| !form.fits(key));
        if let (Some(form), true) = (form, self.doubted.as_ref() != Some(&pasted)) {
            let what = format!("That does not look like what {} calls {}.", self.service_name(), form.label);
            let problem = Problem::new(Kind::Usage, what, "Copy it whole; or paste the same once more to try it.");
            self.doubted = Some(pasted);
            return self.object(problem);
        }
        let check = match self.discovery.skill() {
            Some(skill) => {
                let check = Check::new(skill.tried_at.clone(), Secret::new(key), None).by(skill.trial.clone());
                check.presented(skill.presentation.clone())
            }
            None => {
                let resource = Url::parse(&self.discovery.service().resource).ok();
                let resource = resource.unwrap_or_else(|| self.discovery.target().start.clone());
                Check::new(resource, Secret::new(key), self.discovery.is_guarded()).or_otherwise()
            }
        };
        if !self.discovery.skill().is_none_or(Skill::can_be_tried) {
            // There is no harmless call: it is believed, and told so.
            return self.key_believed(&check, Secret::new(key), now);
        }
        let request = check.begin();
        self.stage = Stage::TryingKey(check, Secret::new(key));
        vec![Effect::Http(request)]
    }

    /// A key that the service refuses is not kept: it was copied wrong, or is of something else.
    pub(super) fn key_tried(
        &mut self,
        check: &Check,
        key: Secret,
        verdict: account::Verdict,
        now: Timestamp,
    ) -> Vec<Effect> {
        if let account::Verdict::Refused { status } = verdict {
            self.stage = Stage::Key;
            return self.object(Problem::new(
                Kind::ServiceRefused,
                format!("{} refuses this key ({status}).", self.service_name()),
                "Check that it is whole and of this service, or make another one; then paste it again.",
            ));
        }
        self.key_believed(check, key, now)
    }

    fn key_believed(&mut self, check: &Check, key: Secret, now: Timestamp) -> Vec<Effect> {
        let credential =
            Credential { secret: key, kind: LayerKind::ApiKey, presentation: check.presentation().clone() };
        let granted = Granted { credential: Some(credential), expiry: Expiry::Unsaid, ..Granted::default() };
        self.obtained(granted, true, now)
    }
}

/// What is copied from a page or a terminal often has blanks and line ends around it, and some within it: a key that was broken
/// over lines is put together again, and blanks go where the key's form is known and wants none.
fn cleaned(pasted: &Secret, form: Option<&KeyForm>) -> Secret {
    let lines: Zeroizing<String> = Zeroizing::new(pasted.expose().lines().map(str::trim).collect());
    let bare = Zeroizing::new(lines.split_whitespace().collect::<String>());
    let is_bare = |form: &&KeyForm| form.has_pattern() && !form.fits(&lines) && form.fits(&bare);
    Secret::new(if form.filter(is_bare).is_some() { bare.as_str() } else { lines.as_str() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_of_what_stands_around_it() {
        let form = |pattern: &str| {
            let text =
                format!("id: a\nwebsite: https://a.dev\nauth: {{help_url: 'https://a.dev', pattern: \"{pattern}\"}}\n");
            Skill::read(&text, "a").expect("a skill").form
        };
        let key = form("^sk_[a-z0-9]{8}$");
        let blank = form("^FlyV1 fm2_[a-z]+$");
        for (form, pasted, expected) in [
            (None, "  sk_1\r\n", "sk_1"),
            (None, "sk_abcd\n  efgh\n", "sk_abcdefgh"),
            (None, "two words", "two words"),
            (Some(&key), "sk_abcd efgh", "sk_abcdefgh"),
            (Some(&key), "sk_abcd e", "sk_abcd e"),
            (Some(&blank), " FlyV1 fm2_abc\n", "FlyV1 fm2_abc"),
        ] {
            assert_eq!(cleaned(&Secret::new(pasted), form).expose(), expected, "{pasted:?}");
        }
    }
}
