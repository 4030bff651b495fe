//! The chat page in headless Chromium: two windows that talk to each other.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use ferrogate_tests::chat::PATIENCE;
use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, repository};
use serde_json::json;

/// Chromium's driver on a port of its own choice; ended when dropped.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start(program: &std::path::Path) -> Driver {
        let mut child = Command::new(program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // «ChromeDriver was started successfully on port 12345.»
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver says its port");
        std::thread::spawn(move || lines.for_each(drop));
        Driver { child, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Window {
    client: Client,
    // Chromium's profile, gone with the window.
    _profile: tempfile::TempDir,
}

impl Window {
    async fn open(driver: &Driver, chromium: &std::path::Path, width: u32, height: u32) -> Window {
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".to_owned(),
            // Chromium's sandbox needs user namespaces, which containers and root do not give.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({"binary": chromium, "args": arguments}));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url)
            .await
            .unwrap();
        Window { client, _profile: profile }
    }

    async fn join(&self, page: &str, name: &str, room: &str) {
        self.client.goto(page).await.unwrap();
        for (field, value) in [("#name", name), ("#room", room)] {
            let field = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(field)).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(value).await.unwrap();
        }
        self.client.find(Locator::Css("#join")).await.unwrap().click().await.unwrap();
        self.sees("#status[data-state=online]", "").await;
    }

    async fn say(&self, text: &str) {
        self.client.find(Locator::Css("#text")).await.unwrap().send_keys(text).await.unwrap();
        self.client.find(Locator::Css("#send")).await.unwrap().click().await.unwrap();
    }

    /// Waits until an element shows this text.
    async fn sees(&self, selector: &str, text: &str) {
        let started = std::time::Instant::now();
        loop {
            if let Ok(element) = self.client.find(Locator::Css(selector)).await
                && element.text().await.is_ok_and(|shown| shown.contains(text))
            {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{selector} does not show {text:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Takes a picture for people to look at.
    async fn picture(&self, name: &str) {
        let folder = repository().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), self.client.screenshot().await.unwrap()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_chat_with_each_other() {
    let Some(driver) = peers::find("chromedriver", "apt-get install chromium-driver") else { return };
    let Some(chromium) = peers::find("chromium", "apt-get install chromium") else { return };
    let stack = Stack::start().await;
    let page = stack.api("edgeapi/").to_string();
    let driver = tokio::task::spawn_blocking(move || Driver::start(&driver)).await.unwrap();
    let desktop = Window::open(&driver, &chromium, 1200, 800).await;
    let phone = Window::open(&driver, &chromium, 390, 844).await;

    desktop.join(&page, "ada", "lobby").await;
    desktop.sees("#members", "ada").await;
    phone.join(&page, "grace", "lobby").await;
    desktop.sees("#members", "grace").await;
    phone.sees("#people-count", "2").await;

    phone.say("Hello from the train.").await;
    desktop.sees("#messages", "Hello from the train.").await;
    desktop.say("<b>Hello</b> back, from a desk & a chair.").await;
    phone.sees("#messages", "<b>Hello</b> back, from a desk & a chair.").await;
    desktop.picture("chat-desktop.png").await;
    phone.picture("chat-phone.png").await;

    phone.client.clone().close().await.unwrap();
    desktop.sees("#messages", "grace left").await;
    desktop.client.clone().close().await.unwrap();
    stack.stop().await;
}
