//! The chat page in headless Chromium: two windows that talk to each other.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ferrogate_tests::chat::PATIENCE;
use ferrogate_tests::peers;
use ferrogate_tests::people::PASSWORD;
use ferrogate_tests::stack::{Stack, repository};
use serde_json::json;
use thirtyfour::{By, CapabilitiesHelper as _, ChromeCapabilities, WebDriver};

/// Chromium's driver on a port of its own choice; ended when dropped.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start(program: &std::path::Path) -> Driver {
        let mut child =
            Command::new(program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
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
    browser: WebDriver,
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
        let mut capabilities = ChromeCapabilities::new();
        let options = json!({"binary": chromium, "args": arguments});
        capabilities.set("goog:chromeOptions", options).unwrap();
        let browser = WebDriver::new(&driver.url, capabilities).await.unwrap();
        Window { browser, _profile: profile }
    }

    async fn sign_in(&self, page: &str, name: &str, password: &str) {
        self.browser.goto(page).await.unwrap();
        self.fill(&[("#name", name), ("#password", password)], "#enter").await;
    }

    async fn join(&self, room: &str) {
        self.fill(&[("#room", room)], "#join").await;
        self.sees("#status[data-state=online]", "").await;
    }

    /// Fills fields, once the button is there, and presses it.
    async fn fill(&self, fields: &[(&str, &str)], button: &str) {
        self.shows(button).await;
        for (field, value) in fields {
            let field = self.browser.find(By::Css(*field)).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(*value).await.unwrap();
        }
        self.browser.find(By::Css(button)).await.unwrap().click().await.unwrap();
    }

    /// Waits until an element is to be seen.
    async fn shows(&self, selector: &str) {
        let started = std::time::Instant::now();
        loop {
            if let Ok(element) = self.browser.find(By::Css(selector)).await
                && element.is_displayed().await.is_ok_and(|shown| shown)
            {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{selector} is not shown");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn say(&self, text: &str) {
        self.browser.find(By::Css("#text")).await.unwrap().send_keys(text).await.unwrap();
        self.browser.find(By::Css("#send")).await.unwrap().click().await.unwrap();
    }

    /// Waits until an element shows this text.
    async fn sees(&self, selector: &str, text: &str) {
        let started = std::time::Instant::now();
        loop {
            if let Ok(element) = self.browser.find(By::Css(selector)).await
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
        std::fs::write(folder.join(name), self.browser.screenshot_as_png().await.unwrap()).unwrap();
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

    for person in ["ada", "grace"] {
        stack.person(person).await;
    }
    desktop.sign_in(&page, "ada", "not the password").await;
    desktop.sees("#account-error", "The name or the password is wrong.").await;
    desktop.picture("chat-sign-in.png").await;
    desktop.sign_in(&page, "ada", PASSWORD).await;
    desktop.sees("#who", "ada").await;
    desktop.join("lobby").await;
    desktop.sees("#members", "ada").await;
    phone.sign_in(&page, "grace", PASSWORD).await;
    phone.join("lobby").await;
    desktop.sees("#members", "grace").await;
    phone.sees("#people-count", "2").await;

    phone.say("Hello from the train.").await;
    desktop.sees("#messages", "Hello from the train.").await;
    desktop.say("<b>Hello</b> back, from a desk & a chair.").await;
    phone.sees("#messages", "<b>Hello</b> back, from a desk & a chair.").await;
    desktop.picture("chat-desktop.png").await;
    phone.picture("chat-phone.png").await;

    phone.browser.clone().quit().await.unwrap();
    desktop.sees("#messages", "grace left").await;
    desktop.browser.clone().quit().await.unwrap();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_signs_up_on_the_page() {
    let Some(driver) = peers::find("chromedriver", "apt-get install chromium-driver") else { return };
    let Some(chromium) = peers::find("chromium", "apt-get install chromium") else { return };
    let stack = Stack::start().await;
    let page = stack.api("edgeapi/").to_string();
    let driver = tokio::task::spawn_blocking(move || Driver::start(&driver)).await.unwrap();
    let window = Window::open(&driver, &chromium, 1200, 800).await;
    window.browser.goto(&page).await.unwrap();
    window.fill(&[], "#switch-mode").await;
    window.fill(&[("#name", "lovelace"), ("#email", "ada@example.com"), ("#password", "short")], "#enter").await;
    window.sees("#password-error", "At least 12 characters.").await;
    window.fill(&[("#password", PASSWORD)], "#enter").await;
    window.sees("#confirm-note", "ada@example.com").await;
    window.picture("chat-confirm.png").await;
    window.fill(&[("#code", "000000")], "#confirm").await;
    window.sees("#confirm-error", "That is not the code.").await;
    // An admin's word does for the code, which stands on Ferrogate's terminal alone.
    let (pool, _) = stack.user_pool().await;
    let confirm = json!({"UserPoolId": pool, "Username": "lovelace"});
    assert_eq!(stack.cognito("AdminConfirmSignUp", &confirm).await.0, 200);
    window.fill(&[], "#back").await;
    window.fill(&[("#name", "lovelace"), ("#password", PASSWORD)], "#enter").await;
    window.join("lobby").await;
    // A reload keeps the session, and the room.
    window.browser.refresh().await.unwrap();
    window.sees("#status[data-state=online]", "").await;
    window.browser.clone().quit().await.unwrap();
    stack.stop().await;
}
