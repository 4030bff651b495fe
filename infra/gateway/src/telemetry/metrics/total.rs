//! What was counted since the process began: it only grows, as those who read it from time to time want it.

/// The upper bounds of the classes that latencies are counted in, in milliseconds. The last is API Gateway's longest.
pub(crate) const BUCKETS: [f64; 14] =
    [1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 29_000.0];

/// The values of one metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Total {
    pub(crate) samples: u64,
    pub(crate) sum: f64,
    /// How many fell into each class and into none before it; of durations alone.
    pub(crate) buckets: Option<Box<[u64; BUCKETS.len()]>>,
}

impl Total {
    /// Of values with this unit.
    pub(super) fn of(unit: &str) -> Total {
        Total { buckets: (unit == "Milliseconds").then(Box::default), ..Total::default() }
    }

    pub(super) fn add(&mut self, value: f64) {
        self.samples += 1;
        self.sum += value;
        if let Some(buckets) = &mut self.buckets
            && let Some(at) = BUCKETS.iter().position(|bound| value <= *bound)
        {
            buckets[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_in_classes() {
        let mut total = Total::of("Milliseconds");
        [0.0, 1.0, 1.1, 29_000.0, 30_000.0].into_iter().for_each(|value| total.add(value));
        let buckets = total.buckets.as_ref().unwrap();
        assert_eq!((buckets[0], buckets[1], buckets[13], buckets.iter().sum::<u64>()), (2, 1, 1, 4));
        assert_eq!((total.samples, total.sum), (5, 59_002.1));
        assert_eq!(Total::of("Count").buckets, None);
    }
}
