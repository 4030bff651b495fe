//! What the figures were taken on.

use std::fmt::Write as _;
use std::process::Command;

use crate::place;

/// The machine, the tools and the code, as a Markdown list.
pub(crate) fn facts() -> String {
    let mut out = String::new();
    let mut fact = |name: &str, value: Option<String>| {
        let _ = writeln!(out, "- {name}: {}", value.as_deref().unwrap_or("unknown"));
    };
    fact("date", Some(format!("{} UTC", time::OffsetDateTime::now_utc().date())));
    fact("Ferrogate", commit());
    fact("processor", processor());
    fact("cores", std::thread::available_parallelism().ok().map(|cores| cores.to_string()));
    fact("memory", proc_field("/proc/meminfo", "MemTotal").and_then(|total| gigabytes(&total)));
    fact("system", output("uname", &["-sr"]));
    fact("rustc", output("rustc", &["--version"]));
    fact("load average", std::fs::read_to_string("/proc/loadavg").ok().map(|load| first_three(&load)));
    fact("Python", output("python3", &["--version"]).or_else(|| Some("not installed".into())));
    fact("Node", output("node", &["--version"]).or_else(|| Some("not installed".into())));
    fact("cargo-lambda", output("cargo-lambda", &["lambda", "--version"]).or_else(|| Some("not installed".into())));
    out
}

/// The commit, and whether the files differ from it.
fn commit() -> Option<String> {
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|changes| !changes.is_empty());
    Some(if changed { format!("{commit}, with changes") } else { commit })
}

fn git(arguments: &[&str]) -> Option<String> {
    let root = place::repository();
    let root = root.to_str()?;
    output("git", &[&["-C", root], arguments].concat())
}

fn processor() -> Option<String> {
    proc_field("/proc/cpuinfo", "model name").or_else(|| output("sysctl", &["-n", "machdep.cpu.brand_string"]))
}

/// The first value of a `name : value` line of a file under `/proc`; `None` elsewhere than on Linux.
pub(crate) fn proc_field(file: &str, name: &str) -> Option<String> {
    field(&std::fs::read_to_string(file).ok()?, name)
}

fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find_map(|(field, value)| (field.trim() == name).then(|| value.trim().to_owned()))
}

/// The memory of a process, in bytes; `None` elsewhere than on Linux.
pub(crate) fn resident(process: u32) -> Option<u64> {
    proc_field(&format!("/proc/{process}/status"), "VmRSS").as_deref().and_then(kilobytes)
}

/// The processes below a process, at any depth; none elsewhere than on Linux.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |id: u32| proc_field(&format!("/proc/{id}/status"), "PPid")?.parse::<u32>().ok();
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, parent(id)?))).collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(id, _)| *id));
        next += 1;
    }
    found.split_off(1)
}

/// Bytes of a value in kB.
pub(crate) fn kilobytes(value: &str) -> Option<u64> {
    Some(value.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// `0.21, 0.10, 0.05`: of one, five and fifteen minutes.
fn first_three(load: &str) -> String {
    load.split(' ').take(3).collect::<Vec<_>>().join(", ")
}

fn gigabytes(value: &str) -> Option<String> {
    Some(format!("{:.0} GB", kilobytes(value)? as f64 / 1e9))
}

/// What a command prints, if it succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc() {
        let status = "Name:\tferrogate\nVmRSS:\t   12345 kB\nThreads:\t3\n";
        assert_eq!(field(status, "VmRSS").as_deref().and_then(kilobytes), Some(12345 * 1024));
        assert_eq!(field(status, "VmSwap"), None);
        assert_eq!(kilobytes("12 pages"), None);
    }

    #[test]
    fn a_command_that_fails_has_no_output() {
        assert_eq!(output("false", &[]), None);
        assert_eq!(output("a-command-that-nobody-has", &[]), None);
        assert_eq!(output("echo", &["a"]).as_deref(), Some("a"));
    }
}
