//! What holds of everything that is read from strangers, whatever they write. The targets read; here is what they assert.

use authmd_tui::account::{Client, Identity};
use authmd_tui::flow::wire::{self, Attempt, Extras, Forms, Handle, Offer, Refusal, Reply, Start, Step, Want};
use authmd_tui::flow::work::Puzzle;
use authmd_tui::http::{Body, Request, Response};
use authmd_tui::problem::Problem;
use authmd_tui::secret::Secret;
use authmd_tui::trust::{self, Reach};
use jiff::Timestamp;
use url::Url;

/// The most of a stranger's words in one sentence of ours, in columns.
const SENTENCE: usize = 500;

/// Noon on a day in June 2026: time is an argument.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_780_315_200).expect("in range")
}

/// Where the answers come from: a public service, or one on this machine.
pub fn base(local: bool) -> Url {
    let text = if local { "http://127.0.0.1:4180/acme" } else { "https://auth.acme.dev/v1" };
    Url::parse(text).expect("valid")
}

/// A text that a person is shown: one line, all of it visible, no longer than `columns` says.
pub fn shown(text: &str, columns: usize) {
    if let Some(c) = text.chars().find(|c| misleads(*c)) {
        panic!("{c:?} in {text:?}");
    }
    // A letter may carry some marks that take no column of their own. One column is for the sign of the cut.
    let letters = text.chars().count();
    assert!(letters <= 5 * (columns + 1), "{letters} characters in the place of {columns}: {text:?}");
}

pub fn problem(problem: &Problem) {
    for text in [&problem.what, &problem.hint] {
        assert!(!text.is_empty(), "{problem:?}");
        shown(text, SENTENCE);
    }
}

/// A sentence of ours with words of theirs in it.
pub fn sentence(text: &str) {
    shown(text, SENTENCE);
}

/// Controls, format characters (general categories Cc, Cf, Zl, Zp, but for those that show a sign of their own) and
/// everything that Unicode says may be drawn as nothing (Default_Ignorable_Code_Point). Made from the Unicode data, not from
/// the library's list.
fn misleads(c: char) -> bool {
    const RANGES: &[(u32, u32)] = &[
        (0x0, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x13430, 0x1343f),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
}

/// An address that requests are sent to, or that is opened, on the word of `origin`.
pub fn contacted(url: &Url, origin: &Url) {
    assert_eq!(trust::endpoint(url), Ok(()), "{url}");
    assert!(url.scheme() == "https" || url.scheme() == "http" && trust::is_loopback(url), "{url}");
    assert!(trust::is_loopback(origin) || !trust::is_loopback(url), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    shown(&trust::authority(url), 270);
}

/// The same for a page that a browser is sent to: nor does it lead into a network that the service is not in.
fn opened(url: &Url, origin: &Url) {
    contacted(url, origin);
    assert_eq!(trust::endpoint_from(url, origin), Ok(()), "{url}");
    assert_eq!(trust::within(url, Reach::Public), Ok(()), "{url}");
}

fn scopes(scopes: &[String]) {
    assert!(scopes.len() <= 100, "{} scopes", scopes.len());
    for scope in scopes {
        assert!(!scope.is_empty());
        shown(scope, 60);
    }
}

pub fn offer(offer: &Offer, origin: &Url) {
    use authmd_tui::account::Revocation;
    let Offer { register, claim, complete, token, challenge, document, .. } = offer;
    for url in [register, claim, complete, token, challenge, document].into_iter().flatten() {
        contacted(url, origin);
    }
    if let Revocation::Endpoint { url, .. } = &offer.revocation {
        contacted(url, origin);
    }
    for url in &offer.unusable {
        shown(url, 100);
    }
    scopes(&offer.scopes);
    let forms = Forms::default();
    for start in [Start::Anonymous, Start::VerifiedEmail, Start::ServiceAuth, Start::Claim] {
        let asked = wire::register_request(offer, start, "ada@example.com", &Extras::default(), forms.register);
        asked.iter().for_each(|asked| request(asked, origin));
    }
}

/// A request as it would be sent.
fn request(request: &Request, origin: &Url) {
    contacted(&request.url, origin);
    match (&request.body, request.body.text()) {
        (Body::Empty, None) => {}
        (Body::Json(fields), Some((kind, text))) => {
            let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(kind, "application/json");
            assert!(fields.iter().all(|field| value.get(&*field.name).is_some()), "{}", *text);
        }
        (Body::Form(_), Some((_, text))) => {
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", *text);
        }
        (body, text) => panic!("{body:?} is sent as {text:?}"),
    }
}

/// An answer as the fuzzer writes it: a digit for the step, three for the status, one for what is said of waiting and whose
/// answer it is; the number of characters of a header; then the body.
pub struct Answer {
    pub response: Response,
    pub step: Step,
    pub base: Url,
}

impl Answer {
    pub fn read(data: &[u8], steps: &[Step]) -> Option<Self> {
        let (first, rest) = data.split_first_chunk::<6>()?;
        let digit = |at: usize| u16::from(first[at].wrapping_sub(b'0') % 10);
        let status = (100 * digit(1) + 10 * digit(2) + digit(3)).clamp(100, 599);
        let length = usize::from(first[5].wrapping_sub(b'0')).min(rest.len());
        let (header, body) = rest.split_at(length);
        let header = String::from_utf8_lossy(header);
        let headers = match digit(4) / 2 {
            0 => vec![("retry-after".to_owned(), header.into_owned())],
            1 => vec![("x-ratelimit-reset".to_owned(), header.into_owned())],
            _ => vec![],
        };
        let body = Secret::new(String::from_utf8_lossy(body));
        Some(Self {
            response: Response { status, headers, body },
            step: steps[usize::from(digit(0)) % steps.len()],
            base: base(digit(4) % 2 == 1),
        })
    }

    /// Reads it in every way there is, and asserts what is promised of each.
    pub fn keeps_its_promises(&self) {
        let Self { response, step, base } = self;
        refusal(&wire::refusal(response, *step, base, now()), *step, base);
        match wire::reply(response, *step, base, now()) {
            Ok(read) => reply(&read, *step, base),
            Err(no) => refusal(&no, *step, base),
        }
        if let Some(body) = wire::object(response) {
            wire::puzzle(&body).iter().for_each(puzzle);
        }
    }
}

fn reply(reply: &Reply, step: Step, base: &Url) {
    let granted = &reply.granted;
    let handed_out = granted.credential.is_some() || granted.assertion.is_some();
    match step {
        Step::Exchange => assert!(granted.credential.is_some(), "{reply:?}"),
        Step::Refresh => assert!(handed_out, "{reply:?}"),
        Step::Complete => assert!(handed_out || reply.standing == wire::Standing::Claimed, "{reply:?}"),
        _ => {}
    }
    for url in [&reply.claim_url, &reply.complete_url].into_iter().flatten() {
        contacted(url, base);
    }
    reply.attempt.iter().for_each(|found| attempt(found, base));
    reply.message.iter().for_each(|message| {
        assert!(!message.is_empty());
        shown(message, 200);
    });
    scopes(&reply.scopes_after_claim);
    granted.scopes.iter().for_each(|listed| scopes(listed));
    let secrets = [
        granted.credential.as_ref().map(|credential| &credential.secret),
        granted.assertion.as_ref().map(|assertion| &assertion.secret),
        granted.refresh.as_ref().map(|refresh| &refresh.token.secret),
        reply.handle.as_ref().map(|handle| &handle.value),
    ];
    assert!(secrets.into_iter().flatten().all(|secret| !secret.expose().is_empty()), "{reply:?}");
    requests(reply, base);
}

fn attempt(attempt: &Attempt, base: &Url) {
    if let Some(code) = &attempt.code {
        assert!(!code.is_empty());
        shown(code, 40);
        if let Some(canonical) = wire::canonical_code(code) {
            assert!(canonical != *code && canonical.is_ascii(), "{code} is written {canonical}");
            assert_eq!(wire::canonical_code(&canonical), None, "{code} has two proper forms");
        }
    }
    attempt.page.iter().for_each(|page| opened(page, base));
    assert!(attempt.interval.is_none_or(|interval| (1..=600).contains(&interval.as_secs())), "{attempt:?}");
}

/// What would be sent on the word of this answer.
fn requests(reply: &Reply, base: &Url) {
    let url = reply.claim_url.as_ref().unwrap_or(base);
    let handle = reply.handle.as_ref();
    let code = Secret::new(reply.attempt.as_ref().and_then(|attempt| attempt.code.clone()).unwrap_or_default());
    let extras = Extras { name: reply.message.clone(), ..Extras::default() };
    let identity = reply.client_id.as_deref().map(|id| Identity::from(Client::named(id)));
    let asking = wire::Asking { client: identity.as_ref(), resource: None };
    let token = handle.map(|handle: &Handle| handle.value.clone()).unwrap_or_else(|| Secret::new("clm"));
    let asked = (0..6).flat_map(|form| {
        let complete = reply.complete_url.as_ref().unwrap_or(base);
        let claim = wire::claim_request(url, handle, "ada@example.com", form % 2 == 0, &extras, form);
        let complete = wire::complete_request(complete, handle, Some("ada@example.com"), &code, &extras, form);
        claim.into_iter().chain(complete)
    });
    let others = [
        Some(wire::grant_request(url, None, &token, &asking)),
        wire::view_request(url, &token),
        Some(wire::identity_request(url, &token)),
        reply.granted.refresh.as_ref().map(|refresh| wire::refresh_request(url, &refresh.token.secret, &asking)),
        reply.granted.assertion.as_ref().map(|assertion| wire::exchange_request(url, &assertion.secret, &asking)),
    ];
    asked.chain(others.into_iter().flatten()).for_each(|asked| request(&asked, base));
}

pub fn refusal(refusal: &Refusal, step: Step, base: &Url) {
    refusal.code.iter().for_each(|code| {
        assert!(!code.is_empty() && code.is_ascii());
        shown(code, 64);
    });
    refusal.message.iter().for_each(|message| {
        assert!(!message.is_empty());
        shown(message, 200);
    });
    shown(&refusal.verbatim(), 80);
    let told = refusal.problem("Acme", step);
    problem(&told);
    // Spans are counted from the front.
    assert!(!told.hint.contains('-') || !told.hint.starts_with("Try again in"), "{told}");
    match refusal.want.as_deref() {
        Some(Want::Terms { version, page }) => {
            version.iter().for_each(|version| shown(version, 40));
            page.iter().for_each(|page| opened(page, base));
        }
        Some(Want::Work(Some(wanted))) => puzzle(wanted),
        Some(Want::Work(None) | Want::UnknownWork) | None => {}
    }
    let mut extras = Extras::default();
    while extras.introduce(refusal) {}
    assert!(wire::scope_name(refusal).is_none_or(|name| refusal.mentions(name)), "{refusal:?}");
    let secret = Secret::new(refusal.message.as_deref().unwrap_or("secret"));
    let without = refusal.clone().without([&secret].into_iter());
    // What it is made of may be what stands in its place.
    if secret.expose().len() >= 4 && !secret.expose().contains('•') {
        assert!(without.message.is_none_or(|message| !message.contains(secret.expose())));
    }
}

/// Work that a person can be asked to wait for: so many hashes, of so much text, for so many proofs.
fn puzzle(puzzle: &Puzzle) {
    assert!(!puzzle.challenge.is_empty());
    assert!(puzzle.difficulty < 32 && puzzle.count > 0, "{puzzle:?}");
    assert!((1_u64 << puzzle.difficulty) * u64::from(puzzle.count) <= 1 << 28, "{puzzle:?}");
    assert!(puzzle.count <= 1 << 12, "{} proofs", puzzle.count);
    assert!(puzzle.challenge.len() <= 1 << 10, "{} bytes in every hash", puzzle.challenge.len());
}
