//! Secrets are known by their place in the body, and hidden there whatever they look like.

use catalogue::Catalogue;
use serde_json::Value;
use serde_json::json;

fn mask(id: &str, body: Value) -> Value {
    let arguments = json!({ "datasetId": "d", "body": body });
    Catalogue::builtin().operation(id).unwrap().mask(&arguments)["body"].clone()
}

/// Every field that may hold a password, a key or a token, in any operation.
#[test]
fn every_secret_of_every_operation_is_marked() {
    let found: Vec<String> = Catalogue::builtin()
        .operations()
        .iter()
        .flat_map(|it| it.secrets().into_iter().map(move |place| format!("{} {place}", it.id)))
        .collect();
    insta::assert_snapshot!(found.join("\n"));
}

/// A field that sounds like a secret is marked, or is here with the reason why it is none.
#[test]
fn what_sounds_like_a_secret_is_marked_or_explained() {
    const NONE: [(&str, &str); 9] = [
        ("credentialDetails", "the secret inside it is marked"),
        ("credentialType", "a kind"),
        ("useEndUserOAuth2Credentials", "yes or no"),
        ("keyVaultKeyIdentifier", "an address of a key that only Azure gives out"),
        ("tenantKeyId", "an identifier"),
        ("encryptionKeyId", "an identifier"),
        ("XMLAPermissions", "a word"),
        ("isKey", "yes or no"),
        ("keyColumns", "names"),
    ];
    let words = [
        "password",
        "secret",
        "token",
        "credential",
        "key",
        "blob",
        "newvalue",
        "connectionstring",
    ];
    for operation in Catalogue::builtin().operations() {
        let marked = operation.secrets();
        for field in operation.body_fields() {
            let name = field.path.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
            let sounds = words.iter().any(|word| name.to_lowercase().contains(word));
            let is_inside = marked.iter().any(|it| field.path.starts_with(it.as_str()));
            let is_known = NONE.iter().any(|(known, _)| *known == name);
            assert!(!sounds || is_inside || is_known, "{} {}", operation.id, field.path);
        }
    }
}

#[test]
fn a_secret_is_hidden_in_every_spelling_and_shape() {
    for (body, hidden) in [
        (
            json!({"updateDetails": [{"name": "Path", "newValue": "s"}, {"name": "Two", "newValue": "s"}]}),
            json!({"updateDetails": [{"name": "Path", "newValue": "***"}, {"name": "Two", "newValue": "***"}]}),
        ),
        (
            json!({"UPDATEDETAILS": [{"NewValue": "s"}]}),
            json!({"UPDATEDETAILS": [{"NewValue": "***"}]}),
        ),
        (
            json!({"updateDetails": {"newValue": {"deep": ["s"]}}}),
            json!({"updateDetails": {"newValue": "***"}}),
        ),
        (
            json!({"updateDetails": [[{"newValue": 7}]]}),
            json!({"updateDetails": [[{"newValue": "***"}]]}),
        ),
        (
            json!({"updateDetails": [{"newValue": null}]}),
            json!({"updateDetails": [{"newValue": null}]}),
        ),
    ] {
        assert_eq!(mask("datasets.update_parameters", body), hidden);
    }
    let credentials = json!({"credentialDetails": {"credentialType": "Basic", "credentials": "{\"password\":1}"}});
    assert_eq!(
        mask("gateways.update_datasource", credentials)["credentialDetails"],
        json!({"credentialType": "Basic", "credentials": "***"})
    );
    let tokens = json!({"identities": [{"username": "u", "identityBlob": {"value": "s"}}]});
    assert_eq!(
        mask("embed_token.generate_for_report", tokens)["identities"][0],
        json!({"username": "u", "identityBlob": "***"})
    );
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    let body = json!({"queries": [{"query": "EVALUATE password"}], "newValue": 1});
    assert_eq!(mask("datasets.execute_queries", body.clone()), body);
}
