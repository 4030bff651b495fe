//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::socket(chat_connect::deps, chat_connect::handle)
}
