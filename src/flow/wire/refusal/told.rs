//! What a person is told of a refusal: one line what happened, one line what to do.

use super::{Meaning, Refusal, Step};
use crate::problem::{Kind, Problem};
use crate::when;

impl Refusal {
    /// The refusal as a problem, with what to do about it.
    pub fn problem(&self, service: &str, step: Step) -> Problem {
        let kind = match self.meaning {
            Meaning::GrantDead => Kind::NeedsPerson,
            _ => Kind::ServiceRefused,
        };
        Problem::new(kind, self.what(service, step), self.hint(step))
    }

    fn what(&self, service: &str, step: Step) -> String {
        let verbatim = self.verbatim();
        match self.meaning {
            Meaning::AgentOnly => {
                format!("{service} only takes agents that their platform vouches for ({verbatim}).")
            }
            Meaning::RateLimited => format!("{service} has had too many requests ({verbatim})."),
            Meaning::ClaimTokenInvalid | Meaning::ClaimExpired => {
                format!("The registration at {service} is over ({verbatim}).")
            }
            Meaning::AlreadyClaimed => {
                format!("{service} says this e-mail address has an account there already ({verbatim}).")
            }
            Meaning::InFlight => format!("{service} has a sign-up for this open already ({verbatim})."),
            Meaning::WrongCode => format!("{service} did not accept the code ({verbatim})."),
            Meaning::CodeExpired => format!("The code has expired ({verbatim})."),
            Meaning::CodeNotReady => format!("{service} waits for you to confirm first ({verbatim})."),
            Meaning::Pending | Meaning::SlowDown => format!("{service} waits for you to confirm ({verbatim})."),
            Meaning::Denied if step == Step::Authorize => format!("{service} was told not to let you in ({verbatim})."),
            Meaning::NotAdmitted => format!("{service} registers only programs that it has chosen ({verbatim})."),
            Meaning::RedirectRefused => {
                format!("{service} does not take an address of this machine for its answer ({verbatim}).")
            }
            Meaning::TokenTypeUnknown => {
                format!("{service} handed out a token without saying of which type it is ({verbatim}).")
            }
            Meaning::Denied => format!("The sign-up was turned down on {service}'s page ({verbatim})."),
            Meaning::BadAddress => format!("{service} does not take that e-mail address ({verbatim})."),
            Meaning::WaitingList => format!("{service} wants to look at the request first ({verbatim})."),
            Meaning::CredentialDead => format!("{service} says the credential is not valid any more ({verbatim})."),
            Meaning::GrantDead => match step {
                Step::Refresh => format!("{service} does not take the refresh token any more ({verbatim})."),
                Step::Exchange => format!("{service} does not take the identity assertion any more ({verbatim})."),
                Step::Redeem => format!("{service} does not take what came back of the sign-in ({verbatim})."),
                _ => format!("{service} does not know this sign-up any more ({verbatim})."),
            },
            Meaning::InvalidClient => format!("{service} wants to hear a client id that it knows ({verbatim})."),
            Meaning::ClientNotAllowed => {
                format!("{service} does not let this client {} ({verbatim}).", may(step))
            }
            Meaning::Moved => format!("{service} has moved its endpoints ({verbatim})."),
            Meaning::Unavailable => format!("{service} is in trouble ({verbatim})."),
            Meaning::NotThere => format!("{service} publishes a sign-up but has none ({verbatim})."),
            Meaning::Unreadable => format!("{service} gave an answer that cannot be read ({verbatim})."),
            Meaning::WayOff
            | Meaning::UnsupportedCredentialType
            | Meaning::Wanted
            | Meaning::UnsupportedGrant
            | Meaning::ClientRefused
            | Meaning::InvalidTarget
            | Meaning::InvalidRequest
            | Meaning::Other => format!("{service} refused to {} ({verbatim}).", step.verb()),
        }
    }

    fn hint(&self, step: Step) -> String {
        let later = || match self.retry_after {
            Some(wait) => format!("Try again in {}.", when::rough(wait)),
            None => "Wait a while, then try again.".to_owned(),
        };
        let hint = match self.meaning {
            Meaning::WayOff => {
                "It offers no other way that a person can walk here; ask the service how people sign up."
            }
            Meaning::AgentOnly => "Sign up on its web site instead, or through an agent platform it trusts.",
            Meaning::UnsupportedCredentialType => {
                "It hands out no kind of credential that it lists; report this to the service."
            }
            Meaning::RateLimited | Meaning::InFlight | Meaning::Unavailable | Meaning::SlowDown => return later(),
            Meaning::ClaimTokenInvalid | Meaning::ClaimExpired => "Start the sign-up again.",
            Meaning::AlreadyClaimed => {
                "Use the credential of that account, revoke it on the service's site, or sign up with another address."
            }
            Meaning::WrongCode => "Check the newest mail and start again.",
            Meaning::CodeExpired => "Ask for a new one.",
            Meaning::CodeNotReady => "Open the link in its mail, or finish on its page; then the code works.",
            Meaning::Pending => "Finish on its page.",
            Meaning::Denied => "If that was not you, somebody else has the link. Start again if you want the account.",
            Meaning::BadAddress => "Check the address; it may have to be the one of an account that is there already.",
            Meaning::WaitingList => "It will tell you by mail; sign up again then.",
            Meaning::Wanted => "It asks for something that this program does not know how to give.",
            Meaning::GrantDead if matches!(step, Step::Redeem | Step::Poll) => "Nothing was kept. Begin again.",
            Meaning::CredentialDead | Meaning::GrantDead => "Sign up again in place.",
            Meaning::InvalidClient => "Its documentation says which; this program has none for it.",
            Meaning::ClientNotAllowed => "Allow it on the page of the client there, or name a client that may.",
            Meaning::Moved => "Start again; discovery will find the new ones.",
            Meaning::NotThere => "Sign up on its web site, and tell the service that its metadata is wrong.",
            Meaning::NotAdmitted => {
                "This program does not pose as another. Ask the service for a client id, or for a key page."
            }
            Meaning::RedirectRefused | Meaning::ClientRefused => {
                "Register a client at the service by hand, and name its client id here."
            }
            Meaning::TokenTypeUnknown => "Nothing was kept; tell the service, RFC 6749 asks for it.",
            Meaning::Unreadable => {
                "Nothing was kept. Try again later; with AUTHMD_TUI_LOG=debug the log has the details."
            }
            Meaning::UnsupportedGrant | Meaning::InvalidTarget | Meaning::InvalidRequest | Meaning::Other => {
                "Nothing was kept. The code tells the service's support what happened."
            }
        };
        hint.to_owned()
    }
}

/// What a client would have to be allowed to.
fn may(step: Step) -> &'static str {
    match step {
        Step::Device | Step::Poll => "sign people in with a code",
        Step::Refresh => "renew a token",
        Step::Revoke => "revoke a token",
        _ => "sign people in",
    }
}
