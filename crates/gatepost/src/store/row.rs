//! How a row of a table becomes a value of ours: each field is the column of its name, written once.

/// Declares the struct of a row and reads it from a row of either database.
///
/// `struct Known with client: Client { … }` also reads the columns of `Client` from the same row.
///
/// A macro of our own, because `sqlx`'s derive builds its database drivers a second time for the compiler.
macro_rules! row {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(with $inner:ident: $inner_type:ty)? {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $(pub $inner: $inner_type,)?
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($inner_type: sqlx::FromRow<'r, R>,)?
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self {
                    $($inner: <$inner_type>::from_row(row)?,)?
                    $($field: row.try_get(stringify!($field))?,)*
                })
            }
        }
    };
}
pub(super) use row;
