//! Runs the command `ferrogate` as a user would: a process of its own, with its output and its signals.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chat::PATIENCE;
use crate::stack::{client, repository};

/// The built command. `cargo test` builds no other package's binaries, so this does, once, as `cargo run` would.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built =
            Command::new(cargo).args(["build", "--workspace", "--bin", "ferrogate"]).current_dir(repository()).status();
        assert!(
            built.as_ref().is_ok_and(std::process::ExitStatus::success),
            "cargo build --workspace --bin ferrogate: {built:?}"
        );
        // The test binary is in target/{profile}/deps.
        let here = std::env::current_exe().expect("the path of the test binary");
        here.ancestors().nth(2).expect("target/{profile}").join("ferrogate")
    })
}

/// `ferrogate` with these arguments, in the repository's root, with nothing of the terminal.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(repository()).stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

/// Runs it to its end.
pub fn output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap_or_else(|error| panic!("ferrogate does not start: {error}"))
}

/// A running `ferrogate`; killed when dropped.
pub struct Process {
    child: std::process::Child,
    /// `http://127.0.0.1:{port}`
    pub endpoint: String,
}

impl Process {
    /// Starts it on a free port and waits until it is ready.
    pub async fn start(arguments: &[&str]) -> Process {
        Process::with(&["--no-watch"], arguments).await
    }

    /// Starts it without a template, likewise.
    pub async fn serve(arguments: &[&str]) -> Process {
        Process::with(&["serve"], arguments).await
    }

    async fn with(first: &[&str], arguments: &[&str]) -> Process {
        let port = free_port();
        let port_argument = port.to_string();
        let all = [first, &["--port", &port_argument], arguments].concat();
        let child = command(&all).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("ferrogate does not start: {error}"));
        let mut process = Process { child, endpoint: format!("http://127.0.0.1:{port}") };
        process.until_ready().await;
        process
    }

    async fn until_ready(&mut self) {
        let started = Instant::now();
        loop {
            let health = client().get(format!("{}/_ferrogate/health", self.endpoint)).send().await;
            if health.is_ok_and(|health| health.status() == 200) {
                return;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("ferrogate ended before it was ready: {status}");
            }
            assert!(started.elapsed() < PATIENCE * 5, "ferrogate was not ready in time");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What `/_ferrogate/health` says.
    pub async fn health(&self) -> Value {
        let answer = client().get(format!("{}/_ferrogate/health", self.endpoint)).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("no health: {error}"));
        answer.json().await.unwrap_or_else(|error| panic!("health is no JSON: {error}"))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap_or_else(|error| panic!("cannot signal: {error}"));
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        let started = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status,
                Ok(None) => assert!(started.elapsed() < PATIENCE, "ferrogate did not end"),
                Err(error) => panic!("cannot wait: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Processes started by this one that are alive, by what `/proc` says of their parents; empty elsewhere than Linux.
    pub fn children(&self) -> Vec<u32> {
        children_of(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The living children of a process.
pub fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|&pid| stat(pid).is_some_and(|(state, of)| of == parent && state != 'Z')).collect()
}

/// Whether a process is alive.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Waits until something listens on a port.
pub async fn until_it_listens(port: u16) {
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(started.elapsed() < PATIENCE, "nothing listens on {port}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A port that nobody listens on now. Another process may take it before `ferrogate` does; then that test fails with
/// «port in use», which no retry hides. The stacks started through the library use port 0 and have no such gap.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
