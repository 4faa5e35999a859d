//! What an administrator needs to register the application at Microsoft: redirect address, scripts, expiry.

use serde_json::json;

use crate::app::App;
use crate::clock::Timestamp;
use crate::config;

/// Microsoft's own directory API and its sign-in permission `User.Read`.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const USER_READ: &str = "e1fe6dd8-ba31-4d61-89e7-88639da4683d";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Ready-made ways to register the application, filled in for this gateway.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Scripts {
    pub az: String,
    pub graph: String,
    pub terraform: String,
}

/// Why Microsoft would refuse this gateway's redirect address, if it would.
pub fn redirect_problem(app: &App) -> Option<String> {
    if let Err(problem) = config::check_public_url(&app.settings.public_url) {
        return Some(problem.to_string());
    }
    let address = app.settings.redirect_uri();
    if 256 < address.len() {
        return Some("Microsoft takes redirect addresses of at most 256 characters".to_owned());
    }
    address
        .contains(['!', '$', '\'', '(', ')', ',', ';'])
        .then(|| "Microsoft takes no redirect address with one of ! $ ' ( ) , ;".to_owned())
}

/// How urgent the end of a secret is: kind of the notice, and words; nothing while it is far away.
pub fn secret_notice(expires: Option<Timestamp>, now: Timestamp) -> Option<(&'static str, String)> {
    let left_ms = expires?.since_ms(now);
    let days = left_ms.div_euclid(DAY_MS);
    let tell = "make a new one in Entra and enter it here";
    match days {
        ..0 => Some(("bad", format!("The client secret has expired; {tell}."))),
        0..=1 => Some((
            "bad",
            format!(
                "The client secret expires within {} hours; {tell}.",
                (left_ms / 3_600_000).max(1)
            ),
        )),
        2..=14 => Some(("bad", format!("The client secret expires in {days} days; {tell}."))),
        15..=60 => Some(("warn", format!("The client secret expires in {days} days; {tell}."))),
        _ => None,
    }
}

/// Scripts for the public cloud; the ids of the permissions come from the catalogue.
pub fn scripts(redirect_uri: &str, now: Timestamp) -> Scripts {
    let end = end_of_secret(now);
    Scripts {
        az: az(redirect_uri, &end),
        graph: graph(redirect_uri),
        terraform: terraform(redirect_uri, &end),
    }
}

/// Half a year, as Microsoft recommends at most.
fn end_of_secret(now: Timestamp) -> String {
    now.plus_seconds(180 * 24 * 3600).rfc3339().chars().take(10).collect()
}

fn wanted() -> impl Iterator<Item = &'static catalogue::scopes::Scope> {
    catalogue::scopes::wanted()
        .iter()
        .filter_map(|name| catalogue::scopes::find(name))
}

fn access() -> serde_json::Value {
    let power_bi = catalogue::clouds::find("public").map_or("", |it| it.power_bi_app_id.as_str());
    let scopes: Vec<_> = wanted().map(|it| json!({ "id": it.id, "type": "Scope" })).collect();
    json!([
        { "resourceAppId": power_bi, "resourceAccess": scopes },
        { "resourceAppId": GRAPH, "resourceAccess": [{ "id": USER_READ, "type": "Scope" }] },
    ])
}

fn az(redirect_uri: &str, end: &str) -> String {
    let access = serde_json::to_string_pretty(&access()).expect("the list is plain data");
    format!(
        r#"# Registers the application, makes a secret and prints what the form asks for.
cat > power-bi-permissions.json <<'JSON'
{access}
JSON

APP=$(az ad app create --display-name "Gatepost for Power BI" --sign-in-audience AzureADMyOrg \
  --web-redirect-uris "{redirect_uri}" \
  --required-resource-accesses power-bi-permissions.json --query appId -o tsv)
az ad sp create --id "$APP" --output none

echo "Client ID:             $APP"
echo "Directory (tenant) ID: $(az account show --query tenantId -o tsv)"
# --append keeps other secrets of the registration; without it they are all removed.
echo "Client Secret:         $(az ad app credential reset --id "$APP" --append --display-name gatepost --end-date {end} --query password -o tsv)"

# Optional, for an administrator: consent once for everybody in the organisation.
# az ad app permission admin-consent --id "$APP"
"#
    )
}

fn graph(redirect_uri: &str) -> String {
    let body = json!({
        "displayName": "Gatepost for Power BI",
        "signInAudience": "AzureADMyOrg",
        "web": {
            "redirectUris": [redirect_uri],
            "implicitGrantSettings": { "enableIdTokenIssuance": false, "enableAccessTokenIssuance": false },
        },
        "requiredResourceAccess": access(),
    });
    serde_json::to_string_pretty(&body).expect("the body is plain data")
}

fn terraform(redirect_uri: &str, end: &str) -> String {
    let names: Vec<_> = wanted().map(|it| format!("    \"{}\",", it.name)).collect();
    let power_bi = catalogue::clouds::find("public").map_or("", |it| it.power_bi_app_id.as_str());
    format!(
        r#"data "azuread_service_principal" "power_bi" {{
  client_id = "{power_bi}"
}}

locals {{
  power_bi_scopes = [
{}
  ]
}}

resource "azuread_application" "gatepost" {{
  display_name     = "Gatepost for Power BI"
  sign_in_audience = "AzureADMyOrg"

  web {{
    redirect_uris = ["{redirect_uri}"]
  }}

  required_resource_access {{
    resource_app_id = data.azuread_service_principal.power_bi.client_id

    dynamic "resource_access" {{
      for_each = local.power_bi_scopes
      content {{
        id   = data.azuread_service_principal.power_bi.oauth2_permission_scope_ids[resource_access.value]
        type = "Scope"
      }}
    }}
  }}
}}

resource "azuread_service_principal" "gatepost" {{
  client_id = azuread_application.gatepost.client_id
}}

# The secret lands in the Terraform state; keep that state as safe as the secret.
resource "azuread_application_password" "gatepost" {{
  application_id = azuread_application.gatepost.id
  end_date       = "{end}T00:00:00Z"
}}
"#,
        names.join("\n")
    )
}
