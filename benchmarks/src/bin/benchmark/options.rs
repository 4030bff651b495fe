//! The command line.

use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures Ferrogate and prints Markdown tables, as they stand in BENCHMARKS.md.
#[derive(Debug, Parser)]
#[command(name = "benchmarks/run")]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_values_t = [Section::Proxy, Section::Broadcast, Section::Start])]
    pub(crate) sections: Vec<Section>,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Seconds of one round of requests
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Chat messages in one round of broadcasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) messages: u32,
    /// Connections in the room; several, with commas
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1000], value_parser = clap::value_parser!(u32).range(2..=5000))]
    pub(crate) room: Vec<u32>,
    /// Starts, and functions created, of which the median counts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) starts: u32,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// Requests per second, beside `cargo lambda watch`
    Proxy,
    /// Deliveries per second to the connections of a chat room
    Broadcast,
    /// Time to ready, memory, cold start of a function
    Start,
    /// Calls per second that build REST APIs, beside moto's server
    Control,
    /// Functions in Rust, Python and Node: first answer, requests per second
    Functions,
    /// Memory of idle REST APIs and functions
    Memory,
    /// What each kind of authorization adds to a request
    Authorize,
    /// Time, allocations and DynamoDB calls of an invocation of authorize-jwt and authorize-tier
    Authorizers,
    /// Mocks and cache hits beside a bare hyper server; validation, templates, growth, memory of a cached response
    Rest,
    /// Throttle decisions per second, at one API key and at a million
    Throttle,
    /// Size of each zipped function (a long build)
    Size,
    /// Time from a clean clone to ready, and after an edit (a long build)
    Build,
}

impl Options {
    /// One round of requests.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_sections_are_the_default() {
        let options = Options::try_parse_from(["run"]).unwrap();
        assert_eq!(options.sections, [Section::Proxy, Section::Broadcast, Section::Start]);
        assert_eq!(options.room, [100, 1000]);
        let options = Options::try_parse_from(["run", "--rounds", "3", "size", "--room", "10,20"]).unwrap();
        assert_eq!((options.sections, options.rounds, options.room), (vec![Section::Size], 3, vec![10, 20]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(Options::try_parse_from(["run", "sizes"]).is_err());
        assert!(Options::try_parse_from(["run", "--rounds", "0"]).is_err());
        assert!(Options::try_parse_from(["run", "--room", "1"]).is_err());
    }
}
