//! A simulator of Confluence Cloud, for trying out, for tests, and for rehearsing a change.
//!
//! - [`world`]: a site as a pure state machine, with its own naive access check;
//! - [`state`]: the YAML file that a world is read from and written to;
//! - `site`: a world with a memory beside its file;
//! - `http`: the v1 and v2 faces, and the server;
//! - [`faults`]: a server in a bad mood, by shares and rates;
//! - [`adversary`]: other people, lag, failures by rule, and the end of a run in the middle.
//!
//! It is served by `confperm sandbox`, embedded by `site.url: sandbox:FILE`, and driven by the tests. It
//! imports nothing from the rest of the program, and prints nothing.
//!
//! ```no_run
//! # async fn example() -> Result<(), confperm::sandbox::Error> {
//! use confperm::sandbox::{self, Options, Site};
//!
//! let opened = Site::open("examples/quickstart/site.yaml".into())?;
//! let running = sandbox::serve(opened.site, Options::default()).await?;
//! let (address, credentials) = (running.site_url(), running.credentials());
//! # drop((address, credentials));
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod adversary;
pub mod faults;
mod http;
mod site;
pub mod state;
pub mod world;

pub use adversary::Adversary;
pub use faults::Faults;
pub use http::{Options, Request, Running, routes, scopes, serve};
pub use site::{Credentials, Error, Note, Opened, Site, reset};
