//! Reading an authorize request: first what decides where failures may be sent, then the rest.

use url::form_urlencoded;

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::applications::Audience;
use crate::entra::applications::Platform;
use crate::entra::asked::Asked;
use crate::entra::asked::Pairs;
use crate::entra::directory::Challenge;
use crate::entra::failure::Failure;
use crate::entra::scopes::Wanted;
use crate::entra::tenant::TenantPath;

/// Form fields of our own pages; they never belong to the client's request.
const PAGE_FIELDS: &[&str] = &["account", "decision", "factor", "for_all"];

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// What the client wants the person to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    Unset,
    None,
    Login,
    Consent,
    SelectAccount,
    Unknown,
}

/// A request whose client and redirect address are known to be good.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) tenant: TenantPath,
    pub(crate) application: Application,
    pub(crate) redirect_uri: String,
    pub(crate) platform: Platform,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
    pub(crate) prompt: Prompt,
    pub(crate) login_hint: Option<String>,
    pub(crate) domain_hint: Option<String>,
    pub(crate) wants_client_info: bool,
    segment: String,
    parameters: Pairs,
}

/// The part of a request whose faults go back to the client.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) wanted: Wanted,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
}

impl Request {
    /// Checks tenant, client and redirect address; every failure is shown on a page.
    pub(crate) fn read(directory: &Directory, segment: &str, asked: &Asked) -> Result<Request, Failure> {
        let tenant = TenantPath::read(directory, segment)?;
        let application = client_of(directory, &tenant, asked)?;
        let redirect_uri = match asked.any("redirect_uri") {
            Some(address) => address.to_owned(),
            None => sole_redirect(&application)?,
        };
        if application.all_redirects().next().is_none() {
            return Err(Failure::new(500113));
        }
        let platform = application.platform_of(&redirect_uri).ok_or_else(|| {
            let shown: String = redirect_uri.chars().take(200).collect();
            Failure::about(
                50011,
                format!("redirect address '{shown}', application '{}'", application.client_id),
            )
        })?;
        Ok(Request {
            tenant,
            application,
            redirect_uri,
            platform,
            response_mode: response_mode(asked.any("response_mode")),
            state: asked.any("state").map(without_html),
            prompt: prompt(asked.any("prompt")),
            login_hint: asked.any("login_hint").map(str::to_owned),
            domain_hint: asked.any("domain_hint").map(str::to_ascii_lowercase),
            wants_client_info: asked.any("client_info") == Some("1"),
            segment: segment.to_owned(),
            parameters: client_parameters(asked),
        })
    }

    /// Checks what is left; failures that are the client's to know go back to it.
    pub(crate) fn details(&self) -> Result<Details, Failure> {
        match self.find("response_type") {
            None => return Err(Failure::about(900144, "response_type")),
            Some("code") => {}
            Some(_) => return Err(Failure::about(700054, "only 'code' is enabled")),
        }
        let mode = self.find("response_mode");
        if mode.is_some_and(|mode| !matches!(mode, "query" | "fragment" | "form_post")) {
            return Err(Failure::about(90023, "response_mode"));
        }
        if self.prompt == Prompt::Unknown {
            return Err(Failure::about(90023, "prompt"));
        }
        let scope = self.find("scope").ok_or_else(|| Failure::about(900144, "scope"))?;
        let challenge = challenge(self.find("code_challenge"), self.find("code_challenge_method"))?;
        Ok(Details {
            wanted: Wanted::read(scope)?,
            nonce: self.find("nonce").map(str::to_owned),
            challenge,
        })
    }

    /// The address our own pages post to: this request again.
    pub(crate) fn action(&self, sandbox: &Sandbox) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish();
        format!("{}/{}/oauth2/v2.0/authorize?{query}", sandbox.url(), self.segment)
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// The client of a request, if it may be used at this tenant.
pub(crate) fn client_of(directory: &Directory, tenant: &TenantPath, asked: &Asked) -> Result<Application, Failure> {
    let client_id = asked
        .any("client_id")
        .ok_or_else(|| Failure::about(900144, "client_id"))?;
    application_at(directory, tenant, client_id)
}

/// The application of this id, if it may be used at this tenant.
pub(crate) fn application_at(
    directory: &Directory,
    tenant: &TenantPath,
    client_id: &str,
) -> Result<Application, Failure> {
    let unknown = || {
        let shown: String = client_id.chars().take(64).collect();
        Failure::about(700016, format!("application '{shown}'"))
    };
    let application = directory.find_application(client_id).ok_or_else(unknown)?;
    if application.disabled {
        return Err(Failure::about(
            7000112,
            format!("application '{}'", application.client_id),
        ));
    }
    match tenant {
        TenantPath::Consumers => Err(Failure::new(9002332)),
        TenantPath::Common | TenantPath::Organizations if application.tenants == Audience::Single => Err(
            Failure::about(50194, format!("application '{}'", application.client_id)),
        ),
        TenantPath::One(tid) if application.tenants == Audience::Single && *tid != application.tid => Err(unknown()),
        _ => Ok(application.clone()),
    }
}

fn sole_redirect(application: &Application) -> Result<String, Failure> {
    let mut all = application.all_redirects();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(Failure::new(500113)),
        _ => Err(Failure::about(900144, "redirect_uri")),
    }
}

fn client_parameters(asked: &Asked) -> Pairs {
    let is_client_field = |name: &str| !PAGE_FIELDS.contains(&name);
    let form = asked.form.iter().filter(|(name, _)| is_client_field(name));
    let query = asked
        .query
        .iter()
        .filter(|(name, _)| is_client_field(name) && asked.form(name).is_none());
    form.chain(query).cloned().collect()
}

fn response_mode(text: Option<&str>) -> ResponseMode {
    match text {
        Some("fragment") => ResponseMode::Fragment,
        Some("form_post") => ResponseMode::FormPost,
        _ => ResponseMode::Query,
    }
}

fn prompt(text: Option<&str>) -> Prompt {
    match text {
        None => Prompt::Unset,
        Some("none") => Prompt::None,
        Some("login") => Prompt::Login,
        Some("consent" | "admin_consent") => Prompt::Consent,
        Some("select_account") => Prompt::SelectAccount,
        Some(_) => Prompt::Unknown,
    }
}

fn challenge(value: Option<&str>, method: Option<&str>) -> Result<Option<Challenge>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    let is_s256 = match method {
        Some("S256") => true,
        None | Some("plain") => false,
        Some(_) => return Err(Failure::about(90023, "code_challenge_method")),
    };
    // RFC 7636 §4.2.
    if !(43..=128).contains(&value.len()) {
        return Err(Failure::new(501491));
    }
    if !value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    {
        return Err(Failure::new(50147));
    }
    Ok(Some(Challenge {
        value: value.to_owned(),
        is_s256,
    }))
}

/// The state as it goes back: Entra strips HTML from it.
fn without_html(state: &str) -> String {
    let mut kept = String::with_capacity(state.len());
    let mut rest = state;
    while let Some((before, tag)) = rest.split_once('<') {
        kept.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    kept + rest
}
