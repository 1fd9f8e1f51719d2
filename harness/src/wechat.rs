//! A simulated WeChat apart from the stacks at it: it outlives them, or is shared by two.

use std::future::pending;

use clock::Clock;
use local::Settings;
use serde_json::json;
use simulator::Simulator;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{World, time};

/// A WeChat, and the clock that it and its stacks go by; programs of their own follow it, too.
pub struct WeChat {
    /// Its URL.
    pub url: String,
    /// Ten o'clock in the morning, at first.
    pub clock: Clock,
    _folder: TempDir,
}

impl WeChat {
    /// One whose Official Account so many users follow.
    pub async fn with_followers(followers: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::kept_in(&folder.path().join("clock")).expect("a clock");
        clock.set(time::MORNING);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let settings =
            simulator::Settings { followers, clock: clock.clone(), ..simulator::Settings::default() };
        tokio::spawn(Simulator::new(settings).serve(listener, pending()));
        Self { url, clock, _folder: folder }
    }

    /// What a stack at it is to be told.
    pub fn settings(&self) -> Settings {
        Settings { wechat: Some(self.url.clone()), clock: Some(self.clock.clone()), ..Settings::default() }
    }

    /// Words to speak to it in, without a stack.
    pub fn alone(&self) -> World {
        World::at(&json!({ "wechat": self.url }))
    }
}
