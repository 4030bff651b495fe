//! The shapes of the tables' items: domain values to and from DynamoDB attributes.
//!
//! An item that breaks the domain's rules (written by other hands) is an error and not a guess: it names the table, the
//! attribute and the reason, for the log.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::StoreError;
use crate::domain::{
    Age, ApiToken, ChatMessage, ChatName, ChatUserId, Connection, ConnectionId, CustomerId, EmailAddress, Invalid,
    MessageId, MessageText, Product, ProductId, Role, RoomId, Tier, Timestamp, TokenHash, TokenName, Usage, User,
    UserDetails, UserId, Username,
};

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// An attribute's value as the SDK has it.
pub type Attribute = AttributeValue;

/// A string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Reads an item's attributes and says where one is wrong.
struct Reader<'a> {
    table: &'static str,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    fn wrong(&self, name: &str, reason: impl std::fmt::Display) -> StoreError {
        StoreError::Failed(format!("an item of {} has a bad {name}: {reason}", self.table))
    }

    fn text(&self, name: &str) -> Result<&'a str, StoreError> {
        match self.item.get(name) {
            Some(AttributeValue::S(value)) => Ok(value),
            Some(_) => Err(self.wrong(name, "not a string")),
            None => Err(self.wrong(name, "missing")),
        }
    }

    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Result<T, StoreError> {
        parse(self.text(name)?).map_err(|invalid| self.wrong(name, invalid))
    }

    fn optional_text(&self, name: &str) -> Result<Option<&'a str>, StoreError> {
        if self.item.contains_key(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    fn optional_number(&self, name: &str) -> Result<Option<i64>, StoreError> {
        match self.item.get(name) {
            None | Some(AttributeValue::Null(true)) => Ok(None),
            Some(AttributeValue::N(value)) => {
                value.parse().map(Some).map_err(|_| self.wrong(name, "not a whole number"))
            }
            Some(_) => Err(self.wrong(name, "not a number")),
        }
    }

    fn number(&self, name: &str) -> Result<i64, StoreError> {
        self.optional_number(name)?.ok_or_else(|| self.wrong(name, "missing"))
    }

    fn count(&self, name: &str) -> Result<u64, StoreError> {
        u64::try_from(self.number(name)?).map_err(|_| self.wrong(name, "negative"))
    }
}

/// A user's item in the users table.
pub fn from_user(user: &User) -> Item {
    let details = &user.details;
    let mut item = Item::from([
        ("userId".into(), text(user.user_id.as_str())),
        ("username".into(), text(details.username.as_str())),
        ("email".into(), text(details.email.as_str())),
        ("createdAt".into(), text(user.created_at.iso())),
        ("updatedAt".into(), text(user.updated_at.iso())),
        ("version".into(), number(user.version)),
    ]);
    if let Some(age) = details.age {
        item.insert("age".into(), number(age.years()));
    }
    item
}

/// The user of an item.
pub fn to_user(item: &Item) -> Result<User, StoreError> {
    let reader = Reader { table: "the users table", item };
    let age = reader.optional_number("age")?.map(Age::parse).transpose();
    Ok(User {
        user_id: reader.parsed("userId", UserId::parse)?,
        details: UserDetails {
            username: reader.parsed("username", Username::parse)?,
            email: reader.parsed("email", EmailAddress::parse)?,
            age: age.map_err(|invalid| reader.wrong("age", invalid))?,
        },
        created_at: reader.parsed("createdAt", Timestamp::parse_iso)?,
        updated_at: reader.parsed("updatedAt", Timestamp::parse_iso)?,
        version: reader.count("version")?,
    })
}

/// The item that reserves a user's e-mail address.
pub fn from_reservation(user: &User) -> Item {
    Item::from([
        ("email".into(), text(user.details.email.unique_key())),
        ("userId".into(), text(user.user_id.as_str())),
    ])
}

/// The address and the user of a reservation.
pub fn to_reservation(item: &Item) -> Result<(String, UserId), StoreError> {
    let reader = Reader { table: "the user e-mails table", item };
    Ok((reader.text("email")?.to_owned(), reader.parsed("userId", UserId::parse)?))
}

/// The product of an item.
pub fn to_product(item: &Item) -> Result<Product, StoreError> {
    let reader = Reader { table: "the products table", item };
    Ok(Product {
        product_id: reader.parsed("productId", ProductId::parse)?,
        name: reader.text("name")?.to_owned(),
        description: reader.text("description")?.to_owned(),
        price_cents: reader.count("priceCents")?,
        currency: reader.text("currency")?.to_owned(),
    })
}

/// A token's item, with its time to live.
pub fn from_token(token: &ApiToken) -> Item {
    let mut item = Item::from([
        ("tokenHash".into(), text(token.hash.as_str())),
        ("userId".into(), text(token.user_id.as_str())),
        ("role".into(), text(token.role.name())),
        ("expiresAt".into(), number(token.expires_at.seconds())),
    ]);
    if let Some(name) = &token.name {
        item.insert("name".into(), text(name.as_str()));
    }
    for (name, moment) in [("createdAt", token.created_at), ("lastUsedAt", token.last_used_at)] {
        if let Some(moment) = moment {
            item.insert(name.into(), number(moment.seconds()));
        }
    }
    item
}

/// The token of an item.
pub fn to_token(item: &Item) -> Result<ApiToken, StoreError> {
    let reader = Reader { table: "the API tokens table", item };
    let name = reader.optional_text("name")?.map(TokenName::parse).transpose();
    Ok(ApiToken {
        hash: reader.parsed("tokenHash", TokenHash::parse)?,
        user_id: reader.parsed("userId", UserId::parse)?,
        role: Role::named(reader.text("role")?),
        name: name.map_err(|invalid| reader.wrong("name", invalid))?,
        created_at: reader.optional_number("createdAt")?.map(Timestamp::from_seconds),
        last_used_at: reader.optional_number("lastUsedAt")?.map(Timestamp::from_seconds),
        expires_at: Timestamp::from_seconds(reader.number("expiresAt")?),
    })
}

/// A customer as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Who it is, and what has been used of `day`.
    pub usage: Usage,
    /// Whether the key is switched on.
    pub active: bool,
    /// The UTC day that is counted; `None` before the first request.
    pub day: Option<String>,
}

impl Customer {
    /// The `status` of a key that is switched on. Any other switches it off.
    pub const ACTIVE: &'static str = "active";

    /// Whether the day that is counted is an earlier one, so that nothing of this one is used.
    pub fn is_before(&self, day: &str) -> bool {
        self.day.as_deref().is_none_or(|counted| counted < day)
    }
}

/// A customer's item in the customer tiers table.
pub fn from_customer(key_hash: &str, customer: &Customer) -> Item {
    let usage = &customer.usage;
    let status = if customer.active { Customer::ACTIVE } else { "disabled" };
    let mut item = Item::from([
        ("apiKeyHash".into(), text(key_hash)),
        ("customerId".into(), text(usage.customer_id.as_str())),
        ("tier".into(), text(usage.tier.name())),
        ("status".into(), text(status)),
    ]);
    if let Some(day) = &customer.day {
        item.insert("day".into(), text(day));
        item.insert("requestsToday".into(), number(usage.used));
    }
    if let Some(key) = &usage.usage_key {
        item.insert("usageKey".into(), text(key));
    }
    item
}

/// The customer of an item.
pub fn to_customer(item: &Item) -> Result<Customer, StoreError> {
    let reader = Reader { table: "the customer tiers table", item };
    let used = reader.optional_number("requestsToday")?.unwrap_or(0);
    Ok(Customer {
        usage: Usage {
            customer_id: reader.parsed("customerId", CustomerId::parse)?,
            tier: Tier::named(reader.text("tier")?).ok_or_else(|| reader.wrong("tier", "no such tier"))?,
            used: u64::try_from(used).map_err(|_| reader.wrong("requestsToday", "negative"))?,
            usage_key: reader.optional_text("usageKey")?.map(str::to_owned),
        },
        active: reader.text("status")? == Customer::ACTIVE,
        day: reader.optional_text("day")?.map(str::to_owned),
    })
}

/// The key hash of a customer's item.
pub fn key_hash_of(item: &Item) -> Result<&str, StoreError> {
    Reader { table: "the customer tiers table", item }.text("apiKeyHash")
}

/// What somebody is called in an item. Items of the time before names had ids alone.
fn chat_name(reader: &Reader<'_>) -> Result<ChatName, StoreError> {
    let name = if reader.item.contains_key("username") { "username" } else { "userId" };
    reader.parsed(name, ChatName::parse)
}

/// A connection's item, with its time to live.
pub fn from_connection(connection: &Connection) -> Item {
    Item::from([
        ("connectionId".into(), text(connection.connection_id.as_str())),
        ("userId".into(), text(connection.user_id.as_str())),
        ("username".into(), text(connection.username.as_str())),
        ("roomId".into(), text(connection.room_id.as_str())),
        ("connectedAt".into(), number(connection.connected_at.millis())),
        ("ttl".into(), number(connection.expires_at().seconds())),
    ])
}

/// The connection of an item.
pub fn to_connection(item: &Item) -> Result<Connection, StoreError> {
    let reader = Reader { table: "the connections table", item };
    Ok(Connection {
        connection_id: reader.parsed("connectionId", ConnectionId::parse)?,
        user_id: reader.parsed("userId", ChatUserId::parse)?,
        username: chat_name(&reader)?,
        room_id: reader.parsed("roomId", RoomId::parse)?,
        connected_at: Timestamp::from_millis(reader.number("connectedAt")?),
    })
}

/// A message's item.
pub fn from_message(message: &ChatMessage) -> Item {
    Item::from([
        ("roomId".into(), text(message.room_id.as_str())),
        ("messageKey".into(), text(message.key())),
        ("messageId".into(), text(message.message_id.as_str())),
        ("userId".into(), text(message.user_id.as_str())),
        ("username".into(), text(message.username.as_str())),
        ("message".into(), text(message.text.as_str())),
        ("timestamp".into(), number(message.timestamp.millis())),
    ])
}

/// The message of an item.
pub fn to_message(item: &Item) -> Result<ChatMessage, StoreError> {
    let reader = Reader { table: "the messages table", item };
    Ok(ChatMessage {
        room_id: reader.parsed("roomId", RoomId::parse)?,
        message_id: reader.parsed("messageId", MessageId::parse)?,
        user_id: reader.parsed("userId", ChatUserId::parse)?,
        username: chat_name(&reader)?,
        text: reader.parsed("message", MessageText::parse)?,
        timestamp: Timestamp::from_millis(reader.number("timestamp")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_survives_the_table() {
        for age in [None, Some(Age::parse(36).unwrap())] {
            let details = UserDetails {
                username: Username::parse("ada").unwrap(),
                email: EmailAddress::parse("Ada@example.com").unwrap(),
                age,
            };
            let user = User::create(UserId::parse("u-1").unwrap(), details, Timestamp::from_millis(1_795_352_400_007));
            assert_eq!(to_user(&from_user(&user)), Ok(user));
        }
    }

    #[test]
    fn a_connection_and_a_message_survive_the_table() {
        let connection = Connection {
            connection_id: ConnectionId::parse("c=").unwrap(),
            user_id: ChatUserId::parse("u-1").unwrap(),
            username: ChatName::parse("Ada").unwrap(),
            room_id: RoomId::parse("lobby").unwrap(),
            connected_at: Timestamp::from_millis(5),
        };
        assert_eq!(to_connection(&from_connection(&connection)), Ok(connection));
        let message = ChatMessage {
            room_id: RoomId::parse("lobby").unwrap(),
            message_id: MessageId::parse("m").unwrap(),
            user_id: ChatUserId::parse("u-1").unwrap(),
            username: ChatName::parse("Ada").unwrap(),
            text: MessageText::parse("hi").unwrap(),
            timestamp: Timestamp::from_millis(5),
        };
        assert_eq!(to_message(&from_message(&message)), Ok(message));
    }

    #[test]
    fn a_token_and_a_customer_survive_the_table() {
        let token = ApiToken {
            hash: TokenHash::parse(&"0f".repeat(32)).unwrap(),
            user_id: UserId::parse("u-1").unwrap(),
            role: Role::Admin,
            name: Some(TokenName::parse("ci").unwrap()),
            created_at: Some(Timestamp::from_seconds(1)),
            last_used_at: None,
            expires_at: Timestamp::from_seconds(2),
        };
        assert_eq!(to_token(&from_token(&token)), Ok(token));
        for (day, used) in [(None, 0), (Some("2026-11-22".to_owned()), 7)] {
            let usage = Usage {
                customer_id: CustomerId::parse("acme").unwrap(),
                tier: Tier::Basic,
                used,
                usage_key: Some("k".into()),
            };
            let customer = Customer { usage, active: true, day };
            let item = from_customer("hash", &customer);
            assert_eq!((to_customer(&item), key_hash_of(&item)), (Ok(customer), Ok("hash")));
        }
    }

    #[test]
    fn a_bad_item_says_what_is_wrong_with_it() {
        let item = Item::from([("productId".into(), text("p")), ("name".into(), number(1))]);
        let Err(StoreError::Failed(reason)) = to_product(&item) else { panic!("taken") };
        assert_eq!(reason, "an item of the products table has a bad name: not a string");
    }
}
