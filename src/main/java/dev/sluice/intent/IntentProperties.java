package dev.sluice.intent;

import jakarta.validation.constraints.AssertTrue;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Where callers may put their objects.
 *
 * @param objectPrefix the folder of a caller's objects, a template of {@code {userId}} such as {@code users/{userId}/}:
 *     put before a filename that does not begin with it, required of a path. It must end with a slash: {@code {userId}}
 *     alone would let the user {@code a} into the folder of the user {@code ab}. Without {@code {userId}} it is one
 *     folder for all. Empty: no folder is required
 */
@ConfigurationProperties("sluice")
@Validated
record IntentProperties(@DefaultValue("") String objectPrefix) {

    @AssertTrue(
            message = "object-prefix must be empty or a path of storage's key characters and {userId} that ends with a"
                    + " slash, for example {userId}/ or users/{userId}/ (property sluice.object-prefix)")
    boolean isObjectPrefixValid() {
        return ObjectPrefix.isValid(objectPrefix);
    }
}
