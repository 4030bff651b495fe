//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::socket(chat_disconnect::deps, chat_disconnect::handle)
}
