//! Moments as RFC 3339 texts in UTC, to the microsecond, in the years 1970 to 9999.

/// Microseconds of 10000-01-01, the first moment that has no such text.
const END: u64 = 253_402_300_800_000_000;
const DAY: u64 = 86_400;
/// Octets of a text.
const LEN: usize = 27;

/// `2026-11-22T14:05:13.000001Z`, or nothing from the year 10000 on.
pub(super) fn to_rfc3339(unix_micros: u64) -> Option<String> {
    if unix_micros >= END {
        return None;
    }
    let (seconds, micros) = (unix_micros / 1_000_000, unix_micros % 1_000_000);
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
    ))
}

/// Reads what [`to_rfc3339`] writes, and nothing else.
pub(super) fn from_rfc3339(text: &str) -> Option<u64> {
    if text.len() != LEN || !text.is_ascii() {
        return None;
    }
    let number = |at: usize, len: usize| text[at..at + len].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    let micros = seconds * 1_000_000 + number(20, 6)?;
    // Its one text: right signs between, no 30th of February, no second 60.
    (to_rfc3339(micros)? == text).then_some(micros)
}

/// Days since 1970-01-01 as year, month and day, by years that begin in March and eras of 400 years.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// The way back, from 1970 on.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::{END, from_rfc3339, to_rfc3339};

    #[test]
    fn known_moments() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_210_096_123_456, "2024-02-29T12:34:56.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (END - 1, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(to_rfc3339(micros).as_deref(), Some(text));
            assert_eq!(from_rfc3339(text), Some(micros));
        }
        assert_eq!(to_rfc3339(END), None);
        assert_eq!(to_rfc3339(u64::MAX), None);
    }

    #[test]
    fn each_day_of_four_centuries_goes_forth_and_back() {
        for day in 0..146_097 {
            let micros = day * 86_400_000_000 + 1;
            let text = to_rfc3339(micros).expect("before 10000");
            assert_eq!(from_rfc3339(&text), Some(micros), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.000000+",
            "1970-01-01 00:00:00.000000Z",
            "1969-12-31T23:59:59.000000Z",
            "2023-02-29T00:00:00.000000Z",
            "2023-13-01T00:00:00.000000Z",
            "2023-00-01T00:00:00.000000Z",
            "2023-01-01T24:00:00.000000Z",
            "2023-01-01T00:00:60.000000Z",
            "2023-01-01T00:00:+1.000000Z",
            "٢٠٢٣-01-01T00:00:00.0000Z",
        ] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }
}
