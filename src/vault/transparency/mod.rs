//! What anybody can check without a key: RFC 6962 trees, C2SP signed notes and checkpoints.
