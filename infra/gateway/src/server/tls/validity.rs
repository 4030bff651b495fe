//! Reads of a certificate (RFC 5280, section 4.1) what says whether it can go on being used.

use time::OffsetDateTime;
use yasna::models::ObjectIdentifier;
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag};

/// Name and key are in their encoded form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) subject: Vec<u8>,
    pub(super) public_key: Vec<u8>,
}

/// `None` if it is no certificate.
pub(super) fn read(der: &[u8]) -> Option<Facts> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            let facts = reader.next().read_sequence(|reader| {
                reader.next().read_tagged(Tag::context(0), |version| version.read_u8())?;
                let _serial = reader.next().read_der()?;
                let _algorithm = reader.next().read_der()?;
                let _issuer = reader.next().read_der()?;
                let (not_before, not_after) =
                    reader.next().read_sequence(|reader| Ok((read_time(reader.next())?, read_time(reader.next())?)))?;
                let subject = reader.next().read_der()?;
                let public_key = reader.next().read_der()?;
                let _extensions = reader.next().read_der()?;
                Ok(Facts { not_before, not_after, subject, public_key })
            })?;
            reader.next().read_sequence(|reader| {
                let _algorithm: ObjectIdentifier = reader.next().read_oid()?;
                Ok(())
            })?;
            let _signature = reader.next().read_bitvec_bytes()?;
            Ok(facts)
        })
    })
    .ok()
}

fn read_time(reader: BERReader<'_, '_>) -> ASN1Result<OffsetDateTime> {
    match reader.lookahead_tag()? {
        TAG_UTCTIME => Ok(*reader.read_utctime()?.datetime()),
        TAG_GENERALIZEDTIME => Ok(*reader.read_generalized_time()?.datetime()),
        _ => Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
    }
}
