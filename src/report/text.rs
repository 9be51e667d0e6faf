//! Lines as text, and text in the letters that somebody can see.

use unicode_width::UnicodeWidthStr;

use crate::flow::{Line, StepState};
use crate::when;
use crate::wrap::wrapped;

/// The beginning of a line.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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

/// The same with lines of no more than that width: broken between words, and what follows below where the text began.
pub fn folded(text: &str, width: usize) -> String {
    let fold = |line: &str| -> String {
        if line.width() <= width {
            return format!("{line}\n");
        }
        // What stands before two blanks is a name, or the number of a step.
        let lead = line.len() - line.trim_start().len();
        let begins = line[lead..].find("  ").map_or(lead, |at| line.len() - line[lead + at..].trim_start().len());
        let begins = if line[..begins].width() > width / 2 { lead } else { begins };
        let indent = line[..begins].width();
        let (head, rest) = line.split_at(begins);
        // Columns are none any more on several lines.
        let rest: Vec<&str> = rest.split_whitespace().collect();
        let lines = wrapped(&rest.join(" "), width.saturating_sub(indent).max(1));
        lines
            .iter()
            .enumerate()
            .map(|(nth, part)| match nth {
                0 => format!("{head}{part}\n"),
                _ => format!("{}{part}\n", " ".repeat(indent)),
            })
            .collect()
    };
    text.lines().map(fold).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_goes_on_below_where_it_began() {
        let text =
            "status        it renews by itself until then\n  3  Northwind begins the confirmation here\nshort\n\n";
        assert_eq!(
            folded(text, 30),
            "status        it renews by\n              itself until\n              then\n  3  Northwind begins the\n     confirmation here\nshort\n\n"
        );
        assert_eq!(folded("a sentence without any columns in it", 20), "a sentence without\nany columns in it\n");
    }
}
