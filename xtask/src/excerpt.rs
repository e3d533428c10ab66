//! What of a failed command's output is worth reading first.

use crate::transcript::Entry;

/// Words of lines that tell of a failure.
const TELLING: [&str; 6] = ["FAILED", "panicked", "error", "ERROR", "wrong", "killed"];

/// How many lines after a telling one are taken with it.
const AFTER: usize = 4;

/// How many lines at the end of an output are taken in any case.
const LAST: usize = 8;

/// How many lines of an output are taken at most.
const LINES: usize = 40;

/// How many characters of a line are taken at most.
const WIDTH: usize = 200;

/// The telling lines of the last two entries, which are the two streams of the last command.
pub(crate) fn of(printed: &[Entry]) -> String {
    let last = printed.len().saturating_sub(2);
    let streams = printed.get(last..).unwrap_or_default();
    streams
        .iter()
        .map(|entry| of_stream(&String::from_utf8_lossy(&entry.octets)))
        .collect()
}

/// The telling lines of an output, those nearer to its end if they are too many.
fn of_stream(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    let mut is_taken = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        let is_telling =
            !line.ends_with("... ok") && TELLING.iter().any(|word| line.contains(word));
        let is_last = at + LAST >= lines.len();
        let to = if is_telling { at + 1 + AFTER } else { at + 1 };
        if is_telling || is_last {
            is_taken
                .iter_mut()
                .take(to)
                .skip(at)
                .for_each(|taken| *taken = true);
        }
    }
    let taken: Vec<_> = lines
        .iter()
        .zip(is_taken)
        .filter_map(|(line, is_taken)| is_taken.then_some(*line))
        .collect();
    let first = taken.len().saturating_sub(LINES);
    taken
        .iter()
        .skip(first)
        .map(|line| {
            let line: String = line.chars().take(WIDTH).collect();
            format!("  {line}\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LAST, LINES, of};
    use crate::transcript::Transcript;

    fn excerpt_of(stdout: &str) -> String {
        let mut transcript = Transcript::default();
        transcript.record(
            "an earlier command".to_owned(),
            b"error: long gone\n".to_vec(),
        );
        transcript.record("standard output".to_owned(), stdout.as_bytes().to_vec());
        transcript.record("standard error".to_owned(), Vec::new());
        of(transcript.entries())
    }

    #[test]
    fn a_failure_far_from_the_end_is_in_it() {
        let mut stdout =
            "test errors::are_named ... ok\ntest a::b ... FAILED\nleft: 1\n".to_owned();
        for n in 0..100 {
            stdout.push_str(&format!("test c::d{n} ... ok\n"));
        }
        let excerpt = excerpt_of(&stdout);
        assert!(
            excerpt.contains("  test a::b ... FAILED\n  left: 1\n"),
            "{excerpt}"
        );
        assert!(!excerpt.contains("are_named"), "{excerpt}");
        assert!(!excerpt.contains("long gone"), "{excerpt}");
        assert_eq!(excerpt.lines().count(), 5 + LAST);
    }

    #[test]
    fn it_is_short_whatever_is_printed() {
        let excerpt = excerpt_of(&"error\n".repeat(10_000));
        assert_eq!(excerpt.lines().count(), LINES);
        assert_eq!(excerpt_of(""), "");
    }
}
