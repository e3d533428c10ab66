//! Somebody whose frames are recorded under a key that the recorder does not have.

use mediaseal::vault::grant::{SessionGrant, SessionKey, Signer};
use mediaseal::{
    BaseKey, ChannelEncryptor, CheckedCipher, CounterOrigin, KeyId, KeyStore, Media, Mode, SenderId,
};

use crate::support::People;

/// A sender with a session, who grants it.
pub(crate) struct Sender {
    pub(crate) id: SenderId,
    pub(crate) signer: Signer,
    pub(crate) grant: SessionGrant,
    pub(crate) encryptor: ChannelEncryptor,
}

impl Sender {
    pub(crate) fn new(people: &People, cipher: &CheckedCipher, kid: u64, name: &str) -> Self {
        let (base_key, kid) = (BaseKey::generate().unwrap(), KeyId::new(kid));
        let id = SenderId::new(name).unwrap();
        let store = KeyStore::raw_with(cipher).unwrap();
        store
            .add_send(base_key.duplicate(), kid, CounterOrigin::FreshKey)
            .unwrap();
        store.activate(kid).unwrap();
        let signer = Signer::generate().unwrap();
        let session = SessionKey::raw(
            cipher.suite(),
            kid,
            id.clone(),
            Media::UNSPECIFIED,
            base_key,
        );
        let owners = [people.owner.recipient().clone()];
        Self {
            id,
            grant: SessionGrant::seal(session, &owners, &signer).unwrap(),
            signer,
            encryptor: ChannelEncryptor::new(&store, Mode::Frame).unwrap(),
        }
    }
}
