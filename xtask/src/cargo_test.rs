//! Reads what `cargo test` printed: how many tests ran, and how many vectors they used.

use std::collections::BTreeMap;

/// What the tests of a run counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// The names of the tests that failed.
    pub(crate) failures: Vec<String>,
    /// Tests marked `#[ignore]`, or examples in the documentation marked `ignore`.
    pub(crate) ignored: u64,
    /// The vectors used, by corpus.
    pub(crate) vectors: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds what the lines of `output` say.
    ///
    /// Tests report vectors as a line `vectors: <corpus>: <count>`; the test runner
    /// closes each program with `test result: ok. <n> passed; <n> failed; <n> ignored; …`.
    pub(crate) fn read(&mut self, output: &str) {
        for line in output.lines() {
            if let Some(report) = line.strip_prefix("vectors: ") {
                self.read_vectors(report);
            } else if let Some(result) = line.strip_prefix("test result: ") {
                self.read_result(result);
            } else if let Some(test) = line.strip_prefix("test ")
                && let Some(name) = test.strip_suffix(" ... FAILED")
            {
                self.failures.push(name.to_owned());
            }
        }
    }

    /// Reads `<corpus>: <count>`.
    fn read_vectors(&mut self, report: &str) {
        let Some((corpus, count)) = report.rsplit_once(": ") else {
            return;
        };
        if let Ok(count) = count.parse::<u64>() {
            *self.vectors.entry(corpus.to_owned()).or_default() += count;
        }
    }

    /// Reads `ok. 3 passed; 0 failed; 0 ignored; 0 measured; …`.
    fn read_result(&mut self, result: &str) {
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        tally.read(
            "test a ... ok\n\
             test b::c ... FAILED\n\
             vectors: RFC 9605: header: 289\n\
             test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             vectors: RFC 9605: header: 1\n\
             vectors: unfinished\n\
             test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!((tally.passed, tally.failed, tally.ignored), (7, 2, 1));
        assert_eq!(tally.failures, ["b::c"]);
        assert_eq!(
            tally.vectors.into_iter().collect::<Vec<_>>(),
            [("RFC 9605: header".to_owned(), 290)]
        );
    }
}
