//! Starts `ferrogate` and waits until it is ready.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::process::Process;
use crate::{Failure, machine, place};

/// Longer than a build of all functions in release takes on a slow machine.
const BUILD: Duration = Duration::from_secs(1800);

/// A running gateway.
pub(crate) struct Gateway {
    process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From exec to its line `ready on …`.
    pub(crate) ready_after: Duration,
}

impl Gateway {
    /// Starts the release build on this template, with functions built in release. Without a data folder the tables
    /// are in memory, and cargo is asked whether the functions are built.
    pub(crate) async fn start(name: &str, template: &Path, data: Option<&Path>) -> Result<Gateway, Failure> {
        let mut command = Command::new(place::ferrogate());
        command.arg("--template").arg(template).args(["--release", "--no-watch"]);
        match data {
            Some(folder) => command.arg("--data-dir").arg(folder),
            None => command.arg("--ephemeral"),
        };
        command.current_dir(place::repository());
        Gateway::run(name, command).await
    }

    /// Starts the release build without a template.
    pub(crate) async fn serve(name: &str, data: Option<&Path>) -> Result<Gateway, Failure> {
        let mut command = Command::new(place::ferrogate());
        // The clients here make their signatures up, as they do for peers that check none.
        command.args(["serve", "--no-check-signatures"]);
        match data {
            Some(folder) => command.arg("--data-dir").arg(folder),
            None => command.arg("--ephemeral"),
        };
        Gateway::run(name, command).await
    }

    /// Starts this command (`ferrogate`, or cargo running it) on a free port.
    pub(crate) async fn run(name: &str, mut command: Command) -> Result<Gateway, Failure> {
        // A machine is to be measured, not what AWS gives an account.
        command.args(["--port", "0", "--no-account-throttle"]).env_remove("RUST_LOG");
        let started = Instant::now();
        let mut process = Process::start(name, command)?;
        let line = process.line("ready on ", BUILD).await.map_err(|error| format!("ferrogate ({name}): {error}"))?;
        let ready_after = started.elapsed();
        let port = port(&line).ok_or_else(|| format!("ferrogate says «ready on {line}», which names no port"))?;
        Ok(Gateway { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ready_after })
    }

    /// The memory of its own process, in bytes; `None` elsewhere than on Linux.
    pub(crate) fn resident(&self) -> Option<u64> {
        machine::resident(self.process.id()?)
    }

    /// The processes that it has started and that run; none elsewhere than on Linux.
    pub(crate) fn children(&self) -> Vec<u32> {
        self.process.id().map(machine::children).unwrap_or_default()
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        self.process.end().await;
    }
}

/// The port of an address that text begins with: `http://localhost:4566 (…)`.
pub(crate) fn port(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("://")?.1.split_once(':')?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_ready_line() {
        assert_eq!(port("http://localhost:41234 (Ctrl+C ends it)"), Some(41234));
        assert_eq!(port("http://localhost:41234/x"), Some(41234));
        assert_eq!(port("http://localhost"), None);
        assert_eq!(port("41234"), None);
    }
}
