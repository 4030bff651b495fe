//! Processes that are measured: each in a group of its own, which ends with the benchmark whatever happens.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::{Failure, place};

/// How long a process may take to end when asked.
const END: Duration = Duration::from_secs(15);

/// A running process. Dropping it kills its group.
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
    log: PathBuf,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

impl Process {
    /// Starts it; what it writes to stderr goes to `{name}.log` in the target folder.
    pub(crate) fn start(name: &str, mut command: Command) -> Result<Process, Failure> {
        let log = place::logs().join(format!("{name}.log"));
        std::fs::create_dir_all(place::logs())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        // Without its own group, a kill would leave the grandchildren (cargo, functions) behind.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{:?}: {error}", command.as_std().get_program()))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        Ok(Process { child, group, log, stdout })
    }

    /// Its process id, while it has not been seen to end.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Reads its stdout up to the line that begins with `prefix`, and gives the rest of that line. What comes after it
    /// is thrown away as it comes.
    pub(crate) async fn line(&mut self, prefix: &str, patience: Duration) -> Result<String, Failure> {
        let mut lines = self.stdout.take().ok_or("its output was read already")?;
        let found = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(rest) = line.strip_prefix(prefix) {
                    return Ok(rest.to_owned());
                }
            }
            Err(Failure::from("it ended"))
        };
        let found = match timeout(patience, found).await {
            Ok(found) => found,
            Err(_) => Err(format!("after {patience:?}").into()),
        };
        let found = found.map_err(|error| format!("no line «{prefix}»: {error}; see {}", self.log.display()))?;
        self.drain(lines);
        Ok(found)
    }

    /// Throws its stdout away as it comes.
    pub(crate) fn ignore_output(&mut self) {
        if let Some(lines) = self.stdout.take() {
            self.drain(lines);
        }
    }

    /// A full pipe would stop it.
    fn drain(&self, lines: Lines<BufReader<ChildStdout>>) {
        let mut stdout = lines.into_inner();
        tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
    }

    /// Ends it with SIGTERM, and with SIGKILL when that takes too long.
    pub(crate) async fn end(mut self) {
        if let Some(process) = self.group {
            let _ = kill_process(process, Signal::TERM);
        }
        let _ = timeout(END, self.child.wait()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A port that nobody listens on now: for servers that cannot pick one and tell.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_line_is_found_and_the_process_ended() {
        let mut process = Process::start("test-line", shell("echo a; echo ready on 1; exec sleep 60")).unwrap();
        assert_eq!(process.line("ready on ", END).await.unwrap(), "1");
        assert!(process.id().is_some());
        process.end().await;
    }

    #[tokio::test]
    async fn a_process_that_ends_without_the_line_is_an_error() {
        let mut process = Process::start("test-end", shell("echo a")).unwrap();
        let error = process.line("ready on ", END).await.unwrap_err().to_string();
        assert!(error.contains("it ended") && error.contains("test-end.log"), "{error}");
    }

    #[tokio::test]
    async fn a_process_without_the_line_is_not_waited_for_for_ever() {
        let mut process = Process::start("test-patience", shell("exec sleep 60")).unwrap();
        let error = process.line("ready on ", Duration::from_millis(20)).await.unwrap_err().to_string();
        assert!(error.contains("after 20ms"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let started = Process::start("test-missing", Command::new("a-command-that-nobody-has"));
        assert!(started.err().unwrap().to_string().contains("a-command-that-nobody-has"));
    }
}
