//! The arguments of the simulated Confluence.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxArgs {
    /// The state file to serve; it is never changed
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<Utf8PathBuf>,

    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8484")]
    pub(in crate::cli) listen: SocketAddr,

    /// Write a line of JSON for each request to a file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) log: Option<Utf8PathBuf>,

    /// Forget what was changed; without --state, in every sandbox below this directory
    #[arg(long)]
    pub(in crate::cli) reset: bool,

    /// Wait this long before each answer, such as 80ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(in crate::cli) latency: Option<std::time::Duration>,

    /// Answer 429 to clients that ask faster than this, such as 10/s
    #[arg(long, value_name = "RATE")]
    pub(in crate::cli) rate: Option<String>,

    /// Let this many requests through at once before the rate counts
    #[arg(long, value_name = "N", default_value_t = 1, requires = "rate")]
    pub(in crate::cli) burst: u32,

    /// Make a share of all requests fail, such as 503:2%, or those of a method and path, such as
    /// 403:PUT:/content/*/restriction:1 (can be given several times; see docs/sandbox.md for this and the next)
    #[arg(long, value_name = "FAILURE")]
    pub(in crate::cli) fail: Vec<String>,

    /// Let reads show an older state, such as rows=2 for two reads, or lists=300ms
    #[arg(long, value_name = "KIND=DELAY")]
    pub(in crate::cli) lag: Vec<String>,

    /// Answer 403 or 404 at an endpoint, such as systemInfo=403
    #[arg(long, value_name = "ENDPOINT=STATUS")]
    pub(in crate::cli) hide: Vec<String>,

    /// Let answers contradict themselves, each way by its name
    #[arg(long, value_name = "NAME:PATH[:TIMES]")]
    pub(in crate::cli) mangle: Vec<String>,

    /// A YAML list of what other people do and when, as in a state file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) actors: Option<Utf8PathBuf>,

    /// Close every connection at a write, as before-write=3 or after-write=3
    #[arg(long, value_name = "WHEN=N")]
    pub(in crate::cli) kill: Option<String>,

    /// Carry out a share of all writes and never answer them, such as 1%
    #[arg(long, value_name = "SHARE")]
    pub(in crate::cli) drop_answer: Option<String>,

    /// Decides which requests fail; the same seed fails the same ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) seed: u64,
}

fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    span.try_into().map_err(|_| "a time cannot be negative".to_owned())
}
