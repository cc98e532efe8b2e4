package dev.sluice.ledger;

/** An invariant does not hold; the message begins with its name. */
final class HuntViolation extends RuntimeException {

    private static final long serialVersionUID = 1L;

    HuntViolation(String message) {
        super(message);
    }

    String invariant() {
        return String.valueOf(getMessage()).split(" ", 2)[0];
    }
}
