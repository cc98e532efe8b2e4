package dev.sluice.supabase;

/** A failure that the circuit passes over; {@code application.yml} names this class. */
final class BackgroundFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Throwable failure;

    BackgroundFailure(Throwable failure) {
        super(failure.getMessage(), failure, false, false);
        this.failure = failure;
    }

    Throwable failure() {
        return failure;
    }
}
