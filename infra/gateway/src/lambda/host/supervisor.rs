//! Looks after one environment's process from its start to its end: its Runtime API, its log, its deadlines.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::environment::{Environment, Overdue};
use super::failure::Failure;
use super::logs::{Drained, LogPipe};
use super::process::Process;
use super::runtime_api;
use super::version::{Code, is_no_program, variables};
use crate::lambda::runtimes::Program;

/// Connections that one process may have to its Runtime API: far more than any runtime opens.
const MAX_CONNECTIONS: usize = 64;
/// How long the last words of a process that has ended may take to be read; they are in the kernel's buffers already.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why the process is being ended, or has ended.
enum End {
    Exited,
    Overdue(Overdue),
    Stopped,
}

/// Starts the environment's process and stays with it until it and everything it has started are gone.
pub(crate) async fn run(environment: Arc<Environment>) {
    let pool = environment.pool.clone();
    let (listener, mut process) = match launch(&environment).await {
        Ok(launched) => launched,
        Err(failure) => {
            let was_starting = environment.is_starting();
            if let Some(failure) = environment.ended(failure) {
                pool.start_failed(&environment, &failure);
            }
            pool.gone(&environment, was_starting);
            return;
        }
    };
    let mut connections = JoinSet::new();
    let end = attend(&environment, &listener, &mut process, &mut connections).await;
    process.kill();
    let status = match process.wait().await {
        Ok(status) => Some(status),
        Err(error) => {
            tracing::warn!(function = environment.version.function.function_name, %error, "cannot wait for a process");
            None
        }
    };
    let failure = match &end {
        End::Exited => {
            // The process may have answered with its last breath.
            while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
                connections.spawn(runtime_api::serve(stream, environment.clone()));
            }
            let _ = tokio::time::timeout(LAST_WORDS, async { while connections.join_next().await.is_some() {} }).await;
            Failure::exit(status)
        }
        End::Overdue(_) => Failure::timeout(environment.version.function.timeout),
        End::Stopped => Failure::exit(None),
    };
    connections.shutdown().await;
    if let Some(logs) = environment.logs.get() {
        while logs.drain() == Drained::More {}
    }
    let was_starting = environment.is_starting();
    if let Some(failure) = environment.ended(failure) {
        match (&end, &failure) {
            (End::Overdue(Overdue::Start), Failure::Platform { .. }) => pool.start_overdue(&environment),
            _ => pool.start_failed(&environment, &failure),
        }
    }
    pool.gone(&environment, was_starting);
}

async fn attend(
    environment: &Arc<Environment>,
    listener: &TcpListener,
    process: &mut Process,
    connections: &mut JoinSet<()>,
) -> End {
    let settings = &environment.pool.shared().settings;
    let keep_idle = i64::try_from(settings.keep_idle.as_millis()).unwrap_or(i64::MAX / 2);
    let mut log_open = true;
    loop {
        let wake = environment.wake_at(settings.clock.running(), keep_idle);
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                // A connection that is gone before it was taken is nobody's loss.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(runtime_api::serve(stream, environment.clone()));
                }
            }
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = process.wait() => return End::Exited,
            open = pump(environment), if log_open => log_open = open,
            () = environment.stopped() => return End::Stopped,
            () = settings.clock.sleep_until_running(wake) => {
                if let Some(overdue) = environment.overdue(settings.clock.running(), keep_idle) {
                    return End::Overdue(overdue);
                }
            }
        }
    }
}

async fn pump(environment: &Environment) -> bool {
    match environment.logs.get() {
        Some(logs) => logs.pump().await,
        None => false,
    }
}

async fn launch(environment: &Environment) -> Result<(TcpListener, Process), Failure> {
    let version = &environment.version;
    let shared = environment.pool.shared();
    let (Code::Ready { task_root, .. }, Some(program)) = (&version.code, &version.program) else {
        return Err(Failure::entrypoint("there is no code".to_owned()));
    };
    let Program { executable, arguments, .. } = program;
    if is_no_program(executable) {
        return Err(Failure::entrypoint("fork/exec /var/task/bootstrap: exec format error".to_owned()));
    }
    let machine = |what: &str, error: io::Error| {
        tracing::error!(function = version.function.function_name, %error, "{what}");
        Failure::Platform { error_type: "Sandbox.Failure", message: what.to_owned() }
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| machine("cannot open a port for the Runtime API", error))?;
    let address = listener.local_addr().map_err(|error| machine("cannot open a port for the Runtime API", error))?;
    let no_pipe = |error| machine("cannot open a pipe for the log", error);
    let (reader, writer) = io::pipe().map_err(no_pipe)?;
    let logs = LogPipe::new(reader, environment.log.clone()).map_err(no_pipe)?;
    let mut command = Command::new(executable);
    command
        .args(arguments)
        .current_dir(task_root)
        .env_clear()
        .envs(variables(version, &shared.settings, &address.to_string(), task_root, environment.log.stream()))
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(no_pipe)?)
        .stderr(writer);
    let process = shared.spawner.spawn(command).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => {
            tracing::error!(executable = %executable.display(), folder = %task_root.display(), %error, "cannot run a function");
            Failure::entrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned())
        }
        _ => machine("cannot start a process", error),
    })?;
    environment.set_process(process.id());
    // Only this function sets it.
    let _ = environment.logs.set(logs);
    Ok((listener, process))
}
