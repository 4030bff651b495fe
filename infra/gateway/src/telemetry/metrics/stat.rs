//! What is known of many values: count, sum, extremes, and their distribution as far as it is bounded.

/// Distinct values that are told apart; beyond it they are rounded to two digits, then to one.
const MAX_DISTINCT: usize = 64;

/// A summary of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stat {
    samples: f64,
    sum: f64,
    min: f64,
    max: f64,
    /// Values with how often each came, by value.
    values: Vec<(f64, f64)>,
    /// Digits that values are rounded to; 0 is all of them.
    digits: i32,
    /// Whether some came as a set of statistics: their distribution is not known.
    opaque: bool,
}

impl Stat {
    /// One that was summed up elsewhere.
    pub(crate) fn set(samples: f64, sum: f64, min: f64, max: f64) -> Stat {
        let known = samples <= 1.0 || min >= max;
        let values = if known { vec![(min, samples)] } else { Vec::new() };
        Stat { samples, sum, min, max, values, digits: 0, opaque: !known }
    }

    /// How many.
    pub(crate) fn samples(&self) -> f64 {
        self.samples
    }

    /// Adds a value that came `count` times.
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        self.extremes(value, value);
        self.samples += count;
        self.sum += value * count;
        self.insert(value, count);
    }

    /// Adds what another one knows.
    pub(crate) fn merge(&mut self, other: &Stat) {
        if other.samples <= 0.0 {
            return;
        }
        self.extremes(other.min, other.max);
        self.samples += other.samples;
        self.sum += other.sum;
        self.opaque |= other.opaque;
        for (value, count) in &other.values {
            self.insert(*value, *count);
        }
    }

    fn extremes(&mut self, min: f64, max: f64) {
        let first = self.samples <= 0.0;
        self.min = if first { min } else { self.min.min(min) };
        self.max = if first { max } else { self.max.max(max) };
    }

    fn insert(&mut self, value: f64, count: f64) {
        let value = rounded(value, self.digits);
        match self.values.binary_search_by(|held| held.0.total_cmp(&value)) {
            Ok(at) => self.values[at].1 += count,
            Err(at) => self.values.insert(at, (value, count)),
        }
        if self.values.len() > MAX_DISTINCT && self.digits != 1 {
            self.digits = if self.digits == 0 { 2 } else { 1 };
            for (value, count) in std::mem::take(&mut self.values) {
                self.insert(value, count);
            }
        } else if self.values.len() > 4 * MAX_DISTINCT {
            // Values of more magnitudes than a number has: nobody asks for the percentiles of those.
            self.opaque = true;
            self.values.clear();
        }
    }

    /// A statistic of it; `None` where it is not known.
    pub(crate) fn of(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::SampleCount => Some(self.samples),
            Statistic::Sum => Some(self.sum),
            Statistic::Average => Some(self.sum / self.samples),
            Statistic::Minimum => Some(self.min),
            Statistic::Maximum => Some(self.max),
            Statistic::Percentile(p) if !self.opaque => Some(self.percentile(p)),
            Statistic::Percentile(_) => None,
        }
    }

    fn percentile(&self, p: f64) -> f64 {
        let rank = p / 100.0 * (self.samples - 1.0).max(0.0);
        let at = |rank: f64| {
            let mut seen = 0.0;
            let found = self.values.iter().find(|(_, count)| {
                seen += count;
                seen > rank
            });
            found.map_or(self.max, |(value, _)| value.clamp(self.min, self.max))
        };
        let (low, high) = (at(rank.floor()), at(rank.ceil()));
        low + (high - low) * rank.fract()
    }
}

/// To so many significant digits; 0 leaves it as it is.
fn rounded(value: f64, digits: i32) -> f64 {
    if digits == 0 || value == 0.0 {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the magnitude of a number is below 400")]
    let magnitude = value.abs().log10().floor() as i32;
    let unit = 10_f64.powi(magnitude + 1 - digits);
    (value / unit).round() * unit
}

/// A statistic that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// 0 to 100.
    Percentile(f64),
}

impl Statistic {
    /// `Average` … `Maximum`, `p99`, `p99.9`. Others (trimmed means and the like) are not here.
    pub(crate) fn parse(text: &str) -> Option<Statistic> {
        Some(match text {
            "SampleCount" => Statistic::SampleCount,
            "Average" => Statistic::Average,
            "Sum" => Statistic::Sum,
            "Minimum" => Statistic::Minimum,
            "Maximum" => Statistic::Maximum,
            text => {
                let percent: f64 = text.strip_prefix(['p', 'P'])?.parse().ok()?;
                (0.0..=100.0).contains(&percent).then_some(Statistic::Percentile(percent))?
            }
        })
    }
}
