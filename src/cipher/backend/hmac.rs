//! HMAC (RFC 2104) from two hash states that are made once a key.
//!
//! ```text
//!  key ──► Midstates          after key XOR ipad, and after key XOR opad
//!             │
//!  Message ───┴─► mac         head ‖ AAD ‖ ciphertext, whose whole blocks are hashed where they lie
//! ```
//!
//! No branch and no address depends on anything but lengths.

use zeroize::{Zeroize, ZeroizeOnDrop, optimization_barrier};

use super::sha::Sha2;

/// Octets before the AAD of a frame: three lengths and the nonce.
pub(super) const FRAME_HEAD: usize = 36;

/// What is authenticated, in three parts of which the first is short: RFC 9605 section 4.5.1.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a, const HEAD: usize = FRAME_HEAD> {
    head: [u8; HEAD],
    aad: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Message<'a> {
    /// u64 AAD length ‖ u64 ciphertext length ‖ u64 tag length ‖ nonce ‖ AAD ‖ ciphertext, with lengths in octets.
    #[inline]
    pub(crate) fn frame(
        tag_len: usize,
        nonce: &[u8; 12],
        aad: &'a [u8],
        ciphertext: &'a [u8],
    ) -> Self {
        let mut head = [0; FRAME_HEAD];
        head[..8].copy_from_slice(&(aad.len() as u64).to_be_bytes());
        head[8..16].copy_from_slice(&(ciphertext.len() as u64).to_be_bytes());
        head[16..24].copy_from_slice(&(tag_len as u64).to_be_bytes());
        head[24..].copy_from_slice(nonce);
        Self {
            head,
            aad,
            ciphertext,
        }
    }
}

impl<'a> Message<'a, 0> {
    /// `octets` and nothing else.
    pub(crate) fn bare(octets: &'a [u8]) -> Self {
        Self {
            head: [],
            aad: &[],
            ciphertext: octets,
        }
    }
}

/// Most blocks that are copied together at once.
pub(super) const ASSEMBLED: usize = 4;

/// Blocks copied together.
pub(super) type Assembled<H> = [<H as Sha2>::Block; ASSEMBLED];

/// How a [`Message`] divides into blocks, padded (FIPS 180-4 section 5.1): `front` of them are copied together, the next lie in
/// the ciphertext, and what follows is copied together again.
pub(super) struct Layout<'a, H: Sha2> {
    front: usize,
    in_place: &'a [H::Block],
    count: usize,
}

impl<'a, H: Sha2> Layout<'a, H> {
    #[inline]
    pub(super) fn new<const HEAD: usize>(message: &Message<'a, HEAD>) -> Self {
        const { assert!(HEAD < H::BLOCK_LEN, "the head is in the first block") };
        let before = HEAD + message.aad.len();
        let front = before.div_ceil(H::BLOCK_LEN);
        let skipped = front * H::BLOCK_LEN - before;
        let in_place = match message.ciphertext.get(skipped..) {
            Some(octets) => H::blocks(octets).0,
            None => &[],
        };
        let len = before + message.ciphertext.len();
        Self {
            front,
            in_place,
            count: (len + H::LENGTH_LEN) / H::BLOCK_LEN + 1,
        }
    }

    /// How many blocks there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The next blocks from `at` on, at least one unless `at` is their end: where they lie, or else copied to `assembled`.
    ///
    /// `before` octets were hashed before the first.
    #[inline]
    pub(super) fn next<'b, const HEAD: usize>(
        &self,
        message: &Message<'_, HEAD>,
        before: usize,
        at: usize,
        assembled: &'b mut Assembled<H>,
    ) -> &'b [H::Block]
    where
        'a: 'b,
    {
        let left = self.count - at;
        if left > ASSEMBLED
            && let Some(at) = at.checked_sub(self.front)
            && let Some(blocks) = self.in_place.get(at..)
            && !blocks.is_empty()
        {
            return blocks;
        }
        let wanted = if left > ASSEMBLED { 1 } else { left };
        let blocks = &mut assembled[..wanted];
        message.assemble::<H>(before, at, left == wanted, blocks);
        blocks
    }
}

impl<const HEAD: usize> Message<'_, HEAD> {
    /// Writes the padded message from block `at` on, up to its end if it `ends` there.
    #[inline]
    fn assemble<H: Sha2>(&self, before: usize, at: usize, ends: bool, blocks: &mut [H::Block]) {
        let octets = H::octets(blocks);
        let (start, end) = (at * H::BLOCK_LEN, octets.len());
        let mut filled = 0;
        if at == 0 {
            octets[..HEAD].copy_from_slice(&self.head);
            filled = HEAD;
        }
        let mut len = HEAD;
        for part in [self.aad, self.ciphertext] {
            if let Some(from) = (start + filled).checked_sub(len)
                && let Some(rest) = part.get(from..)
            {
                let taken = rest.len().min(end - filled);
                octets[filled..][..taken].copy_from_slice(&rest[..taken]);
                filled += taken;
            }
            len += part.len();
        }
        if let Some((first, padding)) = octets[filled..].split_first_mut() {
            *first = if start + filled == len { 0x80 } else { 0 };
            padding.fill(0);
        }
        if ends {
            let bits = 8 * (before + len) as u64;
            octets[end - 8..].copy_from_slice(&bits.to_be_bytes());
        }
    }
}

/// Hashes the blocks of `message` from `at` on into `state`, `before` octets after the start.
#[inline]
fn hash<H: Sha2, const HEAD: usize>(
    state: &mut [H::Word; 8],
    before: usize,
    message: &Message<'_, HEAD>,
    layout: &Layout<'_, H>,
    mut at: usize,
) {
    let mut assembled = [H::ZEROS; ASSEMBLED];
    while at < layout.count {
        let blocks = layout.next(message, before, at, &mut assembled);
        H::compress(state, blocks);
        at += blocks.len();
    }
}

/// HMAC after its two key blocks: a frame copies both and never rekeys.
///
/// Who knows them can authenticate as who knows the key; they are wiped on drop.
pub(crate) struct Midstates<H: Sha2> {
    inner: [H::Word; 8],
    outer: [H::Word; 8],
}

impl<H: Sha2> Midstates<H> {
    /// Takes a key of any length, RFC 2104 section 2.
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = H::ZEROS;
        if key.len() > H::BLOCK_LEN {
            let mut state = H::INITIAL;
            let message = Message::bare(key);
            hash::<H, 0>(&mut state, 0, &message, &Layout::new(&message), 0);
            let mut digest = H::digest(&state);
            block.as_mut()[..digest.as_ref().len()].copy_from_slice(digest.as_ref());
            digest.as_mut().zeroize();
            state.zeroize();
        } else {
            block.as_mut()[..key.len()].copy_from_slice(key);
        }
        let mut midstates = Self {
            inner: H::INITIAL,
            outer: H::INITIAL,
        };
        for (state, pad) in [
            (&mut midstates.inner, 0x36),
            (&mut midstates.outer, 0x36 ^ 0x5C),
        ] {
            for octet in block.as_mut() {
                *octet ^= pad;
            }
            H::compress(state, std::slice::from_ref(&block));
        }
        block.as_mut().zeroize();
        midstates
    }

    /// The whole MAC of one message.
    #[inline]
    pub(crate) fn mac<const HEAD: usize>(&self, message: &Message<'_, HEAD>) -> H::Digest {
        self.finish(message, &Layout::new(message), 0, self.inner)
    }

    /// The whole MAC, from the state before block `at`.
    #[inline]
    pub(super) fn finish<const HEAD: usize>(
        &self,
        message: &Message<'_, HEAD>,
        layout: &Layout<'_, H>,
        at: usize,
        mut state: [H::Word; 8],
    ) -> H::Digest {
        hash(&mut state, H::BLOCK_LEN, message, layout, at);
        let mut block = H::ZEROS;
        outer_block::<H>(&state, &mut block);
        state = self.outer;
        H::compress(&mut state, std::slice::from_ref(&block));
        let digest = H::digest(&state);
        // The inner digest and what was the key's. What a compression function or the compiler spills is not reached here, as
        // with every cipher.
        block = H::ZEROS;
        state = H::INITIAL;
        optimization_barrier(&block);
        optimization_barrier(&state);
        digest
    }

    #[inline]
    pub(super) fn inner(&self) -> &[H::Word; 8] {
        &self.inner
    }

    #[inline]
    pub(super) fn outer(&self) -> &[H::Word; 8] {
        &self.outer
    }
}

impl<H: Sha2> Drop for Midstates<H> {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl<H: Sha2> ZeroizeOnDrop for Midstates<H> {}

/// Writes the only block that follows the outer key block: the inner digest, padded.
#[inline]
pub(super) fn outer_block<H: Sha2>(inner: &[H::Word; 8], block: &mut H::Block) {
    let digest = H::digest(inner);
    let digest = digest.as_ref();
    *block = H::ZEROS;
    let octets = block.as_mut();
    octets[..digest.len()].copy_from_slice(digest);
    octets[digest.len()] = 0x80;
    let bits = 8 * (H::BLOCK_LEN + digest.len()) as u64;
    octets[H::BLOCK_LEN - 8..].copy_from_slice(&bits.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use ::hmac::{Hmac, KeyInit, Mac};
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::cipher::backend::sha::{Sha256, Sha512};

    fn mac<H: Sha2>(key: &[u8], message: &[u8]) -> String {
        HEXLOWER.encode(
            Midstates::<H>::new(key)
                .mac(&Message::bare(message))
                .as_ref(),
        )
    }

    #[test]
    fn rfc_4231_section_4_2() {
        let (key, message) = ([0x0B; 20], b"Hi There");
        assert_eq!(
            mac::<Sha256>(&key, message),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            mac::<Sha512>(&key, message),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        );
    }

    #[test]
    fn rfc_4231_section_4_3() {
        let (key, message) = (b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            mac::<Sha256>(key, message),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            mac::<Sha512>(key, message),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        );
    }

    #[test]
    fn rfc_4231_section_4_7_with_a_key_longer_than_a_block() {
        let key = [0xAA; 131];
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            mac::<Sha256>(&key, message),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert_eq!(
            mac::<Sha512>(&key, message),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
             6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
        );
    }

    /// Every place where a block may end: in the AAD, in the ciphertext, between them, and in the padding.
    fn frames_of_every_length<H: Sha2, P: Mac + KeyInit>() {
        let octets: Vec<u8> = (0..=255).cycle().take(1100).collect();
        let key = &octets[7..71];
        let midstates = Midstates::<H>::new(key);
        let nonce = octets[100..].first_chunk().unwrap();
        for aad_len in [0, 1, 10, 27, 28, 29, 91, 92, 93, 155, 156, 157, 1000] {
            for len in 0..600 {
                let (aad, ciphertext) = (&octets[..aad_len], &octets[500..][..len]);
                let mut peer = <P as KeyInit>::new_from_slice(key).unwrap();
                for len in [aad_len, len, 8] {
                    peer.update(&u64::try_from(len).unwrap().to_be_bytes());
                }
                peer.update(nonce);
                peer.update(aad);
                peer.update(ciphertext);
                let computed = midstates.mac(&Message::frame(8, nonce, aad, ciphertext));
                assert_eq!(
                    computed.as_ref(),
                    &peer.finalize().into_bytes()[..],
                    "{aad_len} octets of AAD, {len} of ciphertext"
                );
            }
        }
    }

    #[test]
    fn frames_of_every_length_agree_with_another_implementation() {
        frames_of_every_length::<Sha256, Hmac<sha2::Sha256>>();
        frames_of_every_length::<Sha512, Hmac<sha2::Sha512>>();
    }
}
