//! The command `ferrogate`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use ferrogate::cli::{Action, Cli};
use ferrogate::{Export, ExportFailed, Ferrogate, StageFailed, StageRequest, StartError};
use tracing_subscriber::EnvFilter;

/// The exit statuses of `sysexits.h`, which say what kind of mistake it was.
const EX_USAGE: u8 = 64;
const EX_DATAERR: u8 = 65;
const EX_UNAVAILABLE: u8 = 69;
const EX_SOFTWARE: u8 = 70;
const EX_CANTCREAT: u8 = 73;
const EX_TEMPFAIL: u8 = 75;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { EX_USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let action = match cli.action() {
        Ok(action) => action,
        Err(error) => return fail(&error, EX_USAGE),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .init();
    // Half of the processors, since the functions' processes need the others: on two, one thread serves 10 to 25 % more
    // requests than two threads that wake each other.
    let threads = std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}"), EX_SOFTWARE),
    };
    match action {
        Action::Run(options) => runtime.block_on(run(Ferrogate::with_options(*options))),
        Action::Export(export) => runtime.block_on(export_to(&export)),
        Action::Stage(request) => runtime.block_on(change_stage(&request)),
    }
}

async fn change_stage(request: &StageRequest) -> ExitCode {
    match request.run().await {
        Ok(done) => {
            let _ = write!(std::io::stdout(), "{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let status = match &error {
                StageFailed::Unreachable(_) => EX_UNAVAILABLE,
                StageFailed::Refused(_) => EX_DATAERR,
            };
            fail(&error.to_string(), status)
        }
    }
}

async fn export_to(export: &Export) -> ExitCode {
    match export.run().await {
        Ok(written) => {
            let template = written.first().map(|path| path.display().to_string()).unwrap_or_default();
            let others = match written.len() {
                0 | 1 => String::new(),
                count => format!(", with {} files of functions beside it", count - 1),
            };
            let _ = writeln!(std::io::stdout(), "{template}{others}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let status = match &error {
                ExportFailed::Unreachable(_) => EX_UNAVAILABLE,
                ExportFailed::Exists(_) => EX_USAGE,
                ExportFailed::Write { .. } => EX_CANTCREAT,
            };
            fail(&error.to_string(), status)
        }
    }
}

async fn run(ferrogate: Ferrogate) -> ExitCode {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return fail(&format!("cannot listen for signals: {error}"), EX_SOFTWARE),
    };
    // A signal during a long build ends it at once: nothing has been accepted yet.
    let started = tokio::select! {
        started = ferrogate.start() => started,
        () = signals.next() => return ExitCode::SUCCESS,
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => return fail(&error.to_string(), status(&error)),
    };
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "{}\nready on http://localhost:{} (Ctrl+C ends it)", running.banner(), running.port());
    let _ = stdout.flush();
    signals.next().await;
    tracing::info!("ending: requests under way may finish; another signal ends at once");
    tokio::select! {
        () = running.shutdown() => {}
        () = signals.next() => {}
    }
    ExitCode::SUCCESS
}

fn status(error: &StartError) -> u8 {
    match error {
        StartError::Template(_) | StartError::Seed(_) => EX_DATAERR,
        StartError::DataDir(ferrogate::DataDirError::InUse(_)) => EX_TEMPFAIL,
        StartError::DataDir(_) | StartError::Port { .. } => EX_UNAVAILABLE,
        StartError::Deploy(_) => EX_SOFTWARE,
    }
}

fn fail(message: &str, status: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    status.into()
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
