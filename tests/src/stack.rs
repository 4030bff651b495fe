//! Starts a whole stack: the gateway in this process, the functions as processes of their own.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ferrogate::{Ferrogate, Running};
use reqwest::{Client, Method, RequestBuilder, Url};

/// The repository's root.
pub fn repository() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository exists"))
}

/// A running stack and a client for it.
pub struct Stack {
    running: Running,
    client: Client,
}

impl Stack {
    /// Ferrogate's own template, on a free port, with its tables in memory (or on `FERROGATE_TEST_DYNAMODB`).
    pub async fn start() -> Stack {
        Stack::with(own_template()).await
    }

    /// Any other configuration, started as it is.
    pub async fn with(ferrogate: Ferrogate) -> Stack {
        let running = match ferrogate.start().await {
            Ok(running) => running,
            Err(error) => panic!("the stack does not start: {error}"),
        };
        Stack { running, client: client() }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.running.port()
    }

    /// `http://127.0.0.1:{port}`
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The address of an API: `…/_aws/execute-api/{api_and_path}`.
    pub fn api(&self, api_and_path: &str) -> Url {
        let address = format!("{}/_aws/execute-api/{api_and_path}", self.endpoint());
        address.parse().unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// A request to an API, with the demo token.
    pub fn request(&self, method: Method, api_and_path: &str) -> RequestBuilder {
        self.client.request(method, self.api(api_and_path)).bearer_auth("demo-token")
    }

    /// What the stack tells its user when it is ready.
    pub fn banner(&self) -> String {
        self.running.banner()
    }

    /// The name of the table that the template calls this.
    pub fn table(&self, logical_id: &str) -> String {
        self.running.table_name(logical_id).unwrap_or_else(|| panic!("the template has no table {logical_id}"))
    }

    /// One of the template's outputs, as the banner shows it.
    pub fn output(&self, name: &str) -> String {
        let banner = self.running.banner();
        let line = banner.lines().find_map(|line| line.trim().strip_prefix(name));
        line.unwrap_or_else(|| panic!("the template has no output {name}")).trim().to_owned()
    }

    /// The client, for requests that need no token.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Stops it: requests finish, processes end.
    pub async fn stop(self) {
        self.running.shutdown().await;
    }
}

/// The repository's own template as tests run it: a free port, memory, no watching.
pub fn own_template() -> Ferrogate {
    isolated(Ferrogate::from_template(repository().join("infra/template.yaml")))
}

/// A free port, tables in memory or on `FERROGATE_TEST_DYNAMODB`, no watching, no function's log on the terminal.
///
/// On a DynamoDB that outlives the test each stack has its own name, so that its tables are its own.
pub fn isolated(ferrogate: Ferrogate) -> Ferrogate {
    let ferrogate = ferrogate.port(0).ephemeral().watch(false);
    match std::env::var("FERROGATE_TEST_DYNAMODB") {
        Ok(url) => ferrogate.dynamodb_endpoint(url).stack_name(unique_name()),
        Err(_) => ferrogate,
    }
}

/// A Ferrogate without a template, on a free port. Its tables are always its own: programs that build everything through
/// AWS's API name them as they like.
pub fn empty() -> Ferrogate {
    Ferrogate::empty().port(0).ephemeral()
}

fn unique_name() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A client that follows no redirects and uses no proxy of the environment.
pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap_or_else(|error| panic!("the HTTP client: {error}"))
}
