"""What a caisse answers: the RSP (*Rejet, Signalement, Paiement*) as values and as NOEMIE bytes."""
