//! Trees, notes, checkpoints and proofs against published vectors, and against the definitions of RFC 6962 written down once more.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64ct::{Base64, Encoding};
use data_encoding::HEXLOWER;
use mediaseal::vault::grant::Signer;
use mediaseal::vault::transparency::{
    Checkpoint, InclusionProof, Prover, SignedNote, TransparencyError, Tree, TreeHash, VerifierKey,
    empty_root, leaf_hash, sign_note, split_checkpoints, verify_consistency, verify_inclusion,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/transparency.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn octets(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).unwrap()
}

fn hash(value: &Value) -> TreeHash {
    octets(value).try_into().unwrap()
}

fn hashes(value: &Value) -> Vec<TreeHash> {
    list(value).iter().map(hash).collect()
}

/// MTH of RFC 6962, as it stands there.
fn reference_root(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(k);
            Sha256::new_with_prefix([1])
                .chain_update(reference_root(left))
                .chain_update(reference_root(right))
                .finalize()
                .into()
        }
    }
}

/// PATH of RFC 6962.
fn reference_path(m: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if m < k {
        (reference_path(m, left), right)
    } else {
        (reference_path(m - k, right), left)
    };
    path.push(reference_root(sibling));
    path
}

/// SUBPROOF of RFC 6962.
fn reference_subproof(m: usize, leaves: &[TreeHash], is_whole: bool) -> Vec<TreeHash> {
    if m == leaves.len() {
        return if is_whole {
            Vec::new()
        } else {
            vec![reference_root(leaves)]
        };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (reference_subproof(m, left, is_whole), right)
    } else {
        (reference_subproof(m - k, right, false), left)
    };
    proof.push(reference_root(sibling));
    proof
}

fn run(mut prover: Prover, leaves: &[TreeHash]) -> Vec<TreeHash> {
    leaves.iter().for_each(|leaf| prover.push(leaf));
    prover.finish().unwrap()
}

#[test]
fn published_trees_and_proofs() {
    let vectors = &vectors()["rfc6962"];
    let leaves: Vec<TreeHash> = list(&vectors["leaves"])
        .iter()
        .map(|leaf| leaf_hash(&[&octets(leaf)]))
        .collect();
    let roots = hashes(&vectors["roots"]);
    assert_eq!(empty_root(), hash(&vectors["empty_root"]));
    let mut tree = Tree::new();
    assert_eq!(tree.root(), empty_root());
    for (leaf, root) in leaves.iter().zip(&roots) {
        tree.push(leaf);
        assert_eq!(tree.root(), *root);
    }
    let number = |case: &Value, name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
    let inclusion = list(&vectors["inclusion"]);
    for case in inclusion {
        let (index, size) = (number(case, "leaf") - 1, number(case, "size"));
        let proof = hashes(&case["proof"]);
        let prover = Prover::inclusion(index as u64, size as u64).unwrap();
        assert_eq!(run(prover, &leaves), proof);
        let root = &roots[size - 1];
        verify_inclusion(index as u64, size as u64, &leaves[index], &proof, root).unwrap();
    }
    let consistency = list(&vectors["consistency"]);
    for case in consistency {
        let (from, to) = (number(case, "from"), number(case, "to"));
        let proof = hashes(&case["proof"]);
        let prover = Prover::consistency(from as u64, to as u64).unwrap();
        assert_eq!(run(prover, &leaves), proof);
        verify_consistency(
            from as u64,
            to as u64,
            &proof,
            &roots[from - 1],
            &roots[to - 1],
        )
        .unwrap();
    }
    let count = roots.len() + inclusion.len() + consistency.len();
    println!("vectors: Certificate Transparency trees: {count}");
}

/// Leaves that all differ.
fn some_leaves(count: u32) -> Vec<TreeHash> {
    (0..count)
        .map(|number| leaf_hash(&[&number.to_be_bytes()]))
        .collect()
}

#[test]
fn trees_and_proofs_of_every_size_are_those_of_the_rfc() {
    let leaves = some_leaves(67);
    let mut tree = Tree::new();
    for size in 1..=leaves.len() {
        tree.push(&leaves[size - 1]);
        let root = reference_root(&leaves[..size]);
        assert_eq!(tree.root(), root);
        assert_eq!(Tree::from_bytes(&tree.to_bytes()).unwrap(), tree);
        for index in 0..size {
            let (i, n) = (index as u64, size as u64);
            let proof = run(Prover::inclusion(i, n).unwrap(), &leaves);
            assert_eq!(proof, reference_path(index, &leaves[..size]));
            verify_inclusion(i, n, &leaves[index], &proof, &root).unwrap();
        }
        for from in 0..=size {
            let (m, n) = (from as u64, size as u64);
            let proof = run(Prover::consistency(m, n).unwrap(), &leaves);
            if from > 0 {
                assert_eq!(proof, reference_subproof(from, &leaves[..size], true));
            }
            let smaller = reference_root(&leaves[..from]);
            verify_consistency(m, n, &proof, &smaller, &root).unwrap();
        }
    }
}

/// Proofs like `proof`, and not it: an octet changed, one hash more or less, two in each other's place.
fn altered(proof: &[TreeHash]) -> Vec<Vec<TreeHash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at][at % 32] ^= 4;
        all.push(changed);
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut swapped = proof.to_vec();
        swapped.swap(at, (at + 1) % proof.len());
        if swapped != proof {
            all.push(swapped);
        }
    }
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, [7; 32]);
        all.push(longer);
    }
    all
}

#[test]
fn nothing_but_the_proof_proves() {
    let leaves = some_leaves(21);
    for size in 1..=21_u64 {
        let all = &leaves[..usize::try_from(size).unwrap()];
        let root = reference_root(all);
        for (index, leaf) in (0..size).zip(all) {
            let proof = run(Prover::inclusion(index, size).unwrap(), all);
            let wrong = |index, size, leaf: &TreeHash, proof: &[TreeHash], root: &TreeHash| {
                assert!(verify_inclusion(index, size, leaf, proof, root).is_err());
            };
            for other in (0..size + 2).filter(|other| *other != index) {
                wrong(other, size, leaf, &proof, &root);
            }
            wrong(index, size, &[0; 32], &proof, &root);
            wrong(index, size, leaf, &proof, &[0; 32]);
            for other in altered(&proof) {
                wrong(index, size, leaf, &other, &root);
            }
        }
        for from in 1..=size {
            let first = &all[..usize::try_from(from).unwrap()];
            let from_root = reference_root(first);
            let proof = run(Prover::consistency(from, size).unwrap(), all);
            let wrong = |from, proof: &[TreeHash], from_root: &TreeHash, root: &TreeHash| {
                assert!(verify_consistency(from, size, proof, from_root, root).is_err());
            };
            for other in (0..size + 2).filter(|other| *other != from) {
                wrong(other, &proof, &from_root, &root);
            }
            wrong(from, &proof, &[0; 32], &root);
            wrong(from, &proof, &from_root, &[0; 32]);
            if from != size {
                wrong(from, &proof, &root, &from_root);
            }
            for other in altered(&proof) {
                wrong(from, &other, &from_root, &root);
            }
        }
    }
}

#[test]
fn a_million_leaves_are_proven_by_twenty_hashes() {
    const SIZE: u64 = 1_000_000;
    let indices = [0, 1, 524_287, 524_288, 777_777, 983_040, SIZE - 1];
    let mut provers = indices.map(|index| Prover::inclusion(index, SIZE).unwrap());
    let mut longer = Prover::consistency(654_321, SIZE).unwrap();
    let (mut tree, mut root_before) = (Tree::new(), empty_root());
    let mut leaves = [TreeHash::default(); 7];
    for number in 0..SIZE {
        let leaf = leaf_hash(&[&number.to_be_bytes()]);
        if let Some(at) = indices.iter().position(|index| *index == number) {
            leaves[at] = leaf;
        }
        provers.iter_mut().for_each(|prover| prover.push(&leaf));
        longer.push(&leaf);
        tree.push(&leaf);
        if tree.size() == 654_321 {
            root_before = tree.root();
        }
    }
    let root = tree.root();
    assert!(
        tree.to_bytes().len() <= 8 + 20 * 32,
        "what is kept to go on"
    );
    for ((index, prover), leaf) in indices.into_iter().zip(provers).zip(leaves) {
        let proof = prover.finish().unwrap();
        assert!(proof.len() <= 20, "{index}: {} hashes", proof.len());
        verify_inclusion(index, SIZE, &leaf, &proof, &root).unwrap();
    }
    let proof = longer.finish().unwrap();
    assert!(proof.len() <= 21);
    verify_consistency(654_321, SIZE, &proof, &root_before, &root).unwrap();
}

#[test]
fn what_no_tree_has_is_out_of_range() {
    let out_of_range = |error| matches!(error, TransparencyError::OutOfRange { .. });
    assert!(out_of_range(Prover::inclusion(0, 0).unwrap_err()));
    assert!(out_of_range(Prover::inclusion(3, 3).unwrap_err()));
    assert!(out_of_range(Prover::inclusion(0, u64::MAX).unwrap_err()));
    assert!(out_of_range(Prover::consistency(4, 3).unwrap_err()));
    assert!(out_of_range(Prover::consistency(4, u64::MAX).unwrap_err()));
    assert!(out_of_range(
        verify_inclusion(0, 0, &[0; 32], &[], &[0; 32]).unwrap_err()
    ));
    let prover = Prover::inclusion(0, 1 << 40).unwrap();
    assert_eq!(
        prover.finish().unwrap_err(),
        TransparencyError::LeavesMissing {
            needed: 1 << 40,
            given: 0
        }
    );
}

#[test]
fn the_state_of_a_tree_is_read_strictly() {
    let mut tree = Tree::new();
    some_leaves(11).iter().for_each(|leaf| tree.push(leaf));
    let octets = tree.to_bytes();
    assert_eq!(octets.len(), 8 + 3 * 32);
    for len in 0..octets.len() {
        assert!(Tree::from_bytes(&octets[..len]).is_err(), "{len}");
    }
    assert!(Tree::from_bytes(&[octets.as_slice(), &[0]].concat()).is_err());
    assert!(Tree::from_bytes(&[0xff; 8 + 64 * 32]).is_err());
}

const PETER: usize = 0;
const ENOCH: usize = 1;

#[test]
fn published_notes() {
    let vectors = &vectors()["signed_note"];
    let body = text(&vectors["text"]);
    let keys: Vec<VerifierKey> = list(&vectors["keys"])
        .iter()
        .map(|key| text(key).parse().unwrap())
        .collect();
    let lines: Vec<&str> = list(&vectors["signatures"]).iter().map(text).collect();
    for (key, published) in keys.iter().zip(list(&vectors["keys"])) {
        assert_eq!(key.to_string(), text(published));
    }
    // Ed25519 is deterministic: the note that is signed is the published one.
    let seed = text(&vectors["signing_key"]).splitn(5, '+').nth(4).unwrap();
    let seed: [u8; 33] = Base64::decode_vec(seed).unwrap().try_into().unwrap();
    let signing = Signer::from_bytes(seed[1..].try_into().unwrap());
    let by_peter = format!("{body}\n{}", lines[PETER]);
    assert_eq!(sign_note(body, "PeterNeumann", &signing).unwrap(), by_peter);

    let both = format!("{body}\n{}{}", lines[PETER], lines[ENOCH]);
    let opened = |note: &str, known: &[&VerifierKey]| {
        SignedNote::parse(note.as_bytes()).and_then(|note| note.verify(known).map(str::to_owned))
    };
    assert_eq!(opened(&both, &[&keys[PETER]]).unwrap(), body);
    assert_eq!(opened(&both, &[&keys[ENOCH]]).unwrap(), body);
    assert_eq!(opened(&both, &[&keys[PETER], &keys[ENOCH]]).unwrap(), body);
    assert_eq!(opened(&both, &[]), Err(TransparencyError::NotSigned));
    assert_eq!(
        opened(&by_peter, &[&keys[ENOCH]]),
        Err(TransparencyError::NotSigned)
    );
    // One that fails spoils the note, whatever others say.
    let line = lines[PETER];
    let spoilt = format!("{body}\n{}{}ABCD{}", lines[ENOCH], &line[..60], &line[60..]);
    assert_eq!(
        opened(&spoilt, &[&keys[PETER], &keys[ENOCH]]),
        Err(TransparencyError::BadSignature)
    );
    let bad_keys = list(&vectors["bad_keys"]);
    for key in bad_keys {
        assert!(text(key).parse::<VerifierKey>().is_err());
    }
    let bad_notes = list(&vectors["bad_notes"]);
    for note in bad_notes {
        assert!(SignedNote::parse(text(note).as_bytes()).is_err(), "{note}");
    }
    let not_utf8 = [b"\xff", by_peter.as_bytes()].concat();
    assert!(SignedNote::parse(&not_utf8).is_err());
    let many = format!("{body}\n{}", line.repeat(65));
    assert!(SignedNote::parse(many.as_bytes()).is_err());
    println!(
        "vectors: golang.org/x/mod signed notes: {}",
        4 + bad_keys.len() + bad_notes.len()
    );
}

#[test]
fn no_part_of_a_verifier_key_is_one() {
    let vectors = vectors();
    let key = text(&vectors["signed_note"]["keys"][PETER]);
    for start in 0..key.len() {
        for end in start + 1..=key.len() {
            let part = &key[start..end];
            assert_eq!(part.parse::<VerifierKey>().is_ok(), part == key, "{part}");
        }
    }
    for at in 0..key.len() {
        for bit in 0..7 {
            let mut changed = key.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
        }
    }
}

fn signing_key() -> Signer {
    Signer::from_bytes(&[9; 32])
}

fn a_log() -> (Vec<TreeHash>, Tree, String, VerifierKey) {
    let leaves = some_leaves(300);
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    let note = Checkpoint::of("example.com/log", &tree)
        .sign(&signing_key())
        .unwrap();
    let key = VerifierKey::new("example.com/log", signing_key().public()).unwrap();
    (leaves, tree, note, key)
}

#[test]
fn a_checkpoint_with_any_octet_changed_or_missing_is_refused() {
    let (_, tree, note, key) = a_log();
    let opened = Checkpoint::open(note.as_bytes(), &key).unwrap();
    assert_eq!((opened.size, opened.root), (300, tree.root()));
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            assert!(Checkpoint::open(&changed, &key).is_err(), "octet {at}");
        }
        assert!(Checkpoint::open(&note.as_bytes()[..at], &key).is_err());
    }
    // Another origin signed by the same key; another key of the same name.
    let other = VerifierKey::new("example.com/other", signing_key().public()).unwrap();
    assert_eq!(
        Checkpoint::open(note.as_bytes(), &other),
        Err(TransparencyError::NotSigned)
    );
    let renamed = sign_note(&opened.to_text(), "example.com/other", &signing_key()).unwrap();
    assert_eq!(
        Checkpoint::open(renamed.as_bytes(), &other),
        Err(TransparencyError::OtherOrigin)
    );
    let stranger = Signer::from_bytes(&[8; 32]);
    let stranger = VerifierKey::new("example.com/log", stranger.public()).unwrap();
    assert_eq!(
        Checkpoint::open(note.as_bytes(), &stranger),
        Err(TransparencyError::NotSigned)
    );
}

#[test]
fn a_checkpoint_has_one_text() {
    let root = Base64::encode_string(&[1; 32]);
    let good = format!("log\n12\n{root}\n");
    assert_eq!(Checkpoint::from_text(&good).unwrap().to_text(), good);
    for bad in [
        format!("log\n012\n{root}\n"),
        format!("log\n+12\n{root}\n"),
        format!("log\n-1\n{root}\n"),
        format!("log\n18446744073709551616\n{root}\n"),
        format!("log\n12 \n{root}\n"),
        format!("\n12\n{root}\n"),
        format!("log\n12\n{root}"),
        format!("log\n12\n{root}\nextension\n"),
        format!("log\n12\n{root}\n\n"),
        format!("log\n12\n{}\n", &root[..43]),
        format!("log\n12\n{}\n", Base64::encode_string(&[1; 31])),
        format!("log\n12\n{}\n", Base64::encode_string(&[1; 33])),
        "log\n12\n".to_owned(),
        String::new(),
    ] {
        assert!(Checkpoint::from_text(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn checkpoints_one_after_another_are_parted() {
    let (_, _, note, key) = a_log();
    let file = note.repeat(3);
    let (notes, rest) = split_checkpoints(file.as_bytes());
    assert_eq!((notes.len(), rest), (3, &b""[..]));
    for note in notes {
        Checkpoint::open(note, &key).unwrap();
    }
    for cut in 1..note.len() {
        let (notes, rest) = split_checkpoints(&file.as_bytes()[..file.len() - cut]);
        assert_eq!((notes.len(), rest.len()), (2, note.len() - cut));
    }
}

#[test]
fn a_proof_stands_alone() {
    let (leaves, _, note, key) = a_log();
    let proof = InclusionProof {
        index: 200,
        hashes: run(Prover::inclusion(200, 300).unwrap(), &leaves),
        checkpoint: note,
    };
    let text = proof.to_text();
    let read = InclusionProof::from_text(&text).unwrap();
    assert_eq!(read, proof);
    assert_eq!(read.verify(&leaves[200], &key).unwrap().size, 300);
    assert_eq!(
        read.verify(&leaves[201], &key),
        Err(TransparencyError::NotProven)
    );
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut changed = text.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let believed = String::from_utf8(changed)
                .ok()
                .and_then(|text| InclusionProof::from_text(&text).ok())
                .is_some_and(|proof| proof.verify(&leaves[200], &key).is_ok());
            assert!(!believed, "octet {at}");
        }
        assert!(
            text.get(..at)
                .is_none_or(|part| InclusionProof::from_text(part).is_err())
        );
    }
    let extra = text.replacen("index", "extra AAAA\nindex", 1);
    assert!(InclusionProof::from_text(&extra).is_err());
}
