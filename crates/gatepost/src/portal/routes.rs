//! Every route of the portal with who may enter: the one table that router and tests share.

use axum::routing::{MethodRouter, get, post};

use super::{
    account, activity, agents, approvals, clients, connect_agent, connections, groups, integrations, keys, overview,
    people, policies, settings,
};
use crate::app::App;

/// Who may enter a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody who is signed in.
    Person,
    /// Those who manage the environment.
    Administrator,
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET`, or `POST` of a form.
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
    pub(super) handler: fn() -> MethodRouter<App>,
}

/// A row of the table: `read` for GET, `change` for POST.
macro_rules! table {
    ($($what:ident $path:literal $who:ident $handler:path;)*) => {
        &[$(table!(@ $what $path $who $handler)),*]
    };
    (@ read $path:literal $who:ident $handler:path) => {
        Route { method: "GET", path: $path, who: Who::$who, handler: || get($handler) }
    };
    (@ change $path:literal $who:ident $handler:path) => {
        Route { method: "POST", path: $path, who: Who::$who, handler: || post($handler) }
    };
}

/// All of them. A route that is not here does not exist.
pub const ROUTES: &[Route] = table! {
    read "/" Person overview::show;

    read "/connections" Person connections::show;
    read "/connections/connect/{integration}" Person connections::ask;
    change "/connections/connect/{integration}" Person connections::connect;
    change "/connections/{id}/disconnect" Person connections::disconnect;

    read "/agents" Person agents::show;
    change "/agents/{id}/revoke" Person agents::revoke;
    read "/connect-an-agent" Person connect_agent::show;

    read "/keys" Person keys::show;
    change "/keys" Person keys::create;
    change "/keys/{id}/revoke" Person keys::revoke;

    read "/approvals" Person approvals::show;
    read "/approvals/{id}" Person approvals::one;
    change "/approvals/{id}/approve" Administrator approvals::approve;
    change "/approvals/{id}/refuse" Administrator approvals::refuse;

    read "/activity" Person activity::show;
    read "/activity/trace/{trace}" Person activity::trace;
    read "/activity/export/{format}" Person activity::export;

    read "/account" Person account::show;
    change "/account/password" Person account::password;
    change "/account/sessions/{hash}/end" Person account::end_session;
    change "/account/sessions/end-others" Person account::end_others;

    read "/integrations" Administrator integrations::show;
    read "/integrations/new" Administrator integrations::new;
    change "/integrations" Administrator integrations::create;
    read "/integrations/{id}" Administrator integrations::one;
    change "/integrations/{id}" Administrator integrations::save;
    change "/integrations/{id}/test" Administrator integrations::test;
    change "/integrations/{id}/delete" Administrator integrations::delete;

    read "/policies" Administrator policies::show;
    read "/policies/new" Administrator policies::new;
    change "/policies" Administrator policies::create;
    read "/policies/{id}" Administrator policies::one;
    change "/policies/{id}" Administrator policies::save;
    change "/policies/{id}/enable" Administrator policies::enable;
    change "/policies/{id}/disable" Administrator policies::disable;
    change "/policies/{id}/delete" Administrator policies::delete;

    read "/people" Administrator people::show;
    change "/people" Administrator people::add;
    read "/people/{id}" Administrator people::one;
    change "/people/{id}/role" Administrator people::role;
    change "/people/{id}/lock" Administrator people::lock;
    change "/people/{id}/unlock" Administrator people::unlock;
    change "/people/{id}/end-sessions" Administrator people::end_sessions;

    read "/clients" Administrator clients::show;
    change "/clients" Administrator clients::create;
    read "/clients/one" Administrator clients::one;
    change "/clients/lock" Administrator clients::lock;
    change "/clients/unlock" Administrator clients::unlock;
    change "/clients/revoke" Administrator clients::revoke;
    change "/clients/rotate" Administrator clients::rotate;
    change "/clients/delete" Administrator clients::delete;

    read "/groups" Administrator groups::show;
    change "/groups" Administrator groups::create;
    change "/groups/{id}/add" Administrator groups::add;
    change "/groups/{id}/remove" Administrator groups::remove;
    change "/groups/{id}/delete" Administrator groups::delete;

    read "/settings" Administrator settings::show;
    change "/settings/name" Administrator settings::rename;
    change "/settings/admission" Administrator settings::admission;
};
