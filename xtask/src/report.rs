//! The closing report of a run.

use std::{fmt, time::Duration};

use crate::parts::{Campaign, Halt};

/// The tables of a run and its closing line.
pub(crate) struct Report<'a> {
    /// What was run; the closing line begins with it.
    pub(crate) title: &'a str,
    /// The run, at its end.
    pub(crate) campaign: &'a Campaign,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.campaign.tally;
        if !tally.vectors.is_empty() {
            writeln!(f, "\n{:<44}{:>8}", "corpus", "vectors")?;
            for (corpus, count) in &tally.vectors {
                writeln!(f, "{corpus:<44}{count:>8}")?;
            }
        }
        if tally.passed + tally.failed > 0 {
            let (passed, failed) = (tally.passed, tally.failed);
            writeln!(f, "\ntests: {passed} passed, {failed} failed")?;
        }
        writeln!(f, "\n{:<16}{:>8}  verdict", "part", "seconds")?;
        for outcome in &self.campaign.outcomes {
            let (verdict, note) = match &outcome.verdict {
                Ok(note) => ("passed", note),
                Err(Halt::Failed(reason)) => ("FAILED", reason),
                Err(Halt::Skipped(reason)) => ("SKIPPED", reason),
            };
            let (name, took) = (outcome.name, seconds(outcome.took));
            writeln!(f, "{name:<16}{took:>8}  {verdict}: {note}")?;
        }
        for outcome in &self.campaign.outcomes {
            if !outcome.excerpt.is_empty() {
                writeln!(f, "\n{}: its last command printed", outcome.name)?;
                f.write_str(&outcome.excerpt)?;
            }
            if let (Some(log), Err(Halt::Failed(_))) = (&outcome.log, &outcome.verdict) {
                writeln!(f, "{}: all of it: {}", outcome.name, log.display())?;
            }
        }
        f.write_str(&closing_line(self.title, self.campaign))
    }
}

/// The last line: how many parts passed, or the names of those that did not.
fn closing_line(title: &str, campaign: &Campaign) -> String {
    let named = |wanted: fn(&Halt) -> bool| {
        let names: Vec<_> = campaign
            .outcomes
            .iter()
            .filter(|outcome| outcome.verdict.as_ref().is_err_and(wanted))
            .map(|outcome| outcome.name)
            .collect();
        names.join(", ")
    };
    let failed = named(|halt| matches!(halt, Halt::Failed(_)));
    let skipped = named(|halt| matches!(halt, Halt::Skipped(_)));
    let took = seconds(campaign.began.elapsed());
    let passed = campaign
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict.is_ok())
        .count();
    if !failed.is_empty() {
        format!("{title}: FAILED in {took} s: {failed}")
    } else if skipped.is_empty() {
        format!("{title}: {passed} parts passed in {took} s")
    } else {
        format!("{title}: {passed} parts passed in {took} s, skipped: {skipped}")
    }
}

/// `took` in seconds, to a tenth.
fn seconds(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::Report;
    use crate::{
        parts::{Campaign, Halt, Part},
        workspace::Workspace,
    };

    fn report_on(parts: &[Part]) -> String {
        let mut campaign = Campaign::new(Workspace::find().unwrap(), NonZeroU32::MIN);
        for part in parts {
            campaign.run(part);
        }
        let report = Report {
            title: "test",
            campaign: &campaign,
        };
        report.to_string()
    }

    #[test]
    fn a_failed_part_is_named_in_the_last_line_and_later_parts_still_run() {
        let report = report_on(&[
            Part {
                name: "pretended-1",
                job: |_| Err(Halt::Failed("as this test wants it".to_owned())),
            },
            Part {
                name: "pretended-2",
                job: |_| Ok("fine".to_owned()),
            },
        ]);
        assert!(report.contains("pretended-2"), "{report}");
        let last = report.lines().last().unwrap();
        assert!(last.starts_with("test: FAILED in "), "{last}");
        assert!(last.ends_with(": pretended-1"), "{last}");
    }

    #[test]
    fn success_closes_with_the_number_of_parts() {
        let report = report_on(&[Part {
            name: "pretended",
            job: |_| Ok(String::new()),
        }]);
        let last = report.lines().last().unwrap();
        assert!(last.starts_with("test: 1 parts passed in "), "{last}");
        assert!(last.ends_with(" s"), "{last}");
    }
}
