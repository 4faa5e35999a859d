//! What commands print: answers to standard output, problems to standard error.

use std::process::ExitCode;

use gatepost::config::described;

/// Prints an answer.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
pub(crate) fn say(text: &str) {
    println!("{}", text.trim_end());
}

/// The causes of an error, each once: many an error repeats the words of its cause.
pub(crate) fn once(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |told, cause| {
            if told.is_empty() {
                cause
            } else if told.contains(&cause) {
                told
            } else {
                format!("{told}: {cause}")
            }
        })
}

/// Prints a problem and gives the exit code of a failure.
#[expect(clippy::print_stderr, reason = "a command's problem goes to standard error")]
pub(crate) fn problem(error: &anyhow::Error) -> ExitCode {
    eprintln!("gatepost: {}", once(error));
    ExitCode::FAILURE
}

/// The reference page of the settings.
pub(super) fn settings_page() -> String {
    let mut page = String::from(
        "# Settings\n\nMade by `gatepost settings --markdown`; do not edit.\n\n\
         Gatepost reads `gatepost.toml` in the folder it is started in, or the file named by `--config`; then the environment, where `listen` is \
         `GATEPOST_LISTEN`; then the command line. Every setting is optional. A setting that cannot be used stops the start with a message that \
         says what was expected.\n\n| setting | environment | default | meaning |\n|---|---|---|---|\n",
    );
    for it in described() {
        page.push_str(&format!(
            "| `{}` | `GATEPOST_{}` | `{}` | {} |\n",
            it.name,
            it.name.to_uppercase(),
            it.default,
            it.meaning
        ));
    }
    page
}
