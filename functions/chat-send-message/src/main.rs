//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::socket(chat_send_message::deps, chat_send_message::handle)
}
