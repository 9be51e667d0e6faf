//! What an account is now: computed from its layers, the clock and the notes taken of it.

use jiff::{SignedDuration, Timestamp};

use super::{Account, Layer, LayerKind, Note, Proof, Renewal, Revoking, Verdict};

/// What a person has to know of an account at a glance. Computed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Revoked,
    Expired,
    Due,
    Unclaimed,
    Unreachable,
    Unknown,
    Renews,
    Ok,
}

impl Status {
    pub const ALL: [Status; 8] = [
        Status::Revoked,
        Status::Expired,
        Status::Due,
        Status::Unclaimed,
        Status::Unreachable,
        Status::Unknown,
        Status::Renews,
        Status::Ok,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Renews => "renews",
            Status::Due => "due",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
            Status::Unclaimed => "unclaimed",
            Status::Unknown => "unknown",
            Status::Unreachable => "unreachable",
        }
    }

    pub fn sign(self) -> char {
        match self {
            Status::Ok => '●',
            Status::Renews => '↻',
            Status::Due => '◐',
            Status::Expired => '✗',
            Status::Revoked => '⊘',
            Status::Unclaimed => '○',
            Status::Unknown => '?',
            Status::Unreachable => '!',
        }
    }

    /// Does it wait for somebody to do something?
    pub fn needs_person(self) -> bool {
        matches!(self, Status::Revoked | Status::Expired | Status::Due | Status::Unclaimed)
    }
}

impl Account {
    /// When the account stops renewing itself: with the last of what gets the next credential. The inner `None` where no
    /// end is known.
    fn renews_until(&self) -> Option<Option<Timestamp>> {
        let ends = self.layers.iter().filter(|layer| layer.kind.gets_the_next()).map(|layer| layer.expires_at);
        // No end known is later than any.
        let last = ends.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))?;
        // Nobody renews what lapses unless a person confirms it, nor does somebody whom the server does not know any more.
        let ends = |kind| self.layer(kind).and_then(|layer| layer.expires_at);
        let bounds = [ends(LayerKind::Claim), ends(LayerKind::ClientRegistration), last];
        self.is_renewed().then_some(bounds.into_iter().flatten().min())
    }

    /// When somebody has to do something: the end of what does not renew itself.
    pub fn person_needed_at(&self) -> Option<Timestamp> {
        self.renews_until().unwrap_or_else(|| self.expires_at())
    }

    /// Does the credential work now, as far as is known?
    pub fn works_yet(&self, now: Timestamp) -> bool {
        !self.lacks_credential() && !self.is_refused() && self.credential_ends().is_none_or(|end| end > now)
    }

    /// Was it turned away after its end, and gets the next credential by itself? That is no news.
    pub fn is_between_credentials(&self) -> bool {
        let outlived = |proof: &Proof| self.expires_at().is_some_and(|end| proof.at >= end);
        self.is_refused()
            && self.spending.is_none()
            && self.proof.as_ref().is_some_and(outlived)
            && self
                .proof
                .is_some_and(|proof| self.renews_until().is_some_and(|end| end.is_none_or(|end| end > proof.at)))
    }

    /// The layer whose end that is: the clock that counts.
    pub fn binding(&self) -> Option<&Layer> {
        let end = self.person_needed_at()?;
        // What gets renewed until then does not bind.
        let is_renewed =
            |layer: &Layer| self.is_renewed() && matches!(layer.kind, LayerKind::AccessToken | LayerKind::ApiKey);
        self.layers.iter().find(|layer| layer.expires_at == Some(end) && !is_renewed(layer))
    }

    /// Does it wait for somebody to do something?
    pub fn needs_person(&self, now: Timestamp, due_within: SignedDuration) -> bool {
        self.spending.is_some() || self.more.revoking.is_some() || self.status(now, due_within).needs_person()
    }

    pub fn status(&self, now: Timestamp, due_within: SignedDuration) -> Status {
        let renews = self.renews_until();
        let ends = self.person_needed_at();
        let ended = ends.filter(|end| *end <= now);
        let refused = self.proof.filter(|_| self.is_refused());
        let outlived = |proof: &Proof| self.expires_at().is_some_and(|end| proof.at >= end);
        match (refused, ended) {
            // Nobody knows what the service made of it, so nothing better can be said.
            _ if self.spending.is_some() => Status::Unknown,
            // What was refused after its end, and renews itself, is no news.
            (Some(proof), None) if renews.is_some() && outlived(&proof) => Status::Renews,
            // Refused after its end is no news; refused before it, somebody revoked it.
            (Some(proof), _) if outlived(&proof) => Status::Expired,
            (Some(_), _) => Status::Revoked,
            (None, Some(_)) => Status::Expired,
            (None, None) if !self.claimed => Status::Unclaimed,
            (None, None) if ends.is_some_and(|end| end.duration_since(now) <= due_within) => Status::Due,
            (None, None) if matches!(self.proof, Some(Proof { verdict: Verdict::Unreachable, .. })) => {
                Status::Unreachable
            }
            (None, None) if renews.is_some() => Status::Renews,
            (None, None) if ends.is_none() && self.verified_at.is_none() => Status::Unknown,
            (None, None) => Status::Ok,
        }
    }

    /// Takes a note, unless the credential it is about is not the one held any more; true where it is.
    pub fn note(&mut self, note: Note, obtained: Option<Timestamp>) -> bool {
        if self.obtained_at() != obtained {
            return false;
        }
        match note {
            Note::Proof(proof) => self.proven(proof),
            Note::Shown(presentation, proof) => {
                self.presentation = presentation;
                self.proven(proof);
            }
            Note::Spending(since) => self.spending = Some(since),
            Note::Unspent => self.spending = None,
            Note::Review { again, .. } => self.more.review_at = Some(again),
            Note::Claimed(_) => self.claimed = true,
            Note::HandedOver { .. } => {}
            Note::Revoking(at) => {
                self.more.revoking.get_or_insert_with(|| Box::new(Revoking::since(at)));
            }
            Note::NotRevoked { at, why, .. } => {
                let revoking = self.more.revoking.get_or_insert_with(|| Box::new(Revoking::since(at)));
                revoking.tries += 1;
                revoking.why = Some(why);
            }
            Note::KeptAfterAll { .. } | Note::Undeclared => self.more.revoking = None,
            Note::Narrows => self.more.narrows = true,
            Note::NoRefresh => {
                self.spending = None;
                self.renewal = Renewal::Person;
                self.more.narrows = false;
            }
            Note::NoClient => {
                self.spending = None;
                self.renewal = Renewal::Person;
                self.more.narrows = false;
                self.client = None;
            }
        }
        true
    }

    fn proven(&mut self, proof: Proof) {
        // What was refused once stays refused until the service accepts it again: silence is no pardon.
        if self.is_refused() && matches!(proof.verdict, Verdict::Unclear { .. } | Verdict::Unreachable) {
            return;
        }
        if matches!(proof.verdict, Verdict::Accepted { .. }) {
            self.verified_at = Some(proof.at);
            // What nobody had made theirs in time would not work any more.
            self.claimed |= self.claim_ends().is_some_and(|end| end <= proof.at);
        }
        self.proof = Some(proof);
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::account::{AccountId, DUE_WITHIN, Mode, More, Revocation, Source, StoreKind};
    use crate::http::Presentation;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3_600).expect("in range")
    }

    fn account(expires: Option<Timestamp>) -> Account {
        Account {
            id: AccountId::new("https://api.acme.dev/", None, &[]),
            service: "Acme".into(),
            resource: "https://api.acme.dev/".into(),
            label: None,
            identity: None,
            mode: Mode::AuthMd,
            scopes: vec![],
            layers: vec![Layer { kind: LayerKind::ApiKey, expires_at: expires }],
            claimed: true,
            start: Url::parse("https://api.acme.dev/").expect("valid"),
            metadata: None,
            guarded: Some(true),
            presentation: Presentation::Bearer,
            renewal: Renewal::Person,
            revocation: Revocation::None,
            client: None,
            bound: false,
            store: StoreKind::Memory,
            source: Source::Own,
            created_at: Some(at(-100)),
            renewed_at: None,
            verified_at: None,
            proof: None,
            spending: None,
            more: More::default(),
        }
    }

    fn proven(mut account: Account, hours: i64, verdict: Verdict) -> Status {
        account.note(Note::Proof(Proof { at: at(hours), verdict }), Some(at(-100)));
        account.status(at(0), DUE_WITHIN)
    }

    #[test]
    fn status_follows_the_clock_and_the_last_proof() {
        let refused = Verdict::Refused { status: 401 };
        assert_eq!(account(Some(at(24 * 30))).status(at(0), DUE_WITHIN), Status::Ok);
        assert_eq!(account(Some(at(24 * 7))).status(at(0), DUE_WITHIN), Status::Due);
        assert_eq!(account(Some(at(0))).status(at(0), DUE_WITHIN), Status::Expired);
        assert_eq!(account(None).status(at(0), DUE_WITHIN), Status::Unknown);
        assert_eq!(proven(account(None), -1, Verdict::Accepted { status: 200 }), Status::Ok);
        assert_eq!(proven(account(Some(at(24 * 30))), -1, refused), Status::Revoked);
        assert_eq!(proven(account(Some(at(-2))), -1, refused), Status::Expired);
        assert_eq!(proven(account(Some(at(-1))), -2, refused), Status::Revoked);
        assert_eq!(proven(account(Some(at(24 * 30))), -1, Verdict::Unreachable), Status::Unreachable);
        assert_eq!(proven(account(Some(at(24))), -1, Verdict::Unreachable), Status::Due);
        assert_eq!(Account { claimed: false, ..account(None) }.status(at(0), DUE_WITHIN), Status::Unclaimed);
    }

    #[test]
    fn what_was_refused_stays_so_until_it_is_accepted() {
        for silence in [Verdict::Unclear { status: 403 }, Verdict::Unreachable] {
            let mut refused = account(Some(at(24 * 30)));
            refused.note(Note::Proof(Proof { at: at(-2), verdict: Verdict::Refused { status: 401 } }), Some(at(-100)));
            assert_eq!(proven(refused.clone(), -1, silence), Status::Revoked);
            assert_eq!(proven(refused, -1, Verdict::Accepted { status: 200 }), Status::Ok);
        }
    }

    #[test]
    fn a_key_that_works_after_the_time_to_claim_it_was_claimed() {
        let mut account = account(None);
        (account.claimed, account.mode) = (false, Mode::Direct);
        account.layers.push(Layer { kind: LayerKind::Claim, expires_at: Some(at(2)) });
        let accepted = |hours| Note::Proof(Proof { at: at(hours), verdict: Verdict::Accepted { status: 200 } });
        account.note(accepted(1), account.obtained_at());
        assert_eq!(account.status(at(1), DUE_WITHIN), Status::Unclaimed, "it would work either way");
        assert_eq!(account.status(at(3), DUE_WITHIN), Status::Expired);
        account.note(accepted(3), account.obtained_at());
        assert_eq!(account.status(at(3), DUE_WITHIN), Status::Ok);
        assert!(account.expires_at().is_none() && account.review_at().is_some());
    }

    #[test]
    fn what_renews_itself_needs_nobody_until_its_refresh_token_ends() {
        let url = Url::parse("https://auth.acme.dev/token").expect("valid");
        let refreshing = |refresh_ends: Option<i64>| {
            let mut account = account(Some(at(-1)));
            account.renewal = Renewal::Refresh { url: url.clone(), resource: None };
            account.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: refresh_ends.map(at) });
            account
        };
        let status = |account: &Account| account.status(at(0), DUE_WITHIN);
        assert_eq!(status(&refreshing(None)), Status::Renews, "the access token has ended, and that is no matter");
        assert_eq!(status(&refreshing(Some(24 * 30))), Status::Renews);
        assert_eq!(status(&refreshing(Some(24))), Status::Due);
        assert_eq!(status(&refreshing(Some(0))), Status::Expired);
        assert_eq!(proven(refreshing(None), 0, Verdict::Refused { status: 401 }), Status::Renews);
        assert_eq!(proven(refreshing(None), -2, Verdict::Refused { status: 401 }), Status::Revoked);
        let mut in_doubt = refreshing(None);
        in_doubt.note(Note::Spending(at(-1)), Some(at(-100)));
        assert_eq!(status(&in_doubt), Status::Unknown);
        in_doubt.note(Note::NoRefresh, Some(at(-100)));
        assert_eq!((status(&in_doubt), in_doubt.renewal), (Status::Expired, Renewal::Person));
    }

    #[test]
    fn a_proof_about_a_credential_that_was_replaced_is_dropped() {
        let mut renewed = Account { renewed_at: Some(at(-1)), ..account(None) };
        renewed.note(Note::Proof(Proof { at: at(0), verdict: Verdict::Refused { status: 401 } }), Some(at(-100)));
        assert_eq!(renewed.proof, None);
    }
}
