//! The error codes of the pretend Entra ID: which protocol error carries each, where it shows, and what it says.

/// Where a failure of the authorize endpoint shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On Entra's own page; the client never hears of it.
    Page,
    /// Back at the client's redirect address.
    Redirect,
    /// At the token endpoint; on a page if it comes up while authorizing.
    Token,
}

/// What is fixed about one code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) code: u32,
    pub(crate) error: &'static str,
    pub(crate) suberror: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) text: &'static str,
}

/// The row of `code`; an unlisted code is an `invalid_grant` without further advice.
pub(crate) fn row(code: u32) -> Row {
    TABLE.iter().find(|row| row.code == code).copied().unwrap_or(Row {
        code,
        error: "invalid_grant",
        suberror: None,
        place: Place::Token,
        text: "the sandbox was told to fail with this code",
    })
}

const fn page(code: u32, error: &'static str, text: &'static str) -> Row {
    Row {
        code,
        error,
        suberror: None,
        place: Place::Page,
        text,
    }
}

const fn redirect(code: u32, error: &'static str, text: &'static str) -> Row {
    Row {
        code,
        error,
        suberror: None,
        place: Place::Redirect,
        text,
    }
}

const fn token(code: u32, error: &'static str, text: &'static str) -> Row {
    Row {
        code,
        error,
        suberror: None,
        place: Place::Token,
        text,
    }
}

const fn user(code: u32, error: &'static str, suberror: &'static str, text: &'static str) -> Row {
    Row {
        code,
        error,
        suberror: Some(suberror),
        place: Place::Token,
        text,
    }
}

const TABLE: &[Row] = &[
    // The registration.
    page(
        50011,
        "invalid_request",
        "this redirect address is not among those registered for the application",
    ),
    page(
        500113,
        "invalid_request",
        "the application has no redirect address at all",
    ),
    page(900971, "invalid_request", "no redirect address was given"),
    token(
        500112,
        "invalid_client",
        "the redirect address differs from the one the code was asked for with",
    ),
    token(
        70004,
        "invalid_request",
        "the redirect address differs from the one the code was asked for with",
    ),
    token(
        9002327,
        "invalid_request",
        "a code for a single-page application may only be redeemed by a cross-origin request",
    ),
    token(
        9002326,
        "invalid_request",
        "cross-origin redemption is for redirect addresses of the single-page type only",
    ),
    token(
        9002325,
        "invalid_request",
        "cross-origin redemption of a code needs a proof key (PKCE)",
    ),
    token(
        700025,
        "invalid_client",
        "the client is public, so it may present neither secret nor assertion",
    ),
    token(
        7000218,
        "invalid_client",
        "the request carries neither 'client_assertion' nor 'client_secret'",
    ),
    token(
        7000215,
        "invalid_client",
        "the client secret is wrong; send the secret's value, not its id",
    ),
    token(70002, "invalid_client", "the client credentials are wrong"),
    token(
        7000222,
        "invalid_client",
        "every client secret of the application has expired",
    ),
    token(
        700027,
        "invalid_client",
        "the client assertion does not verify with a certificate of the application",
    ),
    token(
        700030,
        "invalid_client",
        "the certificate of the client assertion is not accepted",
    ),
    token(50012, "invalid_client", "the client assertion does not verify"),
    token(
        50027,
        "invalid_request",
        "the client assertion is not a well-formed token",
    ),
    token(
        700021,
        "invalid_client",
        "issuer and subject of the client assertion must both be the client id",
    ),
    token(
        700023,
        "invalid_client",
        "the audience of the client assertion is not this token endpoint",
    ),
    token(
        700024,
        "invalid_client",
        "the client assertion is not within its time of validity",
    ),
    page(
        700016,
        "unauthorized_client",
        "no application of this id exists in the directory",
    ),
    page(
        700011,
        "unauthorized_client",
        "no application of this id exists in the directory",
    ),
    page(
        70001,
        "unauthorized_client",
        "the application is not set up in the directory",
    ),
    page(7000112, "unauthorized_client", "the application is disabled"),
    page(
        65002,
        "invalid_client",
        "a first-party application must be authorised beforehand",
    ),
    page(
        650056,
        "invalid_client",
        "the application asks for no permission of the resource, or nobody consented",
    ),
    page(
        650057,
        "invalid_resource",
        "the resource is not listed among the application's permissions",
    ),
    page(
        90008,
        "invalid_request",
        "the application must at least ask for the sign-in permission of Graph",
    ),
    // The tenant and the account.
    page(
        90002,
        "invalid_request",
        "the directory was not found; check the tenant in the address, and the cloud",
    ),
    page(
        900023,
        "invalid_request",
        "the tenant in the address is neither an id nor a domain name",
    ),
    page(
        90038,
        "invalid_request",
        "the directory lives in another national cloud",
    ),
    page(
        900382,
        "invalid_request",
        "a confidential client is not supported across clouds",
    ),
    page(
        900432,
        "invalid_request",
        "a confidential client is not supported across clouds",
    ),
    page(
        1000104,
        "invalid_request",
        "the directory lives in another national cloud",
    ),
    page(
        50194,
        "invalid_request",
        "the application serves one directory only; do not use the shared endpoint",
    ),
    page(
        50020,
        "invalid_request",
        "the account does not belong to this directory and is no guest of it",
    ),
    page(50034, "invalid_grant", "the account does not exist in this directory"),
    page(500341, "invalid_grant", "the account was deleted from the directory"),
    page(51004, "invalid_grant", "the account does not exist in this directory"),
    redirect(
        16000,
        "interaction_required",
        "several accounts are signed in; one must be chosen",
    ),
    page(16003, "invalid_request", "the account was not added to the directory"),
    page(
        90072,
        "invalid_request",
        "the account does not exist in the directory of the application",
    ),
    page(
        50014,
        "invalid_request",
        "the guest has not accepted the invitation yet",
    ),
    page(
        9002332,
        "invalid_request",
        "the application is for work and school accounts; do not use the consumers endpoint",
    ),
    page(
        500208,
        "invalid_request",
        "this domain is not one of work or school accounts",
    ),
    page(
        9001023,
        "invalid_request",
        "this grant is not possible on the shared endpoint; name the tenant",
    ),
    page(
        90124,
        "invalid_request",
        "this resource is not possible on the shared endpoint",
    ),
    page(
        90130,
        "invalid_request",
        "this application is not possible on the shared endpoint",
    ),
    page(
        50059,
        "invalid_request",
        "nothing in the request says which directory is meant",
    ),
    page(
        50128,
        "invalid_request",
        "the domain name of the directory is not valid",
    ),
    page(
        90019,
        "invalid_request",
        "nothing in the request says which directory is meant",
    ),
    page(
        50105,
        "access_denied",
        "the application needs an assignment and the person has none",
    ),
    user(50057, "invalid_grant", "message_only", "the account is disabled"),
    page(50053, "invalid_grant", "the account is locked"),
    page(50055, "invalid_grant", "the password has expired"),
    page(50126, "invalid_grant", "name or password is wrong"),
    page(50144, "invalid_grant", "the password has expired"),
    page(500021, "access_denied", "tenant restrictions forbid this directory"),
    page(500022, "access_denied", "tenant restrictions forbid this directory"),
    page(500212, "access_denied", "a cross-tenant policy forbids this directory"),
    page(
        500213,
        "access_denied",
        "a cross-tenant policy of the resource forbids this account",
    ),
    // Consent.
    user(
        65001,
        "invalid_grant",
        "consent_required",
        "neither the person nor an administrator has consented",
    ),
    redirect(65004, "access_denied", "the person declined to consent"),
    page(
        90094,
        "access_denied",
        "only an administrator can grant what the application asks for",
    ),
    page(
        90093,
        "access_denied",
        "what the application asks for cannot be granted by this person",
    ),
    page(
        90095,
        "access_denied",
        "only an administrator can grant what the application asks for; a request was possible",
    ),
    page(
        900941,
        "access_denied",
        "an administrator must consent, because the application is judged risky",
    ),
    page(
        900981,
        "access_denied",
        "an administrator must consent, because the application is judged risky",
    ),
    page(
        1000031,
        "access_denied",
        "the application cannot be used in this directory yet",
    ),
    page(
        90099,
        "access_denied",
        "the application is not authorised in the customer's directory",
    ),
    page(
        650052,
        "invalid_client",
        "the organisation has no subscription to the service that is asked for",
    ),
    page(
        650054,
        "invalid_client",
        "the application asks for a permission that was removed",
    ),
    redirect(
        650053,
        "invalid_client",
        "the application asks for a scope that the resource does not have",
    ),
    redirect(
        65005,
        "invalid_resource",
        "the application asks for a resource it does not list",
    ),
    page(
        500011,
        "invalid_resource",
        "the resource was not found in the directory",
    ),
    redirect(70011, "invalid_scope", "the scope is not valid"),
    token(28002, "invalid_scope", "the scope is not valid for this grant"),
    token(28003, "invalid_scope", "the scope may not be empty here"),
    token(700022, "invalid_scope", "scopes of more than one resource are mixed"),
    token(
        1002012,
        "invalid_scope",
        "an application on its own must ask for one resource's '/.default'",
    ),
    // Conditional access, second factors, devices.
    user(
        53003,
        "invalid_grant",
        "message_only",
        "conditional access blocked the sign-in",
    ),
    user(
        530003,
        "interaction_required",
        "additional_action",
        "the device must be managed",
    ),
    user(
        530002,
        "interaction_required",
        "additional_action",
        "the device must be compliant",
    ),
    user(
        53000,
        "interaction_required",
        "additional_action",
        "the device must be compliant",
    ),
    user(
        53001,
        "interaction_required",
        "additional_action",
        "the device must be joined to the domain",
    ),
    user(
        53002,
        "interaction_required",
        "message_only",
        "only approved applications may be used",
    ),
    user(
        530032,
        "invalid_grant",
        "message_only",
        "a security policy blocked the sign-in",
    ),
    user(
        530035,
        "invalid_grant",
        "message_only",
        "security defaults blocked the sign-in",
    ),
    user(
        53004,
        "interaction_required",
        "basic_action",
        "a second factor must be enrolled before this can go on",
    ),
    user(
        53011,
        "invalid_grant",
        "message_only",
        "the account is blocked because of a risk",
    ),
    user(
        50131,
        "interaction_required",
        "message_only",
        "a conditional access rule failed",
    ),
    user(
        50076,
        "interaction_required",
        "basic_action",
        "a second factor is asked for",
    ),
    user(
        50074,
        "interaction_required",
        "basic_action",
        "a strong second factor is asked for",
    ),
    user(
        50072,
        "interaction_required",
        "basic_action",
        "a second factor must be enrolled",
    ),
    user(
        50079,
        "interaction_required",
        "basic_action",
        "a second factor must be enrolled",
    ),
    user(
        50078,
        "interaction_required",
        "basic_action",
        "the second factor was too long ago",
    ),
    user(
        50158,
        "interaction_required",
        "basic_action",
        "an outside second factor was not passed",
    ),
    user(
        50097,
        "interaction_required",
        "additional_action",
        "the device must prove itself",
    ),
    user(
        50129,
        "interaction_required",
        "additional_action",
        "the device is not joined to the workplace",
    ),
    user(
        50155,
        "interaction_required",
        "additional_action",
        "the device could not prove itself",
    ),
    user(
        50187,
        "interaction_required",
        "additional_action",
        "the device could not prove itself",
    ),
    redirect(50058, "login_required", "nobody is signed in"),
    // Codes and tokens.
    token(70000, "invalid_grant", "the code or refresh token is not valid"),
    token(9002313, "invalid_grant", "the code or refresh token is malformed"),
    token(54005, "invalid_grant", "the code was redeemed already"),
    token(70008, "invalid_grant", "the code or refresh token has expired"),
    token(
        700005,
        "invalid_grant",
        "the code must be redeemed at the tenant it was asked for at",
    ),
    token(
        501481,
        "invalid_grant",
        "the code verifier does not match the code challenge",
    ),
    redirect(50147, "invalid_request", "the code challenge is malformed"),
    redirect(501491, "invalid_request", "the code challenge has the wrong size"),
    token(50148, "invalid_grant", "the code verifier is missing or malformed"),
    user(
        700082,
        "invalid_grant",
        "token_expired",
        "the refresh token has expired because it was not used for 90 days",
    ),
    user(
        70043,
        "invalid_grant",
        "token_expired",
        "the refresh token is older than the sign-in frequency policy allows",
    ),
    user(
        700084,
        "invalid_grant",
        "token_expired",
        "refresh tokens of single-page applications end after a day",
    ),
    user(
        50173,
        "invalid_grant",
        "bad_token",
        "the grant was revoked; a fresh sign-in is needed",
    ),
    user(
        50132,
        "invalid_grant",
        "bad_token",
        "the session was revoked or the password changed",
    ),
    user(
        50133,
        "invalid_grant",
        "bad_token",
        "the password has expired or was changed",
    ),
    user(50089, "invalid_grant", "token_expired", "the session has expired"),
    user(50085, "invalid_grant", "bad_token", "the account must sign in anew"),
    token(
        70016,
        "authorization_pending",
        "the person has not finished signing in yet",
    ),
    token(70018, "bad_verification_code", "the device code is not known"),
    token(70019, "expired_token", "the device code has expired"),
    token(70020, "expired_token", "the device code has expired"),
    token(70021, "authorization_declined", "the person declined"),
    // Busy.
    token(50196, "invalid_grant", "the client repeats the same request in a loop"),
    token(90055, "temporarily_unavailable", "the directory is asked too often"),
    token(90024, "temporarily_unavailable", "the service is asked too often"),
    token(90033, "temporarily_unavailable", "a passing fault"),
    token(90006, "temporarily_unavailable", "an outside server did not answer"),
    token(90012, "temporarily_unavailable", "the request took too long"),
    token(90090, "temporarily_unavailable", "the Graph could not be reached"),
    token(50033, "temporarily_unavailable", "a passing fault"),
    token(50087, "temporarily_unavailable", "a passing fault"),
    // Requests that are not well formed.
    page(900144, "invalid_request", "a required parameter is missing"),
    page(90014, "invalid_request", "a required field is missing"),
    page(90013, "invalid_request", "the input is not valid"),
    page(90100, "invalid_request", "a parameter is empty or not valid"),
    page(900561, "invalid_request", "this endpoint takes POST requests only"),
    redirect(
        90023,
        "invalid_request",
        "a parameter has a value that is not supported",
    ),
    redirect(
        700054,
        "unsupported_response_type",
        "this response type is not enabled for the application",
    ),
    token(70003, "unsupported_grant_type", "this grant type is not supported"),
];
