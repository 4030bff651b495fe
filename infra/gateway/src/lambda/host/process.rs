//! Starting and ending operating system processes so that none is ever left behind.
//!
//! Each process leads a process group of its own, and the group is killed as a whole: with the environment, with the
//! service, and on a panic. On Linux the kernel also kills the process when Ferrogate dies without a chance to tidy up.

use std::collections::HashSet;
use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How often a start is tried again while the kernel says that the executable is still open for writing: another
/// thread's fork may hold the descriptor through which it was copied until that fork reaches its exec.
const TEXT_BUSY_RETRIES: u32 = 20;

/// Starts processes from one thread that lives as long as the service.
///
/// The thread matters: Linux sends the parent-death signal when the *thread* that forked ends, and Tokio's blocking
/// threads come and go.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    jobs: mpsc::Sender<Job>,
    groups: Groups,
}

#[derive(Debug)]
struct Job {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Process>>,
}

/// The process groups that are alive.
#[derive(Clone, Debug, Default)]
struct Groups(Arc<Mutex<HashSet<i32>>>);

impl Groups {
    fn with<T>(&self, act: impl FnOnce(&mut HashSet<i32>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Spawner {
    /// Starts the thread.
    pub(crate) fn new() -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let groups = Groups::default();
        let registry = groups.clone();
        std::thread::Builder::new().name("ferrogate-spawn".to_owned()).spawn(move || {
            for Job { mut command, runtime, reply } in inbox {
                let _inside = runtime.enter();
                // A caller that has gone away drops the process, and the drop kills it.
                let _ = reply.send(spawn(&mut command, &registry));
            }
        })?;
        Ok(Spawner { jobs, groups })
    }

    /// Starts `command` as the leader of a new process group. Call within a Tokio runtime.
    pub(crate) async fn spawn(&self, mut command: Command) -> io::Result<Process> {
        command.process_group(0);
        die_with_parent(&mut command);
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        self.jobs.send(Job { command, runtime: Handle::current(), reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Kills every process that is still alive, at once and without waiting.
    pub(crate) fn kill_all(&self) {
        for group in self.groups.with(|groups| groups.iter().copied().collect::<Vec<_>>()) {
            kill_group(group);
        }
    }
}

fn spawn(command: &mut Command, groups: &Groups) -> io::Result<Process> {
    let mut attempt = 0;
    let child = loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && attempt < TEXT_BUSY_RETRIES => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            result => break result?,
        }
    };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| io::Error::other("no process id"))?;
    groups.with(|groups| groups.insert(group));
    Ok(Process { child, group, groups: groups.clone(), reaped: false })
}

/// A running process and its group; dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: i32,
    groups: Groups,
    reaped: bool,
}

impl Process {
    /// The process id, which is the group's id too.
    pub(crate) fn id(&self) -> i32 {
        self.group
    }

    /// Sends SIGKILL to the whole group.
    pub(crate) fn kill(&self) {
        if !self.reaped {
            kill_group(self.group);
        }
    }

    /// Waits for the process to end, then kills what it has left running.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        if !self.reaped {
            // Its own children keep the group's id taken, so this cannot reach a stranger.
            kill_group(self.group);
            self.groups.with(|groups| groups.remove(&self.group));
            self.reaped = true;
        }
        status
    }

    /// The pipe from the process's stdout, if one was asked for.
    pub(crate) fn take_stdout(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.groups.with(|groups| groups.remove(&self.group));
    }
}

fn kill_group(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // Fails only when nobody is left in it.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Has the kernel kill the process when Ferrogate ends in whatever way, SIGKILL included.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the parent-death signal can only be set between fork and exec")]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let set = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // Ferrogate may have ended before the signal was set: then nobody would send it.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: the closure makes two raw system calls and allocates nothing, so it is async-signal-safe, as code
    // between fork and exec must be.
    unsafe { command.pre_exec(set) };
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
