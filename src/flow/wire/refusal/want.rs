//! What a service asks for before it says yes to a registration.

use serde_json::Value;
use url::Url;

use crate::flow::work::Puzzle;
use crate::{json, trust};

/// Asked for, beyond what the protocol has.
#[derive(Debug, Clone, PartialEq)]
pub enum Want {
    /// That the person accepts its terms.
    Terms { version: Option<String>, page: Option<Url> },
    /// A proof of work; `None` where the puzzle has to be fetched first.
    Work(Option<Puzzle>),
    /// A puzzle that is too hard, or of a kind that is not known.
    UnknownWork,
}

pub fn read(code: Option<&str>, body: &Value, base: &Url) -> Option<Want> {
    let code = code?.to_ascii_lowercase().replace('-', "_");
    match code.as_str() {
        "tos_required"
        | "tos_not_accepted"
        | "tos_acceptance_required"
        | "terms_required"
        | "terms_not_accepted"
        | "terms_acceptance_required"
        | "terms_of_service_required" => Some(terms(body, base)),
        // Whatever the code: who names a version of the terms in a complaint about them wants that one accepted.
        "invalid_request" | "validation_error" if complains_of_terms(body) => Some(terms(body, base)),
        "proof_of_work_required"
        | "pow_required"
        | "challenge_required"
        | "invalid_challenge"
        | "challenge_invalid"
        | "invalid_proof_of_work"
        | "pow_invalid" => {
            // The puzzle may be a block of its own.
            let body = json::member(body, &["challenge"]).filter(|block| block.is_object()).unwrap_or(body);
            let stated = json::member(body, &["challenge"]).is_some();
            Some(if stated {
                puzzle(body).map_or(Want::UnknownWork, |puzzle| Want::Work(Some(puzzle)))
            } else {
                Want::Work(None)
            })
        }
        _ => None,
    }
}

fn terms(body: &Value, base: &Url) -> Want {
    let version = json::text(body, &["tos_version", "terms_version", "version"]);
    let page = json::text(body, &["tos_url", "terms_url", "tos_uri", "url"]);
    Want::Terms {
        version: version.map(|version| trust::clean(version, 40)),
        page: page.and_then(|page| trust::link(page, base)),
    }
}

fn complains_of_terms(body: &Value) -> bool {
    let words = json::text(body, &["message", "error_description", "description", "detail"]).unwrap_or_default();
    let words = words.to_ascii_lowercase();
    json::text(body, &["tos_version", "terms_version"]).is_some() && (words.contains("tos") || words.contains("terms"))
}

/// The puzzle in a refusal, or in the answer of the place where puzzles are had.
pub fn puzzle(body: &Value) -> Option<Puzzle> {
    let number = |names: &[&str]| json::member(body, names).and_then(Value::as_u64);
    let challenge = json::text(body, &["challenge"])?;
    let algorithm = json::text(body, &["algorithm", "alg"]).unwrap_or_default();
    Puzzle::new(challenge, algorithm, number(&["difficulty", "bits"]), number(&["count"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_terms_are_a_page_that_may_be_opened() {
        let page = |url: &str, base: &str| {
            let base = Url::parse(base).expect("valid");
            match read(Some("tos_required"), &json!({"tos_url": url}), &base) {
                Some(Want::Terms { page, .. }) => page.map(String::from),
                other => panic!("{other:?}"),
            }
        };
        let acme = "https://auth.acme.dev/v1";
        assert_eq!(page("/terms", acme), Some("https://auth.acme.dev/terms".into()));
        for bad in ["http://127.0.0.1:1/", "https://192.168.1.1/reset", "https://0.0.0.0/", "http://acme.dev/"] {
            assert_eq!(page(bad, acme), None, "{bad}");
        }
        assert!(page("http://127.0.0.1:1/terms", "http://127.0.0.1:1/").is_some());
    }
}
