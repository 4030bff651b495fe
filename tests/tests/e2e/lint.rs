//! The template before AWS's own checkers.

use std::process::Command;

use ferrogate_tests::peers;
use ferrogate_tests::stack::repository;

fn passes(command: &mut Command) {
    let output = command.current_dir(repository()).env("AWS_DEFAULT_REGION", "us-east-1").output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn cfn_lint_finds_nothing_in_the_template() {
    let Some(cfn_lint) = peers::find("cfn-lint", "pip install cfn-lint") else { return };
    passes(Command::new(cfn_lint).args(["--non-zero-exit-code", "informational", "infra/template.yaml"]));
}

#[test]
fn sam_validates_the_template() {
    let Some(sam) = peers::find("sam", "pip install aws-sam-cli") else { return };
    passes(Command::new(sam).args(["validate", "--lint", "--template", "infra/template.yaml"]).env("SAM_CLI_TELEMETRY", "0"));
}
