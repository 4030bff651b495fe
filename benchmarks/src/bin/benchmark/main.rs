//! Measures Ferrogate and prints what it finds as Markdown: tables to stdout, progress to stderr.

mod authorize;
mod authorizers;
mod broadcast;
mod build;
mod cargo;
mod client;
mod control;
mod function;
mod functions;
mod gateway;
mod load;
mod machine;
mod memory;
mod options;
mod people;
mod place;
mod process;
mod proxy;
mod rest;
mod rest_api;
mod room;
mod size;
mod start;
mod statistics;
mod table;
mod throttle;
mod turns;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::options::{Options, Section};

/// Why a measurement failed, for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Progress, for a person.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

// One thread: what is measured shall have the other cores.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    tokio::select! {
        code = run(&options) => code,
        // What was started ends when the future above is dropped.
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

/// Every section is tried: one that fails does not take the others with it.
async fn run(options: &Options) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    print(&machine::facts());
    for section in &options.sections {
        let figures = match section {
            Section::Proxy => proxy::section(options).await,
            Section::Broadcast => broadcast::section(options).await,
            Section::Start => start::section(options).await,
            Section::Control => control::section(options).await,
            Section::Functions => functions::section(options).await,
            Section::Memory => memory::section().await,
            Section::Authorize => authorize::section(options).await,
            Section::Authorizers => authorizers::section(options).await,
            Section::Rest => rest::section(options).await,
            Section::Throttle => throttle::section().await,
            Section::Size => size::section().await,
            Section::Build => build::section(options).await,
        };
        match figures {
            Ok(figures) => print(&format!("\n{figures}")),
            Err(error) => {
                say(&format!("{section:?} FAILED: {error}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
