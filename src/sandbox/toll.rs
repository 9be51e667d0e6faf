//! What a service may ask of a program before it lets it register: work, terms that the human accepts, one scope.
//!
//! The work is webhooks.cc's `sha256-zero-bits`: for each `i` below `count` a nonce so that SHA-256 of
//! `<challenge>.<i>.<nonce>` begins with `difficulty` zero bits. A challenge is spent by the registration that it lets
//! through; what is refused for another reason may come again with the same proof.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::fault::Step;
use super::refusal::Refused;
use super::services::{Profile, Scopes};
use super::world::{World, after, text, token};
use crate::when;

const ALGORITHM: &str = "sha256-zero-bits";
/// Some thousand tries a nonce: a moment for a program, and enough to see that it works.
const DIFFICULTY: u32 = 12;
const COUNT: usize = 4;
/// Nobody needs a longer nonce.
const LONGEST_NONCE: usize = 16;

pub const TERMS: &str = "2026-03";

/// The scopes that a program has paid for with all that is asked.
pub fn pay(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Result<Scopes, Refused> {
    let demand = |code| Err(demand(world, profile, code, now));
    let Some(proof) = body.get("proof_of_work") else {
        return demand("proof_of_work_required");
    };
    let challenge = text(proof, "challenge");
    let open = world.inner().challenges.get(challenge).is_some_and(|ends| *ends > now);
    if !open || !proven(challenge, &proof["nonces"]) {
        return demand("invalid_challenge");
    }
    if body["tos_accepted"] != true || text(body, "tos_version") != TERMS {
        return demand("tos_required");
    }
    let scope = profile.scopes_after.iter().find(|scope| **scope == text(body, "scope"));
    let Some(scope) = scope else {
        return demand("invalid_scope");
    };
    world.inner().challenges.remove(challenge);
    Ok(std::slice::from_ref(scope))
}

/// A refusal with all that a program needs to do what is demanded.
pub fn demand(world: &World, profile: &Profile, code: &'static str, now: Timestamp) -> Refused {
    match code {
        "proof_of_work_required" | "invalid_challenge" => {
            let mut members = challenge(world, now);
            if profile.serves(Step::Challenge) {
                members["challenge_endpoint"] = json!(world.at(&profile.path(Step::Challenge)));
            }
            Refused::from(code).with(members)
        }
        "tos_required" => {
            Refused::from(code).with(json!({"tos_version": TERMS, "tos_url": world.at(&profile.terms())}))
        }
        "invalid_scope" => Refused::from(code).because("one scope is required"),
        _ => Refused::from(code),
    }
}

/// A fresh challenge.
pub fn challenge(world: &World, now: Timestamp) -> Value {
    let (challenge, ends) = (token("pow"), after(now, world.options.code_lifetime));
    world.inner().challenges.insert(challenge.clone(), ends);
    json!({
        "challenge": challenge,
        "algorithm": ALGORITHM,
        "difficulty": DIFFICULTY,
        "count": COUNT,
        "expires_at": when::rfc3339(ends),
    })
}

pub fn published(world: &World, profile: &Profile) -> Value {
    json!({"challenge_endpoint": world.at(&profile.path(Step::Challenge)), "algorithms_supported": [ALGORITHM]})
}

fn proven(challenge: &str, nonces: &Value) -> bool {
    let nonces: Vec<&str> = nonces.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let number =
        |nonce: &str| !nonce.is_empty() && nonce.len() <= LONGEST_NONCE && nonce.bytes().all(|b| b.is_ascii_digit());
    nonces.len() == COUNT
        && nonces.iter().enumerate().all(|(nth, nonce)| {
            number(nonce) && zero_bits(&Sha256::digest(format!("{challenge}.{nth}.{nonce}"))) >= DIFFICULTY
        })
}

fn zero_bits(hash: &[u8]) -> u32 {
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(zeros).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(zeros).map_or(u32::MAX, |zeros| zeros * 8 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bits_are_counted_from_the_front() {
        assert_eq!([&[0x80, 0][..], &[0x0f, 0], &[0, 0x01], &[0, 0]].map(zero_bits), [0, 4, 15, 16]);
    }

    #[test]
    fn a_proof_has_every_nonce_and_nothing_else() {
        let nonce = |nth: usize| {
            let good = |n: &u64| zero_bits(&Sha256::digest(format!("c.{nth}.{n}"))) >= DIFFICULTY;
            (0..).find(good).map(|n: u64| n.to_string())
        };
        let nonces: Vec<_> = (0..COUNT).map(nonce).collect();
        assert!(proven("c", &json!(nonces)));
        assert!(
            !proven("d", &json!(nonces))
                && !proven("c", &json!(&nonces[1..]))
                && !proven("c", &json!(["", "", "", ""]))
        );
    }
}
