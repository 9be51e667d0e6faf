//! What the answers of the ceremony hold. One reader for all of them: services put the same things into the answer to a
//! registration, a claim, a completed claim or a token request, and differ in which and where.
//!
//! ```text
//!   names the registration   claim_token · claim.token · registrationId …      → Handle
//!   opens a page or a code   claim · claim_attempt · claim.attempt · attempt   → Attempt
//!   hands something out      credential · access_token · identity.assertion …  → Granted
//! ```

pub mod granted;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

pub use granted::{Credential, Expiry, Granted, Refresh, RefreshAt, Token, client_id};

use super::refusal::{Meaning, Refusal, Step, refusal};
use super::{object, payload};
use crate::http::Response;
use crate::json::Document;
use crate::secret::Secret;
use crate::{json, trust};

const CLAIM_EXPIRES: &[&str] = &["claim_token_expires", "claim_expires_at", "claim_token_expires_at"];
const CODE_EXPIRES: &[&str] = &["expires_at", "otp_expires_at", "code_expires_at", "expires"];
/// A page with the code in its address, and one where it is typed.
pub const COMPLETE_PAGE: &[&str] = &["verification_uri_complete", "verification_url_complete"];
pub const PAGE: &[&str] = &["verification_uri", "verification_url", "claim_view_url", "claim_link", "login_url"];
const USER_CODE: &[&str] = &["user_code", "claim_code"];
const COMPLETE: &[&str] = &["complete_url", "claim_complete_url", "claim_complete_uri", "claim_complete_endpoint"];
/// Longer than any code that a person could type.
const CODE_WIDTH: usize = 40;
const MESSAGE_WIDTH: usize = 200;

/// What an answer holds; where it holds nothing of a kind, nothing is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    pub handle: Option<Handle>,
    pub claim_expires_at: Option<Timestamp>,
    pub claim_url: Option<Url>,
    pub complete_url: Option<Url>,
    pub attempt: Option<Attempt>,
    pub granted: Granted,
    pub standing: Standing,
    pub scopes_after_claim: Vec<String>,
    /// The service's own words, cleaned.
    pub message: Option<String>,
    /// Who the client is to say it is at the token endpoint.
    pub client_id: Option<String>,
    /// The grant type under which the token endpoint takes this claim.
    pub claim_grant: Option<String>,
}

/// What names the registration in the calls that follow. Lives for the ceremony only.
#[derive(Debug, Clone, PartialEq)]
pub struct Handle {
    /// The member that it is sent back in.
    pub name: &'static str,
    pub value: Secret,
    /// A token made for the claim, rather than something else that will do in its place.
    pub is_token: bool,
    /// It came in a block of its own, and so do the bodies that go with it.
    pub nested: bool,
}

/// A claim that is open now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attempt {
    /// Handed to us for the person to type on the service's page. Where there is none, the person is given one to bring.
    pub code: Option<String>,
    pub page: Option<Url>,
    /// The page with the code filled in (RFC 8628, section 3.3.1): for a camera.
    pub complete: Option<Url>,
    pub expires_at: Option<Timestamp>,
    /// How long to wait between two looks (RFC 8628, section 3.2).
    pub interval: Option<Duration>,
}

/// How far the claim is, where the answer says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Unsaid,
    Pending,
    Claimed,
}

impl Standing {
    /// `otherwise` where nothing is said.
    fn or(self, otherwise: Self) -> Self {
        if self == Standing::Unsaid { otherwise } else { self }
    }
}

impl Reply {
    /// Does it lead on from a call of this kind?
    fn suffices(&self, step: Step) -> bool {
        let handed_out = self.granted.credential.is_some() || self.granted.assertion.is_some();
        match step {
            Step::Register => {
                self.handle.is_some()
                    || handed_out
                    || self.attempt.is_some()
                    || self.claim_url.is_some()
                    || self.standing != Standing::Unsaid
            }
            Step::Exchange => self.granted.credential.is_some(),
            Step::Refresh => handed_out,
            Step::Complete => handed_out || self.standing == Standing::Claimed,
            Step::Poll => handed_out || self.standing != Standing::Unsaid || self.attempt.is_some(),
            Step::Claim | Step::Revoke | Step::Challenge => true,
            // These answers have readers of their own.
            Step::ClientRegistration | Step::Authorize | Step::Device | Step::Redeem => true,
        }
    }
}

/// Reads an answer; `base` is what relative addresses in it are relative to.
pub fn reply(response: &Response, step: Step, base: &Url, now: Timestamp) -> Result<Reply, Refusal> {
    if let Some(standing) = without_words(response, step) {
        return Ok(Reply { standing, ..Reply::default() });
    }
    let refusal = refusal(response, step, base, now);
    let Some(answer) = accepted(response, step, &refusal) else {
        return Err(refusal);
    };
    if step == Step::Register && json::member(&answer, &["agent_auth", "issuer"]).is_some() {
        // Metadata in place of an answer: the page is published under the name of an endpoint.
        return Err(Refusal { meaning: Meaning::NotThere, ..refusal });
    }
    let mut reply = read(&answer, step, base, now);
    if step == Step::Register && response.status == 202 && refusal.meaning == Meaning::Other {
        // Accepted, and under way: in words, at most.
        reply.standing = reply.standing.or(Standing::Pending);
    }
    match refusal.meaning {
        _ if reply.suffices(step) => Ok(reply),
        Meaning::Other | Meaning::Pending => Err(Refusal { meaning: Meaning::Unreadable, ..refusal }),
        // A no that came as a yes.
        _ => Err(refusal),
    }
}

/// What a yes with nothing in it says: the mail is on its way, the registration under way (the address names it), the code
/// was good. A 200 with nothing in it may be anybody's.
fn without_words(response: &Response, step: Step) -> Option<Standing> {
    let empty = response.is_success() && response.body.expose().trim().is_empty();
    match step {
        Step::Claim if empty => Some(Standing::Unsaid),
        Step::Register if empty && response.status != 200 => Some(Standing::Pending),
        Step::Complete if empty && response.status != 200 => Some(Standing::Claimed),
        _ => None,
    }
}

/// The payload of an answer that says yes. A claim block that comes with a refusal is an invitation.
fn accepted(response: &Response, step: Step, refusal: &Refusal) -> Option<Document> {
    const INVITES: [&str; 3] = ["interaction_required", "account_claim_required", "claim_required"];
    let mut answer = Document::new(object(response)?);
    // What is to be claimed may stand beside the code of the error.
    if let Some(error) = json::member(&answer, &["error"]).filter(|error| error.get("claim").is_some()) {
        answer = lifted(&answer, error);
    }
    let to_claim = json::text(&answer, &["claim_url", "claim_uri"]).is_some() && matches!(response.status, 402 | 403);
    let invited = to_claim || refusal.code.as_deref().is_some_and(|code| INVITES.contains(&code));
    if step == Step::Register && invited {
        return match json::member(&answer, &["claim"]) {
            // What belongs to the registration may stand in the block that is about the claim.
            Some(block @ Value::Object(_)) => Some(lifted(&answer, block)),
            _ => (to_claim || json::text(&answer, &["claim_token"]).is_some()).then_some(answer),
        };
    }
    let error = json::member(&answer, &["error"]).filter(|error| **error != false && **error != "");
    let denies = ["ok", "success"].iter().any(|name| answer.get(name) == Some(&Value::Bool(false))) || error.is_some();
    // Some wrap what is wrapped.
    (response.is_success() && !denies).then(|| Document::new(payload(payload(answer.into_value()))))
}

/// `answer` with the members of one of its blocks beside its own.
fn lifted(answer: &Value, block: &Value) -> Document {
    let mut lifted = answer.clone();
    for (name, value) in block.as_object().into_iter().flatten() {
        if answer.get(name).is_none() {
            lifted[name.as_str()] = value.clone();
        }
    }
    Document::new(lifted)
}

fn read(answer: &Value, step: Step, base: &Url, now: Timestamp) -> Reply {
    let claim = json::member(answer, &["claim"]).filter(|claim| claim.is_object());
    let scopes = json::member(answer, &["scopes"]);
    let by_claim = |when: &str| scopes.and_then(|scopes| json::list(scopes, &[when]));
    let granted = granted::granted(answer, by_claim("pre_claim"), now);
    // `claim_url` is the endpoint with some and a page for people with others; the metadata's own endpoint is surer.
    let claim_url = link(answer, &["claim_endpoint", "claim_url", "claim_uri"], base)
        .or_else(|| link(claim?, &["url", "endpoint", "claim_url", "claim_uri"], base));
    let complete_url = link(answer, COMPLETE, base).or_else(|| link(claim?, COMPLETE, base));
    let message = json::text(answer, &["message"]);
    Reply {
        handle: handle(answer, claim, &granted, step),
        claim_expires_at: json::moment(answer, CLAIM_EXPIRES, &[], now).or_else(|| {
            let claim = claim.filter(|claim| json::text(claim, &["token"]).is_some())?;
            json::moment(claim, &["expires_at", "expires"], &["expires_in"], now)
        }),
        claim_url,
        complete_url,
        attempt: attempt(answer, claim, step, base, now),
        standing: standing(answer, step),
        scopes_after_claim: json::list(answer, &["post_claim_scopes"])
            .or_else(|| by_claim("post_claim"))
            .map(cleaned)
            .unwrap_or_default(),
        message: message.map(|text| trust::clean(text, MESSAGE_WIDTH)).filter(|text| !text.is_empty()),
        client_id: client_id(answer),
        claim_grant: json::text(answer, &["claim_grant_type"])
            .or_else(|| json::text(claim?, &["grant_type", "claim_grant_type"]))
            .map(str::to_owned),
        granted,
    }
}

fn handle(answer: &Value, claim: Option<&Value>, granted: &Granted, step: Step) -> Option<Handle> {
    /// As they are spelled: it is sent back under the name that it came with.
    const TOKENS: [&str; 2] = ["claim_token", "claimToken"];
    const IDS: [&str; 3] = ["registration_id", "registrationId", "id"];
    let spelled = |names: &[&'static str]| {
        names.iter().find_map(|name| Some((*name, answer.get(name)?.as_str().filter(|text| !text.is_empty())?)))
    };
    let made = |name, value: &str, is_token, nested| Handle { name, value: Secret::new(value), is_token, nested };
    if let Some((name, value)) = spelled(&TOKENS) {
        return Some(made(name, value, true, false));
    }
    if let Some(value) = claim.and_then(|claim| json::text(claim, &["token", "claim_token"])) {
        return Some(made("claim_token", value, true, true));
    }
    if let Some(value) = json::text(answer, &["registration_token"]) {
        return Some(made("claim_token", value, true, false));
    }
    if !matches!(step, Step::Register | Step::Claim) {
        return None;
    }
    // With some, the assertion is what the claim is made with.
    if let Some(assertion) = &granted.assertion {
        return Some(made("claim_token", assertion.secret.expose(), false, false));
    }
    spelled(&IDS).map(|(name, value)| made(name, value, false, false))
}

fn attempt(answer: &Value, claim: Option<&Value>, step: Step, base: &Url, now: Timestamp) -> Option<Attempt> {
    let blocks = [
        claim.and_then(|claim| json::member(claim, &["attempt"])),
        json::member(answer, &["claim_attempt", "attempt"]),
        claim,
        Some(answer),
    ];
    let blocks = blocks.into_iter().flatten().filter(|block| block.is_object());
    let written = |block: &Value| match json::member(block, USER_CODE)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    };
    let is_open = |block: &&Value| {
        written(block).is_some() || COMPLETE_PAGE.iter().chain(PAGE).any(|name| json::text(block, &[name]).is_some())
    };
    // An answer to a claim is about the attempt, even where it says no more than how long it lasts.
    let block = blocks.clone().find(is_open).or((step == Step::Claim).then_some(answer))?;
    let of_the_root = std::ptr::eq(block, answer);
    let code = blocks.clone().find_map(written);
    // Beside a credential, what the root says of an end is about that.
    let expires_at = match of_the_root && step != Step::Claim && code.is_none() {
        true => None,
        false => json::moment(block, CODE_EXPIRES, &["expires_in"], now),
    };
    let interval = json::member(block, &["interval"]).and_then(Value::as_u64);
    let page =
        |names: &[&str]| names.iter().find_map(|name| blocks.clone().find_map(|block| link(block, &[name], base)));
    let complete = page(COMPLETE_PAGE);
    Some(Attempt {
        code: code.and_then(|code| user_code(&code)),
        page: complete.clone().or_else(|| page(PAGE)),
        complete,
        expires_at,
        interval: interval.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.min(600))),
    })
}

/// A code as it is shown.
pub fn user_code(text: &str) -> Option<String> {
    Some(trust::clean(text, CODE_WIDTH)).filter(|code| !code.is_empty())
}

/// Words for "confirmed" are believed where a person can have confirmed, and a bare yes only as the answer to a code;
/// before that, only the one word that means nothing else.
fn standing(answer: &Value, step: Step) -> Standing {
    const CONFIRMED: [&str; 8] =
        ["active", "completed", "complete", "approved", "accepted", "confirmed", "reconciled", "verified"];
    let claimed = json::member(answer, &["claimed"]).and_then(Value::as_bool);
    let status = json::text(answer, &["status", "state"]).map(str::to_ascii_lowercase);
    let says_yes = ["ok", "success", "verified"].iter().any(|name| answer.get(name) == Some(&Value::Bool(true)));
    match (status.as_deref(), step) {
        _ if claimed == Some(true) => Standing::Claimed,
        _ if claimed == Some(false) && step == Step::Poll => Standing::Pending,
        (Some("claimed"), _) => Standing::Claimed,
        (Some(word), Step::Complete | Step::Poll | Step::Exchange | Step::Refresh) if CONFIRMED.contains(&word) => {
            Standing::Claimed
        }
        (Some("success" | "ok"), Step::Complete) => Standing::Claimed,
        (Some("pending" | "initiated" | "authorization_pending" | "pending_claim" | "waiting" | "unclaimed"), _) => {
            Standing::Pending
        }
        (None, Step::Complete) if says_yes => Standing::Claimed,
        _ => Standing::Unsaid,
    }
}

fn link(answer: &Value, names: &[&str], base: &Url) -> Option<Url> {
    trust::link(json::text(answer, names)?, base)
}

fn cleaned(scopes: Vec<String>) -> Vec<String> {
    scopes.iter().map(|scope| trust::clean(scope, 60)).filter(|scope| !scope.is_empty()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn heard(step: Step, body: Value) -> Reply {
        let response = Response { status: 200, headers: vec![], body: Secret::new(body.to_string()) };
        let base = Url::parse("https://auth.acme.dev/").expect("valid");
        reply(&response, step, &base, Timestamp::UNIX_EPOCH).expect("an answer that leads on")
    }

    fn handle(step: Step, body: Value) -> (&'static str, String, bool) {
        let handle = heard(step, body).handle.expect("a handle");
        (handle.name, handle.value.expose().to_owned(), handle.is_token)
    }

    #[test]
    fn a_registration_is_named_by_whatever_the_service_gives() {
        let register = |body| handle(Step::Register, body);
        assert_eq!(
            register(json!({"claim_token": "clm", "registration_id": "reg"})),
            ("claim_token", "clm".into(), true)
        );
        assert_eq!(register(json!({"ok": true, "data": {"claimToken": "clm"}})), ("claimToken", "clm".into(), true));
        assert_eq!(register(json!({"id": "reg", "claim": {"token": "clm"}})), ("claim_token", "clm".into(), true));
        assert_eq!(
            register(json!({"registration_id": "r", "identity_assertion": "j"})),
            ("claim_token", "j".into(), false)
        );
        assert_eq!(
            handle(Step::Claim, json!({"registrationId": "reg", "expiresAt": "2026-06-01T12:00:00.000Z"})),
            ("registrationId", "reg".into(), false)
        );
    }

    #[test]
    fn a_code_for_the_page_is_found_in_every_block() {
        let open = json!({"user_code": "WDJB-47KQ", "verification_uri": "/claim", "expires_in": 600, "interval": 7});
        for body in [
            open.clone(),
            json!({"claim": open}),
            json!({"claim_attempt": open, "status": "initiated"}),
            json!({"attempt": open}),
            json!({"claim": {"attempt": open, "token": "clm"}}),
        ] {
            let attempt = heard(Step::Claim, body.clone()).attempt.expect("an attempt");
            assert_eq!(attempt.code.as_deref(), Some("WDJB-47KQ"), "{body}");
            assert_eq!(attempt.page.map(String::from), Some("https://auth.acme.dev/claim".into()), "{body}");
            assert_eq!(attempt.interval, Some(Duration::from_secs(7)), "{body}");
            assert_eq!(attempt.expires_at, Timestamp::from_second(600).ok(), "{body}");
        }
    }

    #[test]
    fn metadata_in_place_of_an_answer_is_no_registration() {
        let response =
            Response { status: 200, headers: vec![], body: Secret::new(r#"{"issuer":"x","agent_auth":{}}"#) };
        let base = Url::parse("https://auth.acme.dev/").expect("valid");
        let refused = reply(&response, Step::Register, &base, Timestamp::UNIX_EPOCH).expect_err("a refusal");
        assert_eq!(refused.meaning, Meaning::NotThere);
    }
}
