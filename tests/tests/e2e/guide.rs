//! The guide's own programs: each Python block of the document that calls AWS is run from the document, the traffic
//! that it promises is sent, and its answers are checked. `tests/guide/blocks.toml` lists the blocks and the corrections.

use ferrogate_tests::guide::{folder, listed, write_blocks};
use ferrogate_tests::peers;
use ferrogate_tests::stack::{Stack, empty};

/// The account that the guide's ARNs are of; any other key is the account 000000000000.
const GUIDE_ACCOUNT: &str = "123456789012";

/// Runs one chapter's script against a Ferrogate without a template.
async fn chapter(script: &str, key: &str) {
    let modules = "boto3, websockets, requests_aws4auth";
    let Some(python) = peers::python_with(modules, "pip install -r .ci/requirements.txt") else { return };
    let stack = Stack::with(empty()).await;
    let blocks = tempfile::tempdir().unwrap();
    write_blocks(&listed().unwrap(), blocks.path(), stack.port());
    // The guide's address: a host name, so that names below it can be made.
    let mut command = peers::aws_client(&python, &format!("http://localhost:{}", stack.port()), key);
    command.env("GUIDE_BLOCKS", blocks.path()).arg(folder().join(script));
    peers::run(command).await;
    stack.stop().await;
}

#[test]
fn every_block_is_listed_and_every_correction_still_applies() {
    let listed = listed().unwrap();
    assert!(listed.len() > 20, "{}", listed.len());
    for block in &listed {
        let calls =
            ["apigateway.", "lambda_client.", "cloudwatch."].iter().any(|client| block.block.text.contains(client));
        let kinds: &[&str] = if calls { &["program", "both"] } else { &["function", "data"] };
        assert!(kinds.contains(&block.what.as_str()), "{}: {}", block.name, block.what);
    }
}

/// A block that no script uses would be proof of nothing.
#[test]
fn every_block_is_used_by_a_script() {
    let scripts = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|extension| extension == "py"));
    let all: String = scripts.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for block in listed().unwrap() {
        let runs = all.contains(&format!("run(\"{}\"", block.name));
        let reads = all.contains(&format!("text(\"{}\")", block.name));
        let used = match block.what.as_str() {
            "program" => runs,
            "both" => runs || reads,
            _ => reads,
        };
        assert!(used, "{}", block.name);
    }
}

macro_rules! chapters {
    ($($name:ident: $script:literal, $key:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            chapter($script, $key).await;
        }
    )*};
}

chapters! {
    rest_apis: "rest.py", "test";
    http_apis: "http_apis.py", "test";
    websocket_apis: "websocket_apis.py", "test";
    authorization: "authorization.py", "test";
    caching_and_throttling: "caching.py", "test";
    stages_and_canaries: "stages.py", "test";
    the_complete_program: "localstack.py", "test";
    tiers_of_customers: "tiers.py", "test";
    the_chat: "chat.py", "test";
    rest_apis_as_the_guides_own_account: "rest.py", GUIDE_ACCOUNT;
    websocket_apis_as_the_guides_own_account: "websocket_apis.py", GUIDE_ACCOUNT;
    stages_and_canaries_as_the_guides_own_account: "stages.py", GUIDE_ACCOUNT;
}
