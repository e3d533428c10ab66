//! When the data plane has to look at a channel anew: at changes, and at no other tick.

use crate::{ChannelConfig, ChannelKey, ChannelStore, NewGeneration};

const NOW: u64 = 1_800_000_000;

#[test]
fn a_tick_that_changes_nothing_publishes_nothing() {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("room").unwrap().with_clock();
    let channel = store.channel(config).unwrap();
    let key = |octet| ChannelKey::from_slice(&[octet; 32]).unwrap();
    channel.stage(NewGeneration::new(1, key(1))).unwrap();
    store.tick(NOW).unwrap();
    channel.activate(1).unwrap();
    let is_published = |change: &dyn Fn()| {
        let before = channel.version();
        change();
        channel.version() != before
    };
    for second in 1..3600 {
        assert!(!is_published(&|| store.tick(NOW + second).unwrap()));
    }
    assert!(is_published(&|| store.tick(NOW + 3600).unwrap()), "an hour");
    assert!(is_published(&|| {
        let late = NewGeneration::new(2, key(2)).opens_at(NOW + 3660);
        channel.stage(late).unwrap();
    }));
    assert!(!is_published(&|| store.tick(NOW + 3659).unwrap()));
    assert!(is_published(&|| store.tick(NOW + 3660).unwrap()), "opens");
    assert!(is_published(&|| channel.advance_to(1, 1).unwrap()));
    assert!(!is_published(&|| store.tick(NOW + 3661).unwrap()), "grace");
    assert!(is_published(&|| store.tick(NOW + 3671).unwrap()), "its end");
    assert!(is_published(&|| store.renew_sessions().unwrap()));
}
