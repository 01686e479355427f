//! The handle of a served site: where it is, what happened to it, and changes past the API.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Request, Server};
use crate::sandbox::adversary::{Adversary, Log};
use crate::sandbox::site::{Credentials, Error};
use crate::sandbox::world::{Action, NotApplicable, World};

/// A served site. Dropping it stops the server, too, without waiting for it.
#[derive(Debug)]
pub struct Running {
    pub(super) address: SocketAddr,
    pub(super) server: Arc<Server>,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the site, `http://127.0.0.1:PORT/wiki`.
    pub fn site_url(&self) -> String {
        format!("http://{}/wiki", self.address)
    }

    /// The address of the same site through the gateway, ending in `/wiki`.
    pub fn gateway_url(&self) -> String {
        let cloud_id = self.world(|world| world.settings.cloud_id.clone());
        format!("http://{}/ex/confluence/{cloud_id}/wiki", self.address)
    }

    /// What the state file's `caller` signs in with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.server.core().site.credentials()
    }

    /// Looks at the world.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(self.server.core().site.world())
    }

    /// Changes the world behind the API's back, in any way. Such changes do not lag, are in no log and are
    /// not kept between runs; what other people do is [`Running::act`].
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(self.server.core().site.world_mut())
    }

    /// Every request so far, by number.
    pub fn requests(&self) -> Vec<Request> {
        let mut requests = self.server.core().requests.clone();
        requests.sort_by_key(|request| request.number);
        requests
    }

    /// What happened to the world so far.
    pub fn log(&self) -> Log {
        self.server.core().runtime.log().clone()
    }

    /// A concurrent change, made now. It lags, is in the log and is kept like what an actor does.
    pub fn act(&self, action: Action) -> Result<Result<(), NotApplicable>, Error> {
        let mut core = self.server.core();
        let super::Core { site, runtime, arrived, .. } = &mut *core;
        runtime.act(site, "", *arrived, action)
    }

    /// Other rules from now on; counts begin anew, and what lagged is visible. The log goes on, and a server
    /// that was killed is alive again.
    pub fn set_adversary(&self, rules: Adversary) {
        self.server.core().runtime.replace(rules);
    }

    /// Closes every connection from now on, as [`Kill`](crate::sandbox::adversary::Kill) does.
    pub fn kill(&self) {
        self.server.core().runtime.set_dead(true);
    }

    /// Brings a server back that was killed, for the next run. The rule that killed it is used up.
    pub fn revive(&self) {
        self.server.core().runtime.set_dead(false);
    }

    /// Whether the server was killed.
    pub fn is_killed(&self) -> bool {
        self.server.core().runtime.is_dead()
    }

    /// Waits until the server is killed, so that a test can drop what was running against it at that moment:
    /// `tokio::select! { () = running.killed() => {}, end = run => … }`.
    pub async fn killed(&self) {
        let mut death = self.server.core().runtime.death();
        // The sender lives as long as the server does, which this handle keeps.
        drop(death.wait_for(|dead| *dead).await);
    }

    /// Stops listening and waits for the requests in flight.
    pub async fn stop(self) {
        // The server may have ended by itself; then there is nothing to stop.
        let _: Result<(), ()> = self.stop.send(());
        drop(self.task.await);
    }
}
