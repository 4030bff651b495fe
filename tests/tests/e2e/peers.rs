//! The same functions and the same suite on parts that are not ours: `cargo lambda` runs the functions, moto holds the
//! tables.

use std::process::{Child, Command, Stdio};

use ferrogate_tests::peers;
use ferrogate_tests::process::{free_port, until_it_listens};

/// A process that is ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs this very binary again with its tables on moto's server: each test that touches a table then proves itself on
/// a DynamoDB that somebody else wrote.
#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_on_a_second_dynamodb() {
    if std::env::var_os("FERROGATE_TEST_DYNAMODB").is_some() {
        // This is that run.
        return;
    }
    let Some(moto) = peers::find("moto_server", "pip install 'moto[server]'") else { return };
    let port = free_port();
    let server = Command::new(moto)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(server);
    until_it_listens(port).await;
    let output = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            // Each of them starts a stack of the template and reads or writes its tables.
            .args(["users::", "products::", "chat::", "events::", "tiers::", "--test-threads=2"])
            .env("FERROGATE_TEST_DYNAMODB", format!("http://127.0.0.1:{port}"))
            .env("FERROGATE_TEST_DYNAMODB_ONE_BY_ONE", "1")
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("test result: ok") && !said.contains(" 0 passed"), "{said}");
}
