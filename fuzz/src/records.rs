//! What a log of records, a proof or a verifier key may be handed in as.

use mediaseal::vault::{
    audit::AuditRecord,
    transparency::{
        Checkpoint, InclusionProof, SignedNote, Tree, VerifierKey, leaf_hash, split_checkpoints,
        verify_consistency, verify_inclusion,
    },
};

/// Any octets as the state of a tree, a verifier key, a note, a checkpoint, a proof, a line of the audit log. Whatever is read is written back as it
/// came, and nothing proves what it should not.
///
/// # Panics
/// If it is not so, or if a reader panics.
pub fn records(input: &[u8]) {
    if let Ok(mut tree) = Tree::from_bytes(input) {
        assert_eq!(tree.to_bytes(), input);
        let before = tree.root();
        tree.push(&leaf_hash(&[input]));
        assert_ne!(tree.root(), before);
    }
    let (notes, rest) = split_checkpoints(input);
    assert_eq!([&notes.concat(), rest].concat(), input);
    for note in notes.into_iter().chain([input]) {
        let Ok(parsed) = SignedNote::parse(note) else {
            continue;
        };
        assert!(parsed.verify(&[]).is_err());
        if let Ok(checkpoint) = Checkpoint::read_unverified(note) {
            let text = checkpoint.to_text();
            assert!(note.starts_with(text.as_bytes()));
            assert_eq!(Checkpoint::from_text(&text), Ok(checkpoint));
        }
    }
    if let Ok(record) = AuditRecord::from_line(input) {
        let line = record.to_line().expect("its own line");
        assert_eq!(line.as_bytes(), input);
    }
    proofs(input);
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
        assert!(Checkpoint::open(input, &key).is_err());
    }
    if let Ok(proof) = InclusionProof::from_text(text) {
        assert_eq!(proof.to_text(), text);
    }
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
}

/// Takes the input for sizes and hashes: nothing of it leads to a root that is no hash of it.
fn proofs(input: &[u8]) {
    let Some((sizes, hashes)) = input.split_first_chunk::<16>() else {
        return;
    };
    let [first, second] = [&sizes[..8], &sizes[8..]].map(|size| {
        let size = size.try_into().expect("8 octets");
        u64::from_be_bytes(size)
    });
    let (hashes, _) = hashes.as_chunks::<32>();
    let root = [0x5a; 32];
    let leaf = leaf_hash(&[input]);
    assert!(verify_inclusion(first, second, &leaf, hashes, &root).is_err());
    assert!(verify_consistency(first, second, hashes, &leaf, &root).is_err());
}
