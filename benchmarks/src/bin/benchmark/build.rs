//! From a clean clone to ready, and from a saved file to the new answer.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use crate::gateway::Gateway;
use crate::load::{Connection, Target};
use crate::options::Options;
use crate::statistics::median_time;
use crate::table::{Table, time};
use crate::{Failure, cargo, place, say};

/// How long an edit may take to be served.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);

/// What answers with both texts that are edited.
const PATH: &str = "/_aws/execute-api/userapi/production/products/none";

/// A change to a line of real code that an answer shows.
struct Edit {
    name: &'static str,
    file: &'static str,
    /// What stands in the file, and where in it a mark goes.
    before: &'static str,
    after: &'static str,
    aim: &'static str,
}

const EDITS: [Edit; 2] = [
    Edit {
        name: "a function",
        file: "functions/get-product/src/lib.rs",
        before: r#"NotFound("product"#,
        after: r#"")"#,
        aim: "< 3 s",
    },
    Edit {
        name: "`shared`",
        file: "shared/src/errors.rs",
        before: "There is no such {what}",
        after: r#".")"#,
        aim: "–",
    },
];

/// Measures and gives the section.
pub(crate) async fn section(options: &Options) -> Result<String, Failure> {
    let folder = tempfile::tempdir()?;
    let clone = folder.path().join("ferrogate");
    git_clone(&clone).await?;
    cargo::run(&["fetch", "--locked"], &clone).await?;
    let mut command = cargo::command();
    command.args(["run", "--locked", "--", "--ephemeral"]).current_dir(&clone).env_remove("CARGO_TARGET_DIR");
    say("build: cargo run in a clean clone");
    let gateway = Gateway::run("build", command).await?;
    let mut table = Table::new(["", "median", "aim"]);
    let clean = "clean clone to ready, `cargo run`, dependencies downloaded (once)".to_owned();
    table.row([clean, time(gateway.ready_after), "–".to_owned()]);
    let mut connection =
        Connection::open(Target { address: gateway.address, path: PATH.to_owned(), request: None, expected: "" })
            .await?;
    for edit in &EDITS {
        let mut times = Vec::new();
        for number in 1..=options.rounds {
            let took = edit.serve(&clone, &mut connection, number).await;
            let took = took.map_err(|error| format!("{}: {error}", edit.file))?;
            say(&format!("build: an edit in {} was served after {took:.1?}", edit.name));
            times.push(took);
        }
        let name = format!("an edit in {}, until the new answer", edit.name);
        table.row([name, time(median_time(times)), edit.aim.to_owned()]);
    }
    gateway.end().await;
    Ok(format!("## Build\n\nProfile `dev`; edits: medians of {}.\n\n{table}", options.rounds))
}

/// The last commit, not the files as they are: the user's own folder is neither built in nor changed.
async fn git_clone(to: &Path) -> Result<(), Failure> {
    let mut command = Command::new("git");
    command.args(["clone", "--quiet", "--local", "--no-hardlinks"]).arg(place::repository()).arg(to);
    let status = command.status().await?;
    if status.success() { Ok(()) } else { Err(format!("git clone: {status}").into()) }
}

impl Edit {
    /// Saves the edit and waits until an answer shows it.
    async fn serve(&self, clone: &Path, connection: &mut Connection, number: u32) -> Result<Duration, Failure> {
        let file = clone.join(self.file);
        let mark = format!("edit {number} of {}", self.name.replace('`', ""));
        let edited = self.apply(&std::fs::read_to_string(&file)?, &mark)?;
        std::fs::write(&file, edited)?;
        let saved = Instant::now();
        while saved.elapsed() < PATIENCE {
            let (_, body, _) = connection.fetch().await?;
            if String::from_utf8_lossy(body).contains(&mark) {
                return Ok(saved.elapsed());
            }
            sleep(POLL).await;
        }
        Err(format!("not served after {PATIENCE:?}").into())
    }

    /// The source with this mark, in the place of an earlier one.
    fn apply(&self, source: &str, mark: &str) -> Result<String, Failure> {
        let missing = || format!("there is no «{}…{}» to edit", self.before, self.after);
        let start = source.find(self.before).ok_or_else(missing)? + self.before.len();
        let end = source[start..].find(self.after).ok_or_else(missing)? + start;
        Ok(format!("{} {mark}{}", &source[..start], &source[end..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_takes_the_place_of_the_last() {
        let source = r#"ok_or(AppError::NotFound("product"))?"#;
        let once = EDITS[0].apply(source, "edit 1").unwrap();
        assert_eq!(once, r#"ok_or(AppError::NotFound("product edit 1"))?"#);
        assert_eq!(EDITS[0].apply(&once, "edit 2").unwrap(), r#"ok_or(AppError::NotFound("product edit 2"))?"#);
        assert!(EDITS[1].apply(source, "edit 1").unwrap_err().to_string().contains("no such {what}"));
    }
}
