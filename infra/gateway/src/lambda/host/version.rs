//! One deployed state of one function, and the environment variables its processes get.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::logs::LogStream;
use super::settings::HostSettings;
use crate::clock;
use crate::credentials::{Session, SessionOf};
use crate::ids;
use crate::lambda::runtimes::Program;
use crate::model::Function;

/// What there is to run of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A folder as a deployment package is unpacked into. What runs it, its `bootstrap` or an interpreter, is said by the
    /// function's runtime.
    Ready {
        /// `LAMBDA_TASK_ROOT`; an absolute path.
        task_root: PathBuf,
        /// Changes with the folder's content, where that can change. 0 for content that stays as it is.
        revision: u64,
    },
    /// Nothing can be run, since the function cannot be built; calls fail with this text.
    Broken {
        /// What the compiler said.
        message: String,
    },
}

/// One state of a function: its configuration and its code.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) function: Function,
    /// `$LATEST` or a number.
    pub(crate) number: String,
    pub(crate) code: Code,
    /// What is started for it; `None` when there is nothing to run.
    pub(crate) program: Option<Program>,
}

impl Code {
    /// The code in a folder whose content never changes, such as an unpacked package.
    pub fn in_folder(task_root: impl Into<PathBuf>) -> Self {
        Code::Ready { task_root: task_root.into(), revision: 0 }
    }
}

impl Version {
    /// The timeout in milliseconds.
    pub(crate) fn timeout_millis(&self) -> i64 {
        i64::from(self.function.timeout) * 1000
    }
}

/// Variables that Lambda sets itself and refuses in a function's configuration.
const RESERVED: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
];

/// Whether Lambda refuses a variable of this name.
pub(crate) fn reserved_variable(key: &str) -> bool {
    RESERVED.contains(&key)
}

/// The keys of `Environment.Variables` that Lambda would refuse; they are left out here.
pub(crate) fn reserved_variables(function: &Function) -> impl Iterator<Item = &str> {
    function.environment.keys().map(String::as_str).filter(|key| RESERVED.contains(key))
}

/// The whole environment of a process, as `provided.al2023` has it and as `of_runtime` says otherwise, with the real
/// folders in place of `/var/task`.
pub(crate) fn variables(
    version: &Version,
    settings: &HostSettings,
    runtime_api: &str,
    task_root: &Path,
    log: &LogStream,
) -> Vec<(String, OsString)> {
    let function = &version.function;
    let of_runtime = version.program.as_ref().map(|program| program.variables.as_slice()).unwrap_or_default();
    let name = &function.function_name;
    let key = Sha256::digest(name.as_bytes());
    let access_key = ids::session_key_id(&settings.account_id, &key);
    let session = Session { of: SessionOf::Function(name.clone()), expires_at: None, policy: None };
    let root = task_root.display();
    let mut all: Vec<(String, OsString)> = [
        ("_HANDLER", function.handler.clone()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_REGION", settings.region.clone()),
        ("AWS_DEFAULT_REGION", settings.region.clone()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", version.number.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_size.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log.group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log.name.clone()),
        ("AWS_SESSION_TOKEN", settings.issuer.session_token(&access_key, &session)),
        ("AWS_SECRET_ACCESS_KEY", settings.issuer.secret_access_key(&access_key)),
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000".to_owned()),
        ("_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1".to_owned()),
        ("_AWS_XRAY_DAEMON_PORT", "2000".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", settings.port)),
        ("LAMBDA_TASK_ROOT", root.to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        (
            "LD_LIBRARY_PATH",
            format!("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{root}:{root}/lib:/opt/lib"),
        ),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), OsString::from(value)))
    .collect();
    if let Some(trust) = settings.trust.as_ref().and_then(|source| source()) {
        // What boto3 and the AWS CLI read, requests, OpenSSL with all that stands on it and rustls, Node.js.
        for key in ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            all.push((key.to_owned(), trust.bundle.clone().into()));
        }
        all.push(("NODE_EXTRA_CA_CERTS".to_owned(), trust.ca.into()));
    }
    let own = function.environment.iter().filter(|(key, _)| !RESERVED.contains(&key.as_str()));
    let own = own.map(|(key, value)| (key.as_str(), value.into()));
    for (key, value) in of_runtime.iter().cloned().chain(own) {
        all.retain(|(known, _)| known != key);
        all.push((key.to_owned(), value));
    }
    all
}

/// A log stream for a new environment.
pub(crate) fn log_stream(version: &Version, settings: &HostSettings) -> LogStream {
    let function = &version.function;
    let day = clock::iso8601(settings.clock.now());
    let id = uuid::Uuid::new_v4().simple();
    LogStream {
        account: settings.account_id.clone(),
        region: settings.region.clone(),
        group: function.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", function.function_name)),
        name: format!("{}/[{}]{id}", day[..10].replace('-', "/"), version.number),
    }
}

/// Why the executable cannot run on this machine, if its header says so.
pub(crate) fn wrong_machine(executable: &Path) -> Option<String> {
    let header = header(executable)?;
    if header[..4] != *b"\x7fELF" {
        return None;
    }
    let little_endian = header[5] == 1;
    let machine = [header[18], header[19]];
    let machine = if little_endian { u16::from_le_bytes(machine) } else { u16::from_be_bytes(machine) };
    let machine = match machine {
        0x3e => "x86_64",
        0xb7 => "aarch64",
        0xf3 => "riscv64",
        0x28 => "arm",
        0x03 => "x86",
        _ => "another machine",
    };
    let here = (std::env::consts::OS, std::env::consts::ARCH);
    (here != ("linux", machine)).then(|| {
        format!(
            "{} is a Linux program for {machine}, and this machine is {} on {}: build it for this machine",
            executable.display(),
            here.0,
            here.1
        )
    })
}

/// Whether the kernel would refuse the file as no program at all.
///
/// Asked beforehand, since the C library would have a shell run such a file, which Lambda does not.
pub(crate) fn is_no_program(executable: &Path) -> bool {
    const MACH_O: [[u8; 4]; 2] = [[0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe]];
    header(executable).is_some_and(|header| {
        let magic = &header[..4];
        !(magic == b"\x7fELF" || magic.starts_with(b"#!") || MACH_O.iter().any(|known| magic == known))
            || wrong_machine(executable).is_some()
    })
}

/// The file's first bytes; zeros where it is shorter.
fn header(path: &Path) -> Option<[u8; 20]> {
    use std::io::Read as _;
    let mut header = Vec::with_capacity(20);
    std::fs::File::open(path).ok()?.take(20).read_to_end(&mut header).ok()?;
    header.resize(20, 0);
    header.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::lambda::host::settings::Trust;
    use crate::lambda::testing;

    #[test]
    fn variables_are_those_of_lambda() {
        let mut function = testing::function("create-user");
        function.environment.insert("USERS_TABLE".to_owned(), "users".to_owned());
        function.environment.insert("AWS_REGION".to_owned(), "eu-west-1".to_owned());
        function.environment.insert("TZ".to_owned(), "Europe/Berlin".to_owned());
        assert_eq!(reserved_variables(&function).collect::<Vec<_>>(), ["AWS_REGION"]);
        let settings = testing::settings(&testing::Lines::default());
        let number = "7".to_owned();
        let version = Version { function, number, code: Code::in_folder("/srv/f"), program: None };
        let log = log_stream(&version, &settings);
        let all = variables(&version, &settings, "127.0.0.1:9", Path::new("/srv/f"), &log);
        let count = all.len();
        let all: HashMap<_, _> = all.into_iter().map(|(k, v)| (k, v.into_string().unwrap())).collect();
        assert_eq!(all.len(), count, "no variable twice");
        assert_eq!(all["AWS_REGION"], "us-east-1");
        assert_eq!(all["TZ"], "Europe/Berlin");
        assert_eq!(all["USERS_TABLE"], "users");
        assert_eq!(all["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9");
        assert_eq!(all["LAMBDA_TASK_ROOT"], "/srv/f");
        assert_eq!(all["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
        assert_eq!(ids::account_of_access_key(&all["AWS_ACCESS_KEY_ID"]).as_deref(), Some("000000000000"));
        assert_eq!(all["AWS_LAMBDA_FUNCTION_VERSION"], "7");
        assert_eq!(all["AWS_SECRET_ACCESS_KEY"].len(), 40);
        assert!(all["AWS_LAMBDA_LOG_STREAM_NAME"].contains("/[7]"));
        assert!(!all.contains_key("AWS_EXECUTION_ENV") && !all.contains_key("_X_AMZN_TRACE_ID"));
    }

    #[test]
    fn a_function_trusts_this_machine_unless_it_says_otherwise() {
        let mut settings = testing::settings(&testing::Lines::default());
        settings.trust = Some(Arc::new(|| Some(Trust { ca: "/d/ca.pem".into(), bundle: "/d/bundle.pem".into() })));
        let mut function = testing::function("create-user");
        function.environment.insert("SSL_CERT_FILE".to_owned(), "/own.pem".to_owned());
        let number = "$LATEST".to_owned();
        let version = Version { function, number, code: Code::in_folder("/srv/f"), program: None };
        let log = log_stream(&version, &settings);
        let all = variables(&version, &settings, "127.0.0.1:9", Path::new("/srv/f"), &log);
        let of = |key: &str| {
            let found: Vec<_> = all.iter().filter(|(known, _)| known == key).map(|(_, value)| value).collect();
            assert_eq!(found.len(), 1, "{key}");
            found[0].to_str().unwrap()
        };
        assert_eq!(of("AWS_CA_BUNDLE"), "/d/bundle.pem");
        assert_eq!(of("REQUESTS_CA_BUNDLE"), "/d/bundle.pem");
        assert_eq!(of("NODE_EXTRA_CA_CERTS"), "/d/ca.pem");
        assert_eq!(of("SSL_CERT_FILE"), "/own.pem");
    }

    #[test]
    fn a_program_for_another_machine_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bootstrap");
        let mut header = [0_u8; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[18] = 0xf3;
        std::fs::write(&path, header).unwrap();
        assert!(wrong_machine(&path).unwrap().contains("riscv64"));
        std::fs::write(&path, "#!/bin/sh\nexec something long enough\n").unwrap();
        assert_eq!(wrong_machine(&path), None);
        assert_eq!(wrong_machine(&std::env::current_exe().unwrap()), None);
    }
}
