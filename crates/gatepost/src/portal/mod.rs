//! The portal: what people and administrators see and do in a browser.

mod account;
mod activity;
mod agents;
mod approvals;
mod chart;
mod clients;
mod connect_agent;
mod connections;
mod failure;
mod groups;
mod integrations;
mod keys;
mod lane;
mod listing;
mod navigation;
mod overview;
mod people;
mod policies;
mod policy_form;
mod routes;
mod second_factor;
mod settings;
mod sign_ins;
mod step_up;
#[cfg(test)]
mod tests;
mod visitor;

pub use routes::{ROUTES, Route, Who};

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::app::App;
use crate::page;

/// The portal's routes and assets, each behind the guard of forms and the check of who may enter.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    let lane = lane::Lane::new();
    for route in ROUTES {
        let admitted = from_fn_with_state((app.clone(), *route, lane.clone()), visitor::admit);
        router = router.route(route.path, (route.handler)().route_layer(admitted));
    }
    router
        .layer(from_fn_with_state(app.clone(), page::guard))
        .merge(page::assets())
        .with_state(app)
}
