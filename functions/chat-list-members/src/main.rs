//! Hands the function to the Lambda runtime.

fn main() -> std::process::ExitCode {
    ferrogate_shared::bootstrap::socket(chat_list_members::deps, chat_list_members::handle)
}
