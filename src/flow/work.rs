//! Proof of work: some services want a registration without a name to have cost something.
//!
//! The puzzle is solved in slices, so that a person sees how far it is and can stop it. Two kinds are known:
//!
//! | algorithm | what is hashed for the nonce of part `i` |
//! |---|---|
//! | `sha256-zero-bits` | SHA-256 of `challenge.i.nonce`, several parts |
//! | `sha3-256…` | SHA3-256 of `challenge:nonce`, one part |
//!
//! The hash has to begin with so many zero bits as the service asks for.

use sha2::Digest;

/// Hashes that a person may be asked to wait for: half a minute or so.
const MOST_WORK: u64 = 1 << 28;
/// Hashes in one slice: some tenths of a second.
pub const SLICE: u64 = 1 << 18;
/// Proofs of one puzzle; each is sent.
const MOST_PARTS: u32 = 1 << 12;
/// Bytes of a challenge: all of it is in every hash.
const LONGEST_CHALLENGE: usize = 1 << 10;
/// Bits that are asked for where the service does not say (PageSpace's metadata).
const DIFFICULTY: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Puzzle {
    pub challenge: String,
    pub algorithm: Algorithm,
    /// Zero bits at the start of each hash.
    pub difficulty: u32,
    /// Parts to be solved.
    pub count: u32,
    /// The service counts parts, be it only one.
    pub several: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sha3,
}

/// A solved puzzle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub puzzle: Puzzle,
    pub nonces: Vec<u64>,
}

/// A piece of the work: the nonces of one part, from one on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    puzzle: Puzzle,
    part: u32,
    from: u64,
}

impl Puzzle {
    /// `None` where it would take longer than a person can be asked to wait, or the algorithm is not known.
    pub fn new(challenge: &str, algorithm: &str, difficulty: Option<u64>, count: Option<u64>) -> Option<Self> {
        let name: String = algorithm.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let algorithm = match name.as_str() {
            name if name.starts_with("sha3") => Algorithm::Sha3,
            name if name.starts_with("sha256") => Algorithm::Sha256,
            "" if count.is_none() => Algorithm::Sha3,
            _ => return None,
        };
        let difficulty = u32::try_from(difficulty.unwrap_or(u64::from(DIFFICULTY))).ok()?;
        let parts = u32::try_from(count.unwrap_or(1)).ok().filter(|count| (1..=MOST_PARTS).contains(count))?;
        let work = 1_u64.checked_shl(difficulty)?.checked_mul(u64::from(parts))?;
        let puzzle =
            Self { challenge: challenge.to_owned(), algorithm, difficulty, count: parts, several: count.is_some() };
        (work <= MOST_WORK && challenge.len() <= LONGEST_CHALLENGE).then_some(puzzle)
    }

    /// The first slice of a part.
    pub fn part(&self, part: u32) -> Slice {
        Slice { puzzle: self.clone(), part, from: 0 }
    }

    fn text(&self, part: u32) -> String {
        match self.algorithm {
            Algorithm::Sha256 => format!("{}.{part}.", self.challenge),
            Algorithm::Sha3 => format!("{}:", self.challenge),
        }
    }

    fn zero_bits(&self, text: &[u8]) -> u32 {
        fn leading(hash: &[u8]) -> u32 {
            let zeros = hash.iter().take_while(|byte| **byte == 0).count();
            8 * zeros as u32 + hash.get(zeros).map_or(0, |byte| byte.leading_zeros())
        }
        match self.algorithm {
            Algorithm::Sha256 => leading(&sha2::Sha256::digest(text)),
            Algorithm::Sha3 => leading(&sha3::Sha3_256::digest(text)),
        }
    }
}

impl Slice {
    pub fn puzzle(&self) -> &Puzzle {
        &self.puzzle
    }

    /// How far this part is, as nonces tried.
    pub fn tried(&self) -> u64 {
        self.from
    }

    /// The nonce that solves the part, if it is in this slice.
    pub fn search(&self) -> Option<u64> {
        let start = self.puzzle.text(self.part).into_bytes();
        let mut text = start.clone();
        (self.from..self.from + SLICE).find(|nonce| {
            text.truncate(start.len());
            text.extend_from_slice(nonce.to_string().as_bytes());
            self.puzzle.zero_bits(&text) >= self.puzzle.difficulty
        })
    }

    /// The slice after this one; `None` where luck has been so bad that something must be wrong.
    pub fn next(&self) -> Option<Self> {
        let from = self.from + SLICE;
        (from < 64 * MOST_WORK).then(|| Self { from, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(puzzle: &Puzzle, part: u32) -> u64 {
        std::iter::successors(Some(puzzle.part(part)), Slice::next).find_map(|slice| slice.search()).expect("a nonce")
    }

    #[test]
    fn a_nonce_makes_the_hash_begin_with_zeros() {
        let puzzle = Puzzle::new("pow1.abc", "sha256-zero-bits", Some(10), Some(3)).expect("a puzzle");
        for part in 0..3 {
            let hash = sha2::Sha256::digest(format!("pow1.abc.{part}.{}", solved(&puzzle, part)));
            assert!(hash[0] == 0 && hash[1] < 64, "{hash:?}");
        }
        let puzzle = Puzzle::new("c", "sha3-256", Some(9), None).expect("a puzzle");
        let hash = sha3::Sha3_256::digest(format!("c:{}", solved(&puzzle, 0)));
        assert!(hash[0] == 0 && hash[1] < 128, "{hash:?}");
    }

    /// The first nonces by hand: `printf 'a.0.0' | sha256sum`, and so on.
    #[test]
    fn the_text_that_is_hashed_is_the_one_the_services_hash() {
        let puzzle = Puzzle::new("a", "sha256-zero-bits", Some(0), Some(1)).expect("a puzzle");
        assert_eq!(puzzle.text(7), "a.7.");
        assert_eq!(Puzzle::new("a", "SHA3-256", Some(0), None).map(|puzzle| puzzle.text(0)), Some("a:".into()));
    }

    #[test]
    fn too_much_work_is_refused() {
        assert_eq!(Puzzle::new("a", "sha256", Some(29), None), None);
        assert_eq!(Puzzle::new("a", "sha256", Some(18), Some(1 << 11)), None);
        assert_eq!(Puzzle::new("a", "sha256", Some(u64::MAX), Some(u64::MAX)), None);
        assert_eq!(Puzzle::new("a", "sha256", Some(0), Some(1 << 20)), None);
        assert_eq!(Puzzle::new(&"a".repeat(1 << 20), "sha256", Some(4), None), None);
        assert_eq!(Puzzle::new("a", "scrypt", Some(4), None), None);
        assert!(Puzzle::new("a", "sha256-zero-bits", Some(18), Some(32)).is_some());
    }
}
