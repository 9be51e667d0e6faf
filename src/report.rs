//! Accounts and findings as text for people and as JSON for programs.

mod account;
pub mod calendar;
pub mod check;
pub mod history;
pub mod metrics;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::account::{
    Account, Elsewhere, Layer, LayerKind, Mode, Receipt, Renewal, Revocation, Revoking, Source, Status, Verdict,
};
use crate::flow::discover::{By, Calls, Discovery, Way};
use crate::flow::enrol::{ShownCall, ShownValue};
use crate::flow::storage::Survey;
use crate::flow::{Line, StepState, Surroundings};
use crate::skill::Described;
use crate::{trust, when};

/// The version of every JSON document printed here.
const VERSION: u32 = 1;

pub use account::{AccountJson, AccountsJson, account_json, accounts_json};

pub fn verify_json(
    results: &[(Account, Option<crate::problem::Problem>)],
    now: Timestamp,
    due_within: SignedDuration,
) -> Value {
    let results = results.iter().map(|(account, problem)| {
        let verdict = account.proof.map(|proof| proof.verdict).filter(|_| problem.is_none());
        json!({
            "account": account_json(account, now, due_within),
            "verdict": verdict.map(Verdict::as_str),
            "status": verdict.and_then(Verdict::status),
            "problem": problem.as_ref().map(crate::events::problem_json),
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

/// The beginning of a line.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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

/// The accounts as an aligned table.
pub fn list_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration) -> String {
    let (foreign, accounts): (Vec<&Account>, Vec<&Account>) = accounts.iter().partition(|account| account.is_foreign());
    let foreign = foreign_text(&foreign, now, due_within);
    if accounts.is_empty() {
        return format!("No accounts yet. Sign up to a service with: authmd-tui add HOST\n{foreign}");
    }
    let header = ["", "ACCOUNT", "SERVICE", "IDENTITY", "WAY", "STATUS", "LEFT", "SCOPES"].map(str::to_owned);
    let rows = accounts.iter().map(|account| {
        let status = account.status(now, due_within);
        [
            status.sign().to_string(),
            account.id.to_string(),
            account.service.clone(),
            account.identity.as_deref().map_or("–".to_owned(), |identity| trust::clean(identity, 40)),
            account.mode.label().to_owned(),
            status.as_str().to_owned(),
            left(account, status, now).unwrap_or_else(|| "–".to_owned()),
            trust::clean(&account.scopes.join(" "), 60),
        ]
    });
    let mut rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).map(Vec::from).collect();
    // Keys seldom have scopes that are known: the room is needed for the rest.
    if accounts.iter().all(|account| account.scopes.is_empty()) {
        rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    columns(&rows) + &foreign
}

/// What other programs keep.
fn foreign_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration) -> String {
    let rows = accounts.iter().filter_map(|account| {
        let kept = elsewhere(account)?;
        let status = account.status(now, due_within);
        Some([
            status.sign().to_string(),
            account.id.to_string(),
            account.service.clone(),
            account.identity.clone().unwrap_or_else(|| "–".to_owned()),
            status.as_str().to_owned(),
            left(account, status, now).unwrap_or_else(|| "–".to_owned()),
            match &kept.loose {
                Some(loose) => format!("{} {loose}", trust::clean(&kept.file, 100)),
                None => trust::clean(&kept.file, 100),
            },
        ])
    });
    let rows: Vec<[String; 7]> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\nOther programs', only read; a copy is looked after with: authmd-tui take-over ACCOUNT\n{}",
        columns(&rows)
    )
}

/// The services of the person's skills that have no account, with what signing up would take.
pub fn unconnected_text(described: &[Described]) -> String {
    if described.is_empty() {
        return String::new();
    }
    let rows = described
        .iter()
        .map(|service| [String::new(), trust::clean(&service.id, 40), service.name.clone(), service.takes.clone()]);
    format!("\nNot connected yet; sign up with: authmd-tui add NAME\n{}", columns(&rows.collect::<Vec<_>>()))
}

fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.as_ref().get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |row: &R| {
        let cells =
            row.as_ref().iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Everything known of one account, as lines that every front end can show.
/// `twins` are the ids of the accounts that hold the same credential.
pub fn account_lines(account: &Account, twins: &[&str], now: Timestamp, due_within: SignedDuration) -> Vec<Line> {
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
        Line::fact("account", account.id.as_str()),
        Line::fact("bound to", or_dash(account.identity.as_deref())),
        Line::fact("resource", trust::clean(&account.resource, 120)),
        Line::fact("scopes", or_dash(Some(account.scopes.join(", ")).as_deref().filter(|scopes| !scopes.is_empty()))),
        Line::fact("obtained by", account.mode.label()),
    ];
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
    let end = account.expires_at().map(|end| when::relative(end, now)).unwrap_or_default();
    match status {
        _ if account.spending.is_some() => {
            let since = account.spending.map(|since| when::relative(since, now)).unwrap_or_default();
            format!("outcome unknown: a renewal was cut off {since}; renew it to choose a way on")
        }
        Status::Renews if account.lacks_credential() => {
            format!("confirmed, and the access token was never fetched; renew it{}", until(account, now))
        }
        Status::Renews => format!("the access token ends {end}; renews by itself{}", until(account, now)),
        Status::Ok if end.is_empty() => "works; no end known".to_owned(),
        Status::Ok => format!("ends {end}"),
        Status::Due if account.is_foreign() => format!("ends {end}, as far as its file tells"),
        Status::Expired if account.is_foreign() => format!("ended {end}, as far as its file tells"),
        Status::Unknown if account.is_foreign() => "no end known; only its own program knows".to_owned(),
        Status::Due if account.renews_itself() => {
            format!("renews by itself{}; then you are needed", until(account, now))
        }
        Status::Due => format!("ends {end}; renew it"),
        Status::Expired => format!("ended {end}; renew it"),
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
        Renewal::None if account.is_foreign() => {
            format!("its own program does; to look after a copy here: authmd-tui take-over {}", account.id)
        }
        Renewal::None => "no way is known".to_owned(),
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

/// A sign of ours where only ASCII can be shown.
pub fn ascii(symbol: char) -> Option<char> {
    Some(match symbol {
        '●' => '*',
        '◐' => 'o',
        '↻' => '~',
        '✗' => 'x',
        '⊘' => '-',
        '○' => '.',
        '✓' => '+',
        '·' | '–' => '-',
        '…' => '~',
        '“' | '”' => '"',
        '×' => 'x',
        '│' => '|',
        '•' => '*',
        _ => return None,
    })
}

/// A text in ASCII: our signs spelled with what there is, other letters as a question mark.
pub fn in_ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { ascii(c).unwrap_or('?') }).collect()
}

/// Lines without a screen around them: facts aligned, steps with their signs.
pub fn lines_text(lines: &[Line]) -> String {
    let width = lines
        .iter()
        .filter_map(|line| if let Line::Fact(name, _) = line { Some(name.width()) } else { None })
        .max()
        .unwrap_or(0);
    lines.iter().map(|line| line_text(line, width) + "\n").collect()
}

pub fn line_text(line: &Line, fact_width: usize) -> String {
    match line {
        Line::Fact(name, value) => format!("{name}{}  {value}", " ".repeat(fact_width.saturating_sub(name.width()))),
        Line::Item { number, what, detail, done } => {
            let sign = if *done { "✓" } else { " " };
            let detail = if detail.is_empty() { String::new() } else { format!("  ({detail})") };
            format!("{sign} {number}  {what}{detail}")
        }
        Line::Step { state, what, found, took } => {
            let took = took.map_or(String::new(), |took| format!("  ({})", when::took(took)));
            format!("{} {what}: {found}{took}", step_sign(*state))
        }
        Line::Quote { from, text } => format!("{from} says: “{text}”"),
        other => other.plain(),
    }
}

pub fn step_sign(state: StepState) -> char {
    match state {
        StepState::Active => '…',
        StepState::Done => '✓',
        StepState::Missed => '–',
        StepState::Failed => '✗',
    }
}

pub fn discovery_text(discovery: &Discovery, surroundings: &Surroundings) -> String {
    let service = discovery.service();
    // A pasted header is no word for a command line; the resource is.
    let typed = discovery.target().typed.as_str();
    let target =
        if typed.contains(char::is_whitespace) { trust::clean(&service.resource, 200) } else { typed.to_owned() };
    let mut lines = discovery.lines();
    lines.extend([
        Line::Gap,
        Line::fact("service", service.name.clone()),
        Line::fact("resource", trust::clean(&service.resource, 120)),
        Line::fact("hosts", service.hosts.join(", ")),
        Line::fact(
            "scopes",
            if service.scopes.is_empty() { "not said beforehand".to_owned() } else { service.scopes.join(", ") },
        ),
        Line::fact("verdict", discovery.verdict().as_str()),
    ]);
    for finding in discovery.findings() {
        lines.push(Line::fact(finding.level.as_str(), finding.message));
    }
    match discovery.obstacle() {
        Some(problem) => {
            lines.extend([Line::Gap, Line::text(problem.what), Line::text(format!("hint: {}", problem.hint))])
        }
        None => {
            let ways = discovery.ways(surroundings);
            for way in &ways {
                lines.extend([Line::Gap, Line::Heading(format!("{}: {}", way.mode().as_str(), why(discovery, *way)))]);
                lines.extend(steps(discovery, *way).into_iter().enumerate().map(|(nth, what)| Line::Item {
                    number: nth + 1,
                    what,
                    detail: String::new(),
                    done: false,
                }));
            }
            let target = trust::shell_word(&target);
            lines.extend([Line::Gap, Line::text(format!("Sign up with: authmd-tui add {target}"))]);
        }
    }
    lines_text(&lines)
}

pub fn discovery_json(discovery: &Discovery, surroundings: &Surroundings) -> Value {
    let service = discovery.service();
    let findings = discovery
        .findings()
        .into_iter()
        .map(|finding| json!({ "level": finding.level.as_str(), "code": finding.code, "message": finding.message }));
    let offers = discovery.ways(surroundings).into_iter().enumerate().map(|(nth, way)| {
        json!({
            "mode": way.mode().as_str(),
            "recommended": nth == 0,
            "why": why(discovery, way),
            "steps": steps(discovery, way),
        })
    });
    json!({
        "version": VERSION,
        "target": discovery.target().typed,
        "service": { "name": service.name, "resource": service.resource, "logo": service.logo.as_ref().map(url::Url::as_str), "hosts": service.hosts },
        "offers": offers.collect::<Vec<_>>(),
        "verdict": discovery.verdict().as_str(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// What a dry run would have sent.
pub fn calls_json(calls: &[ShownCall]) -> Value {
    let value = |shown: &ShownValue| json!({ "in": shown.place.as_str(), "name": shown.name, "value": shown.value, "origin": shown.origin });
    let call = |call: &ShownCall| {
        let values: Vec<Value> = call.values.iter().map(value).collect();
        json!({ "method": call.method, "url": call.address, "values": values })
    };
    json!({ "version": VERSION, "sent": false, "calls": calls.iter().map(call).collect::<Vec<_>>() })
}

/// What a sign-up would do, in order.
fn steps(discovery: &Discovery, way: Way) -> Vec<String> {
    let plan = match (way, discovery.starts().first()) {
        (Way::AuthMd, Some(start)) => discovery.plan(*start, ""),
        (Way::AuthMd, None) => Vec::new(),
        (Way::OAuth(by), _) => discovery.oauth_plan(by, "", false),
        (Way::Enrol(_), _) => discovery.enrolment_plan(way, ""),
        (Way::Key, _) => discovery.key_plan(),
    };
    plan.into_iter().map(|step| step.what.trim_end().to_owned()).collect()
}

/// Why one would take this way.
fn why(discovery: &Discovery, way: Way) -> String {
    let stranger = discovery
        .authorization()
        .is_some_and(|server| server.register.is_none() && server.wants_client() && discovery.named_client().is_none());
    let known = if stranger { " It registers no programs by itself: a client id of yours is asked for." } else { "" };
    match way {
        Way::AuthMd => discovery.confirmation().why().to_owned(),
        Way::Key => "A key that you make on a page of the service, and paste.".to_owned(),
        Way::Enrol(Calls::EmailCode) => "A code by mail, typed here, for a key; no browser needed.".to_owned(),
        Way::Enrol(Calls::MagicLink) => "A link by mail, and the key behind it.".to_owned(),
        Way::Enrol(Calls::Direct) => "A key that the service's API makes at once.".to_owned(),
        Way::OAuth(By::Browser) => format!("A browser's answer comes to this machine only, or is pasted.{known}"),
        Way::OAuth(By::Device) => {
            format!("A code that is typed in a browser anywhere: for SSH, containers, servers.{known}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_letters() {
        let rows =
            [["a".to_owned(), "日本".to_owned(), "x".to_owned()], ["bb".to_owned(), "c".to_owned(), "y".to_owned()]];
        assert_eq!(columns(&rows), "a   日本  x\nbb  c     y\n");
    }
}
