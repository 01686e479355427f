//! Clients of Confluence that are not ours, at work on the sandbox: what they expect of an answer was written
//! by others.
//!
//! `foreign/install` puts them beside their scripts, from the package registries; the tests never do.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Completion, Failed};

use crate::exchange::{Recorder, Sender};
use crate::site::{self, Mode};

/// A client, and how it is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// Where it is once it is installed, below `foreign`.
    package: &'static str,
    program: &'static str,
    script: &'static str,
}

pub(crate) const CLIENTS: [Client; 2] = [
    Client {
        name: "confluence_js",
        package: "node_modules/confluence.js",
        program: "node",
        script: "client.mjs",
    },
    Client {
        name: "atlassian_python_api",
        package: "venv/.complete",
        program: "venv/bin/python",
        script: "client.py",
    },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/foreign")
}

/// Lets a client work on a site of each mode.
pub(crate) fn works(client: Client, mode: Mode) -> Result<Completion, Failed> {
    let folder = folder();
    if !folder.join(client.package).exists() {
        let reason = "skipped: not installed; tests/contract/foreign/install installs it";
        return Ok(Completion::ignored_with(reason));
    }
    let recorder = Recorder::before(&site::state(mode, ""));
    recorder.scene(Sender::Test, client.name);
    let caller = recorder.credentials();
    // A program without a slash is looked for in the path.
    let program =
        if client.program.contains('/') { folder.join(client.program) } else { client.program.into() };
    let output = Command::new(program)
        .arg(folder.join(client.script))
        .current_dir(&folder)
        .env("ORIGIN", recorder.origin())
        .env("EMAIL", caller.email)
        .env("TOKEN", caller.token)
        .env("MODE", mode.name())
        .env("NO_PROXY", "127.0.0.1")
        .output()?;
    if output.status.success() {
        assert!(recorder.exchanges().len() > 20, "{} asked for next to nothing", client.name);
        return Ok(Completion::Completed);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}
