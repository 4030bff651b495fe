//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::http(get_me::deps, get_me::handle)
}
