package dev.sluice.reconcile;

import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * When ledgers are compared with the database.
 *
 * @param interval from one comparison of the ledgers with the database to the next, over all instances; at least 1 s
 * @param driftWarning past which difference a user is reported, in percent of what the database says
 */
@ConfigurationProperties("sluice.reconcile")
@Validated
public record ReconcileProperties(
        @DefaultValue("5m") @DurationMin(seconds = 1, message = "must be at least 1s, for example 5m")
        Duration interval,

        @DefaultValue("10%")
        @Pattern(regexp = "\\d{1,6}(\\.\\d+)?\\s*%?", message = "must be a percentage, for example 10%")
        String driftWarning) {

    /** The same as a number: 10 for {@code 10%}. */
    double driftWarningPercent() {
        return Double.parseDouble(driftWarning.replace("%", "").trim());
    }
}
