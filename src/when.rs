//! Moments and spans in the words people use: "in 3 days", "2 h ago", "9 min 12 s".

use jiff::fmt::temporal::DateTimePrinter;
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far `then` is from `now`: "in 3 days", "in 41 min", "now", "2 h ago". Seconds are never said, so that a list at
/// rest changes at most once a minute.
pub fn relative(then: Timestamp, now: Timestamp) -> String {
    let seconds = then.as_second() - now.as_second();
    if seconds.abs() < MINUTE {
        return if seconds > 0 { "in a moment".into() } else { "just now".into() };
    }
    let span = coarse(seconds.abs());
    if seconds > 0 { format!("in {span}") } else { format!("{span} ago") }
}

/// "ends in 3 days", "ended 2 h ago".
pub fn ending(end: Timestamp, now: Timestamp) -> String {
    format!("{} {}", if end > now { "ends" } else { "ended" }, relative(end, now))
}

/// When the words of [`relative`] may change next, so that nobody has to look earlier.
pub fn next_change(then: Timestamp, now: Timestamp) -> Timestamp {
    let seconds = then.as_second() - now.as_second();
    let away = seconds.abs();
    let unit = match away {
        _ if away < HOUR => MINUTE,
        _ if away < 2 * DAY => HOUR,
        _ => DAY,
    };
    let wait = match seconds {
        1..MINUTE => seconds,
        // Coming nearer, the words change just below a whole unit; going away, at the next one.
        MINUTE.. => away % unit + 1,
        _ => unit - away % unit,
    };
    now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(Timestamp::MAX)
}

fn coarse(seconds: i64) -> String {
    match seconds {
        s if s < HOUR => format!("{} min", s / MINUTE),
        s if s < 2 * DAY => format!("{} h", s / HOUR),
        s if s < 90 * DAY => format!("{} days", s / DAY),
        s if s < 730 * DAY => format!("{} months", s / (30 * DAY)),
        s => format!("{} years", s / (365 * DAY)),
    }
}

/// A countdown: "9 min 12 s", "40 s", "over".
pub fn countdown(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.as_second() - now.as_second();
    match seconds {
        s if s <= 0 => "over".into(),
        s if s < MINUTE => format!("{s} s"),
        s if s < HOUR => format!("{} min {:02} s", s / MINUTE, s % MINUTE),
        s => coarse(s),
    }
}

/// How long something took or may take: "84 ms", "2.1 s", "15 s".
pub fn took(span: SignedDuration) -> String {
    match span.as_millis() {
        ms if ms < 1_000 => format!("{ms} ms"),
        ms if ms < 10_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        ms => format!("{} s", ms / 1_000),
    }
}

/// A span in its largest fitting unit, rounded up: "2 min".
pub fn rough(span: SignedDuration) -> String {
    match span.as_secs() {
        s if s < 90 => format!("{s} s"),
        s if s < 5_400 => format!("{} min", (s + 59) / 60),
        s => format!("{} h", (s + 3_599) / 3_600),
    }
}

/// A span as somebody would type it: "7 days", "36 h".
pub fn span(span: SignedDuration) -> String {
    match span.as_hours() {
        24 => "a day".to_owned(),
        hours if hours > 0 && hours % 24 == 0 => format!("{} days", hours / 24),
        _ => rough(span),
    }
}

/// The exact moment for the detail: "2026-11-25 14:02 UTC".
pub fn exact(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment as RFC 3339 with whole seconds, as files and JSON have it.
pub fn rfc3339(moment: Timestamp) -> String {
    const WHOLE_SECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
    WHOLE_SECONDS.timestamp_to_string(&moment)
}

/// The moment without its fraction of a second, as it reads back from a file.
pub fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// A span a person typed: `7d`, `12h`, `1w 2d`. A day is 24 hours.
pub fn parse_span(text: &str) -> Result<SignedDuration, String> {
    let bad = || format!("'{text}' is not a span of time; write it like 7d, 12h or 90min");
    let span: Span = text.parse().map_err(|_| bad())?;
    let span = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    if span.is_negative() { Err(bad()) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
    }

    #[test]
    fn distances_read_as_people_say_them() {
        let cases = [
            (3 * DAY + 5, "in 3 days"),
            (41 * MINUTE, "in 41 min"),
            (-2 * HOUR - 1, "2 h ago"),
            (-2 * DAY, "2 days ago"),
            (30, "in a moment"),
            (0, "just now"),
            (120 * DAY, "in 4 months"),
            (800 * DAY, "in 2 years"),
        ];
        for (seconds, words) in cases {
            assert_eq!(relative(at(seconds), at(0)), words);
        }
    }

    #[test]
    fn the_words_change_exactly_when_foretold() {
        for seconds in [
            1, 30, 59, 60, 61, 3_599, 3_600, 7_200, 90_000, 172_805, 0, -1, -59, -60, -3_599, -3_600, -90_000, -172_805,
        ] {
            let (then, now) = (at(seconds), at(0));
            let next = next_change(then, now);
            let before = Timestamp::from_second(next.as_second() - 1).expect("in range");
            assert_eq!(relative(then, before), relative(then, now), "{seconds}: changed before {next}");
            assert!(next > now, "{seconds}");
        }
    }

    #[test]
    fn spans_are_read_as_typed() {
        assert_eq!(parse_span("7d"), Ok(SignedDuration::from_hours(168)));
        assert_eq!(parse_span("90min"), Ok(SignedDuration::from_mins(90)));
        assert!(parse_span("soon").is_err() && parse_span("-1d").is_err());
    }
}
