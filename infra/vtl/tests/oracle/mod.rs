//! Asks real Velocity and real JsonPath, where they are installed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The driver, compiled when it runs, and the jars that it runs with.
pub(crate) struct Oracle {
    classpath: String,
}

impl Oracle {
    /// Finds Java and the jars: `FERROGATE_VELOCITY_CLASSPATH`, or where Debian and `.ci/peers` put them.
    pub(crate) fn find() -> Option<Self> {
        let required = std::env::var("FERROGATE_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        let found = classpath().filter(|_| Command::new("java").arg("-version").output().is_ok());
        if found.is_none() {
            assert!(!required, "Apache Velocity is not installed: .ci/peers does it");
            eprintln!(
                "SKIPPED: Apache Velocity is not installed (.ci/peers does it); compared with its recorded answers only"
            );
        }
        found.map(|classpath| Oracle { classpath })
    }

    /// An answer for each case.
    pub(crate) fn ask(&self, cases: &[Value]) -> Vec<Value> {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/Oracle.java");
        let mut child = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp", &self.classpath])
            .arg(driver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), cases.len());
        answers
    }
}

fn classpath() -> Option<String> {
    if let Ok(given) = std::env::var("FERROGATE_VELOCITY_CLASSPATH") {
        return Some(given);
    }
    let mut jars: Vec<PathBuf> = ["velocity", "commons-lang", "commons-collections3"]
        .iter()
        .map(|name| Path::new("/usr/share/java").join(format!("{name}.jar")))
        .collect();
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/node/node_modules/wiremock/build");
    let wiremock = build.read_dir().ok()?.filter_map(Result::ok).map(|entry| entry.path());
    jars.extend(wiremock.filter(|path| path.extension().is_some_and(|extension| extension == "jar")).take(1));
    if jars.len() < 4 || !jars.iter().all(|jar| jar.exists()) {
        return None;
    }
    Some(jars.iter().map(|jar| jar.display().to_string()).collect::<Vec<_>>().join(":"))
}

/// An answer without Java's wording, which says where this machine is.
pub(crate) fn without_message(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(members) = answer.as_object_mut() {
        members.shift_remove("message");
    }
    answer
}
