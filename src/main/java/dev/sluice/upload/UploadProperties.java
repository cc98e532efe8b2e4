package dev.sluice.upload;

import jakarta.validation.constraints.AssertTrue;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * Where uploads are proxied to. The route file takes the address from the property; here it is only checked.
 *
 * @param backend the address, {@code sluice.supabase.url} by default; a path in it is put before the route's
 */
@ConfigurationProperties("sluice.upload")
@Validated
record UploadProperties(@Nullable URI backend) {

    @AssertTrue(
            message = "backend must be an absolute http or https address, for example https://abc.supabase.co"
                    + " (property sluice.upload.backend, environment SLUICE_UPLOAD_BACKEND)")
    boolean isBackendValid() {
        return backend == null
                || backend.toString().isBlank()
                || (backend.getHost() != null
                        && ("http".equals(backend.getScheme()) || "https".equals(backend.getScheme())));
    }
}
