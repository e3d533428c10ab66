//! The tree of RFC 6962, section 2.1, over SHA-256: roots, proofs and their verification.

use sha2::{Digest, Sha256};

use super::error::TransparencyError;

/// The hash of a leaf, a node or a root.
pub type TreeHash = [u8; 32];

/// Leaves that a tree may have: far from where sums of sizes overflow.
const MAX_SIZE: u64 = 1 << 62;

/// The hash of a leaf, given in parts: `SHA-256(0x00 ‖ parts)`.
#[must_use]
pub fn leaf_hash(parts: &[&[u8]]) -> TreeHash {
    let mut hash = Sha256::new_with_prefix([0]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty_root() -> TreeHash {
    Sha256::digest([]).into()
}

fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    Sha256::new_with_prefix([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// A tree that grows: its size, and the roots of its complete subtrees, of which there are at most 62.
///
/// That is all that is needed to go on, so it can be stored and taken up again ([`Self::to_bytes`]). Proofs need the leaves again:
/// see [`Prover`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Roots of complete subtrees, the largest first; one for each bit that is set in `size`.
    peaks: Vec<TreeHash>,
}

impl Tree {
    /// Makes a tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, by its hash.
    pub fn push(&mut self, leaf: &TreeHash) {
        let mut hash = *leaf;
        let mut complete = self.size;
        while complete & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            complete >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        let mut peaks = self.peaks.iter().rev();
        peaks.next().map_or_else(empty_root, |smallest| {
            peaks.fold(*smallest, |right, left| node_hash(left, &right))
        })
    }

    /// The tree as octets: `u64(size)`, then the roots of its complete subtrees, the largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut octets = self.size.to_be_bytes().to_vec();
        octets.extend_from_slice(self.peaks.as_flattened());
        octets
    }

    /// Takes up a tree from what [`Self::to_bytes`] gave. The hashes are taken as they are: whoever does not trust where they lay compares
    /// [`Self::root`] with a checkpoint.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`] if the octets have another length than the size says, or a size over 2^62.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, TransparencyError> {
        const MALFORMED: TransparencyError = TransparencyError::Malformed("state of a tree");
        let (size, hashes) = octets.split_first_chunk().ok_or(MALFORMED)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = hashes.as_chunks();
        let expected = usize::try_from(size.count_ones()).map_err(|_| MALFORMED)?;
        if size > MAX_SIZE || !rest.is_empty() || peaks.len() != expected {
            return Err(MALFORMED);
        }
        Ok(Self {
            size,
            peaks: peaks.to_vec(),
        })
    }
}

/// Gathers the hashes of one proof while leaves pass by, so that a log of any length is proven in memory for 62 hashes.
///
/// A proof consists of roots of runs of leaves that do not overlap: each is a tree of its own while its leaves pass.
#[derive(Clone, Debug)]
pub struct Prover {
    runs: Vec<Run>,
    given: u64,
    needed: u64,
}

#[derive(Clone, Debug)]
struct Run {
    start: u64,
    end: u64,
    tree: Tree,
}

impl Prover {
    /// Makes a prover that leaf `index`, counted from 0, is in the tree over the first `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// [`TransparencyError::OutOfRange`] if it is not, or the size is over 2^62.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, TransparencyError> {
        if index >= size || size > MAX_SIZE {
            return Err(TransparencyError::OutOfRange { asked: index, size });
        }
        let mut runs = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                runs.push((middle, end));
                end = middle;
            } else {
                runs.push((start, middle));
                start = middle;
            }
        }
        Ok(Self::of(runs))
    }

    /// Makes a prover that the tree over the first `from` leaves is the beginning of that over the first `to` (RFC 6962, section 2.1.2).
    ///
    /// # Errors
    /// [`TransparencyError::OutOfRange`] if `from` is larger than `to`, or `to` over 2^62.
    pub fn consistency(from: u64, to: u64) -> Result<Self, TransparencyError> {
        if from > to || to > MAX_SIZE {
            return Err(TransparencyError::OutOfRange {
                asked: from,
                size: to,
            });
        }
        let mut runs = Vec::new();
        let (mut start, mut end) = (0, to);
        // Whoever verifies has the root of the smaller tree already.
        let mut is_known = true;
        while from > 0 && from != end {
            let middle = start + split(end - start);
            if from <= middle {
                runs.push((middle, end));
                end = middle;
            } else {
                runs.push((start, middle));
                start = middle;
                is_known = false;
            }
        }
        if !is_known {
            runs.push((start, end));
        }
        Ok(Self::of(runs))
    }

    /// Takes runs in the order from the root down; a proof has them the other way round.
    fn of(runs: Vec<(u64, u64)>) -> Self {
        Self {
            needed: runs.iter().map(|(_, end)| *end).max().unwrap_or(0),
            runs: runs
                .into_iter()
                .rev()
                .map(|(start, end)| Run {
                    start,
                    end,
                    tree: Tree::new(),
                })
                .collect(),
            given: 0,
        }
    }

    /// Takes the hash of the next leaf; the first is that of leaf 0. Leaves that no proof needs are passed over.
    pub fn push(&mut self, leaf: &TreeHash) {
        let given = self.given;
        if let Some(run) = self
            .runs
            .iter_mut()
            .find(|run| run.start <= given && given < run.end)
        {
            run.tree.push(leaf);
        }
        self.given = given.saturating_add(1);
    }

    /// The hashes of the proof, in the order of RFC 6962.
    ///
    /// # Errors
    /// [`TransparencyError::LeavesMissing`] if not every leaf passed by that it needs.
    pub fn finish(self) -> Result<Vec<TreeHash>, TransparencyError> {
        if self.given < self.needed {
            return Err(TransparencyError::LeavesMissing {
                needed: self.needed,
                given: self.given,
            });
        }
        Ok(self.runs.iter().map(|run| run.tree.root()).collect())
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Verifies that the leaf of hash `leaf` is number `index`, counted from 0, in the tree of `size` leaves with this `root`
/// (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`TransparencyError::OutOfRange`] if the tree has no such leaf; [`TransparencyError::NotProven`] if the proof does not show it.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &TreeHash,
    proof: &[TreeHash],
    root: &TreeHash,
) -> Result<(), TransparencyError> {
    if index >= size {
        return Err(TransparencyError::OutOfRange { asked: index, size });
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(TransparencyError::NotProven);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 && hash == *root {
        Ok(())
    } else {
        Err(TransparencyError::NotProven)
    }
}

/// Verifies that the tree of `from` leaves with root `from_root` is the beginning of the tree of `to` leaves with root `to_root`
/// (RFC 9162, section 2.1.4.2). The empty tree is the beginning of every tree.
///
/// # Errors
/// [`TransparencyError::OutOfRange`] if `from` is larger than `to`; [`TransparencyError::NotProven`] if the proof does not show it.
pub fn verify_consistency(
    from: u64,
    to: u64,
    proof: &[TreeHash],
    from_root: &TreeHash,
    to_root: &TreeHash,
) -> Result<(), TransparencyError> {
    let shown = |is_so: bool| is_so.then_some(()).ok_or(TransparencyError::NotProven);
    if from > to {
        return Err(TransparencyError::OutOfRange {
            asked: from,
            size: to,
        });
    }
    if from == to {
        return shown(proof.is_empty() && from_root == to_root);
    }
    if from == 0 {
        return shown(proof.is_empty() && *from_root == empty_root());
    }
    let (first, rest) = if from.is_power_of_two() {
        (from_root, proof)
    } else {
        proof.split_first().ok_or(TransparencyError::NotProven)?
    };
    let (mut at, mut last) = (from - 1, to - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut from_hash, mut to_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(TransparencyError::NotProven);
        }
        if at & 1 == 1 || at == last {
            from_hash = node_hash(sibling, &from_hash);
            to_hash = node_hash(sibling, &to_hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            to_hash = node_hash(&to_hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    shown(last == 0 && from_hash == *from_root && to_hash == *to_root)
}
