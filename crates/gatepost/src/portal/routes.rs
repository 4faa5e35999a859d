//! Every route of the portal with who may enter: the one table that router and tests share.

use axum::routing::{MethodRouter, get, post};

use super::{
    account, activity, agents, approvals, clients, connect_agent, connections, groups, integrations, keys, overview,
    people, policies, second_factor, settings, sign_ins, step_up,
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
    /// Whoever comes proved within the last minutes who they are (ASVS 7.5.3).
    pub needs_proof: bool,
    pub(super) handler: fn() -> MethodRouter<App>,
}

/// A row of the table: `read` for GET, `change` for POST; `guarded_read` and `guarded` are the same with a fresh proof.
macro_rules! table {
    ($($what:ident $path:literal $who:ident $handler:path;)*) => {
        &[$(table!(@ $what $path $who $handler)),*]
    };
    (@ read $path:literal $who:ident $handler:path) => {
        Route { method: "GET", path: $path, who: Who::$who, needs_proof: false, handler: || get($handler) }
    };
    (@ guarded_read $path:literal $who:ident $handler:path) => {
        Route { method: "GET", path: $path, who: Who::$who, needs_proof: true, handler: || get($handler) }
    };
    (@ guarded $path:literal $who:ident $handler:path) => {
        Route { method: "POST", path: $path, who: Who::$who, needs_proof: true, handler: || post($handler) }
    };
    (@ change $path:literal $who:ident $handler:path) => {
        Route { method: "POST", path: $path, who: Who::$who, needs_proof: false, handler: || post($handler) }
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
    guarded "/keys" Person keys::create;
    change "/keys/{id}/revoke" Person keys::revoke;

    read "/approvals" Person approvals::show;
    read "/approvals/{id}" Person approvals::one;
    change "/approvals/{id}/approve" Administrator approvals::approve;
    change "/approvals/{id}/refuse" Administrator approvals::refuse;
    change "/approvals/{id}/take-back" Administrator approvals::take_back;

    read "/activity" Person activity::show;
    read "/activity/trace/{trace}" Person activity::trace;
    guarded_read "/activity/export/{format}" Person activity::export;

    read "/account" Person account::show;
    change "/account/password" Person account::password;
    guarded "/account/second-factor" Person second_factor::begin;
    change "/account/second-factor/confirm" Person second_factor::confirm;
    guarded "/account/second-factor/remove" Person second_factor::remove;
    guarded "/account/microsoft" Person sign_ins::link;
    guarded "/account/microsoft/remove" Person sign_ins::unlink;
    change "/account/sessions/{hash}/end" Person account::end_session;
    change "/account/sessions/end-others" Person account::end_others;

    read "/step-up" Person step_up::show;
    change "/step-up" Person step_up::prove;
    change "/step-up/microsoft" Person step_up::depart;
    change "/step-up/provider" Person step_up::depart_to_provider;
    read "/step-up/continue" Person step_up::go_on;

    read "/integrations" Administrator integrations::show;
    read "/integrations/new" Administrator integrations::new;
    guarded "/integrations" Administrator integrations::create;
    read "/integrations/{id}" Administrator integrations::one;
    guarded "/integrations/{id}" Administrator integrations::save;
    change "/integrations/{id}/test" Administrator integrations::test;
    guarded "/integrations/{id}/delete" Administrator integrations::delete;

    read "/policies" Administrator policies::show;
    read "/policies/new" Administrator policies::new;
    guarded "/policies" Administrator policies::create;
    read "/policies/{id}" Administrator policies::one;
    guarded "/policies/{id}" Administrator policies::save;
    guarded "/policies/{id}/enable" Administrator policies::enable;
    guarded "/policies/{id}/disable" Administrator policies::disable;
    guarded "/policies/{id}/delete" Administrator policies::delete;

    read "/people" Administrator people::show;
    guarded "/people" Administrator people::add;
    guarded "/people/invitations" Administrator people::invite;
    change "/people/invitations/{id}/withdraw" Administrator people::withdraw;
    read "/people/{id}" Administrator people::one;
    guarded "/people/{id}/role" Administrator people::role;
    change "/people/{id}/lock" Administrator people::lock;
    change "/people/{id}/unlock" Administrator people::unlock;
    guarded "/people/{id}/reset-second-factor" Administrator people::reset_second_factor;
    change "/people/{id}/end-sessions" Administrator people::end_sessions;
    change "/people/{id}/revoke-agents" Administrator people::revoke_agents;

    read "/clients" Administrator clients::show;
    guarded "/clients" Administrator clients::create;
    read "/clients/one" Administrator clients::one;
    change "/clients/lock" Administrator clients::lock;
    change "/clients/unlock" Administrator clients::unlock;
    change "/clients/revoke" Administrator clients::revoke;
    guarded "/clients/rotate" Administrator clients::rotate;
    guarded "/clients/delete" Administrator clients::delete;

    read "/groups" Administrator groups::show;
    change "/groups" Administrator groups::create;
    read "/groups/{id}" Administrator groups::one;
    change "/groups/{id}/add" Administrator groups::add;
    change "/groups/{id}/remove" Administrator groups::remove;
    change "/groups/{id}/delete" Administrator groups::delete;

    read "/settings" Administrator settings::show;
    change "/settings/name" Administrator settings::rename;
    guarded "/settings/admission" Administrator settings::admission;
    guarded "/settings/provider" Administrator settings::provider;
    guarded "/settings/provider/delete" Administrator settings::forget_provider;
};
