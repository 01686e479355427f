//! What the repository shows and promises: the README's commands, the examples, the help, the schemas.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod examples;
mod help;
mod linters;
mod hostile;
mod pages;
mod readme;
mod schemas;
mod scripts;
mod support;
mod tables;
mod tomorrow;
mod troubleshooting;
