//! Whoever gave something is judged as they are when it is used: approvals, invitations, keys, scopes.

use gatepost::admin::{self, InvitationInput, KeyInput, NewAdministrator, Refused};
use gatepost::caller::{ApprovalId, Caller, PersonId, Role, ScopeSet};
use gatepost::store::{connections, people};
use http::StatusCode;
use sandbox::visitor::Visitor;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::oauth::{CB, text, token};
use crate::rest::applications::is_called;
use crate::world::{ADA, BO, OWNER, VERIFIER, World, sign_in_at_microsoft};

pub(crate) const REFRESH: &str =
    "/groups/5a4db0c5-0010-4000-8000-000000000001/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";
const ADMIN_GROUPS: &str = "/admin/groups?$top=1";

pub(crate) fn as_person(world: &World, person: &PersonId, role: Role) -> Caller {
    Caller {
        person: person.clone(),
        role,
        ..world.owner_caller()
    }
}

pub(crate) async fn administrator(world: &World, by: &Caller, email: &str) -> PersonId {
    let new = NewAdministrator::check(email, email, "another long password").unwrap();
    admin::add_administrator(&world.app, by, &new).await.unwrap()
}

pub(crate) async fn call(world: &World, key: &str, method: http::Method, path: &str) -> (u16, Value) {
    let request = world
        .http
        .request(method.clone(), format!("{}/powerbi/v1.0/myorg{path}", world.url));
    let request = match method {
        http::Method::POST => request.json(&json!({})),
        _ => request,
    };
    let answer = request.bearer_auth(key).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// A refresh that waits for approval: the request's id.
pub(crate) async fn asked(world: &World, key: &str) -> ApprovalId {
    let (status, problem) = call(world, key, http::Method::POST, REFRESH).await;
    assert_eq!(
        (status, text(&problem, "code")),
        (403, "approval_required".into()),
        "{problem}"
    );
    text(&problem, "link").rsplit('/').next().unwrap().into()
}

pub(crate) async fn refreshes(world: &World) -> usize {
    world.ledger("kind=powerbi&method=POST").await.len()
}

/// POL-10, POL-11
#[tokio::test]
async fn an_approval_counts_only_while_its_giver_may_give_it() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let guest = world.connect(BO).await;
    let key = world.key(&guest.person).await;
    let first = asked(&world, &key).await;
    let elsewhere = Caller {
        environment: "another-environment".into(),
        ..world.owner_caller()
    };
    let refused = admin::decide_approval(&world.app, &elsewhere, &first, true).await;
    assert!(
        matches!(refused, Err(Refused::NotFound)),
        "an approver of another environment"
    );
    for (at, change) in ["locked", "demoted"].into_iter().enumerate() {
        let second = administrator(&world, &owner, &format!("second{at}@example.com")).await;
        let approval = asked(&world, &key).await;
        let caller = as_person(&world, &second, Role::Administrator);
        admin::decide_approval(&world.app, &caller, &approval, true)
            .await
            .unwrap();
        match change {
            "locked" => admin::save_locked(&world.app, &owner, &second, true).await.unwrap(),
            _ => admin::save_role(&world.app, &owner, &second, Role::Person)
                .await
                .unwrap(),
        }
        let (status, problem) = call(&world, &key, http::Method::POST, REFRESH).await;
        assert_eq!(status, 403, "{change}: {problem}");
        assert!(
            text(&problem, "detail").contains("may not approve any more"),
            "{change}: {problem}"
        );
        let again = asked(&world, &key).await;
        assert_ne!(again, approval, "{change}: it is asked for anew");
        assert_eq!(refreshes(&world).await, 0, "{change}");
        assert_eq!(world.entries_of("approval.void").await.len(), at + 1, "{change}");
    }
    let open = asked(&world, &key).await;
    admin::decide_approval(&world.app, &owner, &open, true).await.unwrap();
    assert_eq!(call(&world, &key, http::Method::POST, REFRESH).await.0, 202);
}

/// POL-10
#[tokio::test]
async fn an_approval_is_taken_back_until_it_is_used() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let guest = world.connect(BO).await;
    let key = world.key(&guest.person).await;
    let approval = asked(&world, &key).await;
    admin::decide_approval(&world.app, &owner, &approval, true)
        .await
        .unwrap();
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    browser.submit(&page, "/sign-in", &fields).await.unwrap();
    let page = browser
        .open(&format!("{}/approvals/{approval}", world.url))
        .await
        .unwrap();
    let action = format!("/approvals/{approval}/take-back");
    let done = browser.submit(&page, &action, &[]).await.unwrap();
    assert_eq!((done.status, done.url.path()), (200, "/approvals"), "{}", done.text());
    let again = asked(&world, &key).await;
    assert_ne!(again, approval);
    assert_eq!(refreshes(&world).await, 0);
    admin::decide_approval(&world.app, &owner, &again, true).await.unwrap();
    assert_eq!(call(&world, &key, http::Method::POST, REFRESH).await.0, 202);
    let late = admin::take_back_approval(&world.app, &owner, &again).await;
    assert!(matches!(late, Err(Refused::Conflict(_))), "{late:?}");
}

/// POL-11
#[tokio::test]
async fn an_account_of_the_askers_making_or_with_their_microsoft_account_is_not_another_person() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let guest = world.connect(BO).await;
    admin::save_role(&world.app, &owner, &guest.person, Role::Administrator)
        .await
        .unwrap();
    let asker = as_person(&world, &guest.person, Role::Administrator);
    let key = world.key(&guest.person).await;
    let approval = asked(&world, &key).await;
    let made = administrator(&world, &asker, "made@example.com").await;
    let child = administrator(
        &world,
        &as_person(&world, &made, Role::Administrator),
        "child@example.com",
    )
    .await;
    let input = InvitationInput {
        email: ADA.into(),
        is_exact: true,
        role: Role::Administrator,
    };
    let link = admin::invite(&world.app, &asker, &input).await.unwrap();
    let mut browser = Visitor::new();
    let page = browser.open(&link).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let ada = sandbox::people::find_by_upn(ADA).unwrap();
    let invited = people::find_by_account(&world.app.db, &world.environment, &ada.tid, &ada.oid).await;
    let invited = invited.unwrap().unwrap().id;
    let second = administrator(&world, &owner, "second@example.com").await;
    let mut connection = connections::of_person(&world.app.db, &guest.person)
        .await
        .unwrap()
        .remove(0);
    connection.id = world.clock.new_id().into();
    connection.person_id = second.clone();
    connections::save_connected(&world.app.db, &connection).await.unwrap();
    for (who, id) in [
        ("made", made),
        ("made by the made", child),
        ("invited", invited),
        ("same account", second),
    ] {
        let caller = as_person(&world, &id, Role::Administrator);
        let refused = admin::decide_approval(&world.app, &caller, &approval, true).await;
        assert!(matches!(refused, Err(Refused::Conflict(_))), "{who}: {refused:?}");
    }
    let third = administrator(&world, &owner, "third@example.com").await;
    let caller = as_person(&world, &third, Role::Administrator);
    admin::decide_approval(&world.app, &caller, &approval, true)
        .await
        .unwrap();
    assert_eq!(call(&world, &key, http::Method::POST, REFRESH).await.0, 202);
}

/// WEB-14
#[tokio::test]
async fn an_invitation_of_somebody_locked_or_demoted_is_over() {
    for (change, at_microsoft) in [
        ("locked", false),
        ("demoted", false),
        ("locked", true),
        ("demoted", true),
    ] {
        let world = World::new().await;
        let owner = world.owner_caller();
        let second = administrator(&world, &owner, "second@example.com").await;
        let input = InvitationInput {
            email: ADA.into(),
            is_exact: true,
            role: Role::Administrator,
        };
        let inviter = as_person(&world, &second, Role::Administrator);
        let link = admin::invite(&world.app, &inviter, &input).await.unwrap();
        let mut browser = Visitor::new();
        let mut page = browser.open(&link).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        if at_microsoft {
            page = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
        }
        match change {
            "locked" => admin::save_locked(&world.app, &owner, &second, true).await.unwrap(),
            _ => admin::save_role(&world.app, &owner, &second, Role::Person)
                .await
                .unwrap(),
        }
        let end = match at_microsoft {
            true => sign_in_at_microsoft(&mut browser, page, ADA).await,
            false => browser.open(&link).await.unwrap(),
        };
        assert!(end.text().contains("invitation is over"), "{change}: {}", end.text());
        assert!(world.entries_of("person.joined").await.is_empty(), "{change}");
    }
}

async fn key_of(world: &World, caller: &Caller, scopes: &str, is_application: bool) -> String {
    let input = KeyInput {
        name: "test".into(),
        is_application,
        scopes: ScopeSet::parse(scopes).unwrap(),
        days: None,
    };
    let made = admin::create_key(&world.app, caller, &input).await.unwrap();
    made.key.expose_secret().to_owned()
}

/// A code for `scope`, by whoever is signed in in this browser: what consent shows, and the code or the error.
async fn consented(world: &World, browser: &mut Visitor, client: &str, scope: &str) -> (String, String) {
    let page = browser.open(&world.authorize_url(client, CB, scope)).await.unwrap();
    if let Some(error) = page.parameter("error") {
        return (String::new(), error);
    }
    let shown = page.text();
    let back = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    (shown, back.parameter("code").unwrap())
}

async fn redeem(world: &World, client: &str, code: &str) -> Value {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CB),
        ("client_id", client),
        ("code_verifier", VERIFIER),
    ];
    let (status, body) = token(world, &fields).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn refresh(world: &World, client: &str, refresh: &str) -> Value {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", client),
    ];
    token(world, &fields).await.1
}

/// AS-31, WEB-06, WEB-14
#[tokio::test]
async fn scopes_hold_what_the_role_may_hold_now_wherever_they_were_given() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let policy = json!({ "name": "Administration", "action": "allow", "effects": ["admin"] });
    allow(&world, policy).await;
    let mut guest = world.connect(ADA).await;
    guest.browser.stop_at(CB);
    let client = world.register_client(&[CB]).await;
    let offered: Value = world
        .http
        .get(format!("{}/.well-known/oauth-authorization-server", world.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(!offered["scopes_supported"].to_string().contains("admin"), "{offered}");

    let (shown, code) = consented(&world, &mut guest.browser, &client, "powerbi.read powerbi.admin").await;
    assert!(!shown.contains("administrator operations"), "{shown}");
    assert_eq!(text(&redeem(&world, &client, &code).await, "scope"), "powerbi.read");
    let (_, error) = consented(&world, &mut guest.browser, &client, "powerbi.admin").await;
    assert_eq!(error, "invalid_scope");

    admin::save_role(&world.app, &owner, &guest.person, Role::Administrator)
        .await
        .unwrap();
    let (shown, code) = consented(&world, &mut guest.browser, &client, "powerbi.read powerbi.admin").await;
    assert!(shown.contains("administrator operations"), "{shown}");
    let given = redeem(&world, &client, &code).await;
    assert_eq!(text(&given, "scope"), "powerbi.read powerbi.admin");
    let me = as_person(&world, &guest.person, Role::Administrator);
    let key = key_of(&world, &me, "powerbi.read powerbi.admin", false).await;
    let (_, answer) = call(&world, &key, http::Method::GET, ADMIN_GROUPS).await;
    assert_ne!(text(&answer, "code"), "not_for_your_role", "Power BI has the word");

    admin::save_role(&world.app, &owner, &guest.person, Role::Person)
        .await
        .unwrap();
    let (status, problem) = call(&world, &key, http::Method::GET, ADMIN_GROUPS).await;
    assert_eq!(
        (status, text(&problem, "code")),
        (403, "not_for_your_role".into()),
        "{problem}"
    );
    assert_eq!(
        call(&world, &key, http::Method::GET, "/groups").await.0,
        200,
        "reading stays"
    );
    let next = refresh(&world, &client, &text(&given, "refresh_token")).await;
    assert_eq!(text(&next, "scope"), "powerbi.read");
    let door = gatepost::call::door(&world.app, None, "mcp").await.unwrap().unwrap();
    let headers = |token: &Value| {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "authorization",
            format!("Bearer {}", text(token, "access_token")).parse().unwrap(),
        );
        headers
    };
    for token in [&given, &next] {
        let caller = gatepost::call::authenticate(&world.app, &door, &headers(token), None)
            .await
            .unwrap();
        assert_eq!(caller.scopes.to_string(), "powerbi.read");
    }
    let introspected = introspected(&world, &text(&next, "access_token")).await;
    assert_eq!(text(&introspected, "scope"), "powerbi.read", "{introspected}");

    admin::save_role(&world.app, &owner, &guest.person, Role::Administrator)
        .await
        .unwrap();
    let again = refresh(&world, &client, &text(&next, "refresh_token")).await;
    assert_eq!(
        text(&again, "scope"),
        "powerbi.read powerbi.admin",
        "it comes back with the role"
    );
}

/// What a service of the house is told of a token.
async fn introspected(world: &World, token: &str) -> Value {
    let input = admin::ClientInput {
        name: "House service".into(),
        auth_method: "client_secret_post".into(),
        redirects: vec![CB.into()],
        introspects: true,
    };
    let made = admin::create_client(&world.app, &world.owner_caller(), &input)
        .await
        .unwrap();
    let secret = made.secret.unwrap();
    let fields = [
        ("client_id", made.id.0.as_str()),
        ("client_secret", secret.expose_secret()),
        ("token", token),
    ];
    let answer = world
        .http
        .post(format!("{}/introspect", world.url))
        .form(&fields)
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

/// Adds a policy, and switches off the defaults that deny.
pub(crate) async fn allow(world: &World, form: Value) {
    let mut whole = json!({ "enabled": true });
    whole.as_object_mut().unwrap().extend(form.as_object().unwrap().clone());
    let form: gatepost::policy::Form = serde_json::from_value(whole).unwrap();
    let owner = world.owner_caller();
    for it in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        if it.source.contains("\"deny\"") {
            admin::set_policy_enabled(&world.app, &owner, &it.id, false)
                .await
                .unwrap();
        }
    }
    let input = admin::PolicyInput {
        name: form.name.clone(),
        enabled: true,
        source: gatepost::policy::Source::Form(form),
    };
    admin::create_policy(&world.app, &owner, input).await.unwrap();
}

/// WEB-14
#[tokio::test]
async fn an_applications_key_speaks_for_nobody_once_its_maker_may_not_give_it() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let guest = world.connect(BO).await;
    let second = administrator(&world, &owner, "second@example.com").await;
    let key = key_of(
        &world,
        &as_person(&world, &second, Role::Administrator),
        "powerbi.read",
        true,
    )
    .await;
    is_called(&world, &guest.person, "user-1").await;
    let ask = async || {
        let request = world.http.get(format!("{}/powerbi/v1.0/myorg/groups", world.url));
        request
            .bearer_auth(&key)
            .header("gatepost-user", "user-1")
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(ask().await, StatusCode::OK);
    admin::save_role(&world.app, &owner, &second, Role::Person)
        .await
        .unwrap();
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED, "demoted");
    admin::save_role(&world.app, &owner, &second, Role::Administrator)
        .await
        .unwrap();
    assert_eq!(ask().await, StatusCode::OK);
    admin::save_locked(&world.app, &owner, &second, true).await.unwrap();
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED, "locked");
}

/// POL-13
#[tokio::test]
async fn a_key_never_proves_that_its_person_is_there() {
    let world = World::new().await;
    let policy = json!({ "name": "Fresh", "action": "step_up", "effects": ["read"], "max_authentication_age_s": 300 });
    allow(&world, policy).await;
    let guest = world.connect(BO).await;
    let key = world.key(&guest.person).await;
    let (status, problem) = call(&world, &key, http::Method::GET, "/groups").await;
    assert_eq!(
        (status, text(&problem, "code")),
        (403, "step_up_required".into()),
        "{problem}"
    );
    assert!(text(&problem, "hint").contains("key cannot prove"), "{problem}");
}
