//! Text on lines of a given width, broken between words where that is possible.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A text on lines of at most `width` columns, broken between words where that is possible.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let room = width.saturating_sub(line.width() + usize::from(!line.is_empty()));
            if fits(word, room) {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            let (head, tail) = word.split_at(fitting(word, width));
            line.push_str(head);
            lines.push(String::new());
            word = tail;
        }
    }
    lines
}

/// The same, and a word that is too long stays whole on a line of its own: a link that is to be taken from there.
pub fn between_words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if fits(word, width.saturating_sub(line.width() + 1)) {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Without measuring all of what may be very long.
fn fits(text: &str, width: usize) -> bool {
    let mut used = 0;
    text.chars().all(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    })
}

/// How many bytes of a text fit into `width` columns; at least one character.
pub fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_and_only_then_within() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
        assert_eq!(wrapped("abc 日", 5), ["abc", "日"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(between_words("at https://acme.dev/x now", 7), ["at", "https://acme.dev/x", "now"]);
    }

    /// It took the square of its length, and a service's path froze the screen.
    #[test]
    fn a_word_of_a_megabyte_is_broken_in_no_time() {
        assert_eq!(wrapped(&"a".repeat(1 << 20), 64).len(), (1 << 20) / 64);
    }
}
