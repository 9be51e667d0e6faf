//! Accounts and findings as text for people and as JSON for programs.

mod account;
pub mod calendar;
pub mod check;
mod discovery;
pub mod history;
mod listing;
pub mod metrics;
mod text;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::{
    Account, Elsewhere, Layer, LayerKind, Mode, Receipt, Renewal, Revocation, Revoking, Source, Status, Verdict,
};
use crate::flow::Line;
use crate::flow::storage::Survey;
use crate::problem::Problem;
use crate::{trust, when};

pub use account::{AccountJson, AccountsJson, account_json, accounts_json};
pub use discovery::{calls_json, discovery_json, discovery_text};
pub use listing::{list_text, unconnected_text};
pub use text::{ascii, capitalized, folded, in_ascii, line_text, lines_text, step_sign};

/// The version of every JSON document printed here.
const VERSION: u32 = 1;

pub fn verify_json(
    results: &[(Account, Result<Option<Verdict>, Problem>)],
    now: Timestamp,
    due_within: SignedDuration,
) -> Value {
    let results = results.iter().map(|(account, heard)| {
        let verdict = heard.as_ref().ok().copied().flatten();
        json!({
            "account": account_json(account, now, due_within),
            "verdict": verdict.map(Verdict::as_str),
            "status": verdict.and_then(Verdict::status),
            "problem": heard.as_ref().err().map(crate::events::problem_json),
        })
    });
    json!({ "version": VERSION, "results": results.collect::<Vec<_>>() })
}

pub fn survey_json(survey: &Survey) -> Value {
    let state = survey.state();
    let findings = survey.findings.iter().map(|finding| {
        json!({ "check": finding.check, "level": finding.level.as_str(), "what": finding.what, "remedy": finding.remedy })
    });
    json!({
        "version": VERSION,
        "store": survey.store.as_str(),
        "why": survey.why,
        "vault": survey.vault.as_ref().map(|vault| json!({
            "path": vault.path,
            "exists": vault.exists,
            "protection": state.map(|state| state.protection.name()),
            "accounts": state.map(|state| state.accounts),
            "schema": state.map(|state| state.schema),
            "leftover": state.map(|state| state.leftover),
        })),
        "keyring": survey.keyring.0,
        "json": survey.file.as_ref().map(|file| json!({ "path": file.path, "own": file.own, "foreign": file.foreign })),
        "findings": findings.collect::<Vec<_>>(),
    })
}

pub fn receipts_json(receipts: &[Receipt]) -> Value {
    let receipts = receipts.iter().map(|receipt| {
        let place = Some(&receipt.place).filter(|place| !place.is_empty());
        let answer = Some(&receipt.answer).filter(|answer| !answer.is_empty());
        json!({ "what": receipt.what, "where": place, "answer": answer, "proven": receipt.proven, "at": when::rfc3339(receipt.at) })
    });
    receipts.collect()
}

/// What needs somebody soonest first; what never does comes last, by name.
pub fn soonest_first(accounts: &mut [Account]) {
    accounts.sort_by_cached_key(|account| {
        let at = account.attention_at().map_or((1, Timestamp::MAX), |end| (0, end));
        (at, account.service.to_lowercase(), account.id.clone())
    });
}

/// The time left in a word or two; nothing is left of what was revoked.
pub fn left(account: &Account, status: Status, now: Timestamp) -> Option<String> {
    let end = match status {
        Status::Revoked => None,
        // What renews itself is due with the end of that, not with the token's.
        Status::Due => account.person_needed_at(),
        _ => account.expires_at(),
    };
    if account.more.revoking.is_some() && status != Status::Revoked {
        return Some("to revoke".to_owned());
    }
    let review = || account.review_at().filter(|_| status != Status::Revoked).map(|at| review_in(at, now));
    end.map(|end| when::relative(end, now)).or_else(review)
}

/// A day on which somebody wants to look at it, where there is little room: it is no end.
fn review_in(at: Timestamp, now: Timestamp) -> String {
    match at.duration_since(now).as_hours() {
        ..=0 => "review now".to_owned(),
        hours @ 1..48 => format!("review {hours} h"),
        hours => format!("review {} d", hours / 24),
    }
}

/// Everything known of one account, as lines that every front end can show.
/// `twins` are the ids of the accounts that hold the same credential, `set_here` the variables that programs look at before it.
pub fn account_lines(
    account: &Account,
    twins: &[&str],
    set_here: &[String],
    now: Timestamp,
    due_within: SignedDuration,
) -> Vec<Line> {
    let or_dash = |text: Option<&str>| text.map_or("–".to_owned(), |text| trust::clean(text, 100));
    let moment = |moment: Option<Timestamp>| {
        moment.map_or("–".to_owned(), |moment| format!("{} ({})", when::relative(moment, now), when::exact(moment)))
    };
    let status = account.status(now, due_within);
    let mut lines = vec![
        Line::fact("status", format!("{} {} · {}", status.sign(), status.as_str(), meaning(account, status, now))),
        Line::fact(
            "last checked",
            account.proof.map_or("never".to_owned(), |proof| {
                format!("{}: {}", when::relative(proof.at, now), verdict_words(proof.verdict))
            }),
        ),
    ];
    if !set_here.is_empty() {
        let what = format!("{} is set here; programs that look there use that one", set_here.join(", "));
        lines.push(Line::fact("environment", what));
    }
    lines.extend([
        Line::fact("account", account.id.as_str()),
        Line::fact("bound to", or_dash(account.identity.as_deref())),
        Line::fact("resource", trust::clean(&account.resource, 120)),
        Line::fact("scopes", or_dash(Some(account.scopes.join(", ")).as_deref().filter(|scopes| !scopes.is_empty()))),
        Line::fact("obtained by", account.mode.label()),
    ]);
    if let Some(skill) = account.skill() {
        lines.push(Line::fact("described in", skill.to_string()));
    }
    if account.bound {
        lines.push(Line::fact("good for", "this resource only; the service's API usually turns it away"));
    }
    lines.push(Line::Gap);
    for layer in &account.layers {
        let end = layer.expires_at.map_or("no end known".to_owned(), |end| {
            let word = match end > now {
                true if status == Status::Revoked => "turned away; would have ended",
                true => "ends",
                false => "ended",
            };
            format!("{word} {} ({})", when::relative(end, now), when::exact(end))
        });
        lines.push(Line::fact(
            layer.kind.label(),
            match layer.kind {
                LayerKind::ClientRegistration => format!("{}; {end}", known_as(account)),
                LayerKind::Claim if account.can_be_claimed() => format!(
                    "{end}; the link: authmd-tui token {id} --claim; once it is yours: authmd-tui review {id}",
                    id = account.id
                ),
                LayerKind::Claim if account.mode == Mode::Direct => "is somebody's".to_owned(),
                _ => end,
            },
        ));
    }
    lines.extend(account.review_at().map(|at| {
        let how = match at.duration_since(now) <= due_within {
            true => format!("; once you have: authmd-tui review {}", account.id),
            false => String::new(),
        };
        Line::fact("look at it", format!("{}{how}", moment(Some(at))))
    }));
    lines.extend(account.more.revoking.as_ref().map(|it| Line::fact("to be revoked", pending_words(it, now))));
    lines.extend(account.more.hand_over.as_ref().map(|to| Line::fact("handed to", to.place())));
    if !twins.is_empty() {
        lines.push(Line::fact("same key as", format!("{}; to end one ends both", twins.join(", "))));
    }
    lines.extend([
        Line::fact("signed up", moment(account.created_at)),
        Line::fact("renewed", moment(account.renewed_at)),
        Line::fact("last worked", moment(account.verified_at)),
        Line::Gap,
        Line::fact("renew", renewal_words(account)),
        Line::fact("revoke", revocation_words(account)),
        Line::fact(
            "kept in",
            match &account.source {
                Source::Own => account.store.as_str().to_owned(),
                Source::Foreign(elsewhere) => kept_elsewhere(elsewhere),
            },
        ),
    ]);
    lines
}

/// A revocation that was begun, and how it is finished.
fn pending_words(revoking: &Revoking, now: Timestamp) -> String {
    let since = when::relative(revoking.since, now);
    let tried = match (&revoking.why, revoking.tries) {
        (None, 0) => "; it was cut off".to_owned(),
        (None, _) => String::new(),
        (Some(why), 1) => format!("; tried once: {}", trust::clean(why, 160)),
        (Some(why), tries) => format!("; tried {tries} times: {}", trust::clean(why, 160)),
    };
    format!("since {since}{tried} To finish it: authmd-tui revoke --pending")
}

fn elsewhere(account: &Account) -> Option<&Elsewhere> {
    match &account.source {
        Source::Foreign(elsewhere) => Some(elsewhere),
        Source::Own => None,
    }
}

/// How it was obtained, in a column; of another program's, which program that is.
pub fn way(account: &Account) -> &'static str {
    elsewhere(account).and_then(|elsewhere| elsewhere.tool).unwrap_or(account.mode.label())
}

fn kept_elsewhere(elsewhere: &Elsewhere) -> String {
    let whose = elsewhere.tool.map_or("written by another program".to_owned(), |tool| format!("written by {tool}"));
    let loose = elsewhere.loose.as_ref().map(|loose| format!("; it {loose}")).unwrap_or_default();
    format!("{}, {whose}{loose}", trust::clean(&elsewhere.file, 100))
}

/// The accounts that hold the same credential.
pub fn twins<'a>(account: &'a Account, all: &'a [Account]) -> impl Iterator<Item = &'a str> {
    all.iter().filter(|other| account.is_twin_of(other)).map(|other| other.id.as_str())
}

/// As what this program is known to the authorization server.
fn known_as(account: &Account) -> String {
    if account.is_foreign() {
        return "its own program's".to_owned();
    }
    let Some(client) = &account.client else {
        return "the server knows it no more; it is made anew when you sign in again".to_owned();
    };
    let issuer = client.issuer.as_deref().map(|issuer| format!(" at {}", trust::clean(issuer, 60))).unwrap_or_default();
    format!("as {}{issuer}", trust::clean(&client.id, 60))
}

fn verdict_words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accepted { status } => format!("accepted ({status})"),
        Verdict::Refused { status } => format!("refused ({status})"),
        Verdict::Unclear { status } => format!("the answer proves nothing ({status})"),
        Verdict::Unreachable => "no answer".to_owned(),
    }
}

/// The status in a sentence.
pub fn meaning(account: &Account, status: Status, now: Timestamp) -> String {
    let ending = account.expires_at().map(|end| when::ending(end, now)).unwrap_or_default();
    match status {
        _ if account.more.revoking.is_some() && status != Status::Revoked => {
            "to be revoked; that it is dead was not shown yet".to_owned()
        }
        _ if account.spending.is_some() => {
            let since = account.spending.map(|since| when::relative(since, now)).unwrap_or_default();
            format!("outcome unknown: a renewal was cut off {since}; renew it to choose a way on")
        }
        Status::Renews if account.lacks_credential() && !account.is_foreign() => {
            format!("confirmed, and the access token was never fetched; renew it{}", until(account, now))
        }
        Status::Renews => {
            let has_token = account.layers.first().is_some_and(|layer| !layer.kind.gets_the_next());
            let end =
                if ending.is_empty() || !has_token { String::new() } else { format!("the access token {ending}; ") };
            let who = if account.is_foreign() { "its own program renews it" } else { "renews by itself" };
            format!("{end}{who}{}", until(account, now))
        }
        Status::Ok if ending.is_empty() => "works; no end known".to_owned(),
        Status::Ok => ending,
        Status::Due | Status::Expired if account.is_foreign() => format!("{ending}, as far as its file tells"),
        Status::Unknown if account.is_foreign() => "no end known; only its own program knows".to_owned(),
        Status::Due | Status::Expired if account.more.narrows => {
            format!("{ending}; the next one may do less: renew it to decide")
        }
        Status::Due if account.renews_itself() => {
            format!("renews by itself{}; then you are needed", until(account, now))
        }
        Status::Due | Status::Expired => format!("{ending}; renew it"),
        Status::Revoked => "the service does not accept it any more; renew or forget it".to_owned(),
        Status::Unclaimed => "works with few rights until somebody confirms".to_owned(),
        Status::Unknown => "never checked, no end known; verify it".to_owned(),
        Status::Unreachable => "the service gave no answer when last asked".to_owned(),
    }
}

/// Until when it renews itself: the layer that ends first, of those that are not renewed.
fn until(account: &Account, now: Timestamp) -> String {
    let until = |layer: &Layer| {
        let end = layer.expires_at.map(|end| format!(", {}", when::relative(end, now))).unwrap_or_default();
        format!(" until the {} ends{end}", layer.kind.label())
    };
    account.binding().map(until).unwrap_or_default()
}

/// What renewing does for this account, or why it cannot.
pub fn renewal_words(account: &Account) -> String {
    match &account.renewal {
        Renewal::Refresh { url, .. } | Renewal::Exchange { url, .. } => {
            format!("by itself: POST {}{}", trust::authority(url), trust::clean(url.path(), 60))
        }
        Renewal::Person if account.mode == Mode::ApiKey => {
            "you paste a new key from the service's site; the old one stays until the new one is stored".to_owned()
        }
        Renewal::Person if matches!(account.mode, Mode::OAuth | Mode::Device) => {
            "you sign in again in place, in a browser; the old credential stays until the new one is stored".to_owned()
        }
        Renewal::Person if account.mode == Mode::Direct => {
            "its API makes a new key; the old one stays until the new one is stored".to_owned()
        }
        Renewal::Person if account.mode == Mode::MagicLink => {
            "you have another link mailed; the old credential stays until the new one is stored".to_owned()
        }
        Renewal::Person => {
            "you sign up again in place: e-mail, code; the old credential stays until the new one is stored".to_owned()
        }
        Renewal::Elsewhere | Renewal::None if account.is_foreign() => {
            format!("its own program does; to look after a copy here: authmd-tui take-over {}", account.id)
        }
        Renewal::Elsewhere | Renewal::None => "no way is known".to_owned(),
    }
}

/// For what a token is that was asked for with its resource (RFC 8707).
pub const BOUND: &str =
    "The token is for this resource only. Other addresses of the service, its API among them, usually turn it away.";

/// What revoking does for this account, or why it cannot.
pub fn revocation_words(account: &Account) -> String {
    match &account.revocation {
        Revocation::Endpoint { url, .. } => {
            format!(
                "POST {}{}, then proven by a refused call, then removed here",
                trust::authority(url),
                trust::clean(url.path(), 60)
            )
        }
        Revocation::None if account.is_foreign() => "its own program does".to_owned(),
        Revocation::None => "the service offers no call for it; you can forget it here".to_owned(),
        Revocation::Undiscovered => match account.source {
            Source::Own => "the service is asked how first".to_owned(),
            Source::Foreign(_) => "the service is asked how first; the entry is another program's".to_owned(),
        },
    }
}
