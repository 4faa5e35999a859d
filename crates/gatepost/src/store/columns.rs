//! How our own types are stored: identifiers as text, moments as whole milliseconds.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use crate::caller::{
    ApiKeyId, ApprovalId, ClientId, ConnectionId, EnvironmentId, GrantId, GroupId, IntegrationId, PersonId, PolicyId,
};
use crate::clock::Timestamp;

macro_rules! stored_as {
    ($plain:ty: $($name:ident)*) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            $plain: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$plain as Type<DB>>::type_info()
            }

            fn compatible(of: &DB::TypeInfo) -> bool {
                <$plain as Type<DB>>::compatible(of)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            $plain: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            $plain: Decode<'r, DB>,
        {
            fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <$plain as Decode<'r, DB>>::decode(value).map($name)
            }
        }
    )*};
}

stored_as! { String: ApiKeyId ApprovalId ClientId ConnectionId EnvironmentId GrantId GroupId IntegrationId PersonId PolicyId }
stored_as! { i64: Timestamp }
